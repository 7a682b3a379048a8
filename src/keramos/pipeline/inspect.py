"""What a model file holds, without running it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from keramos.artifact.read import read
from keramos.compile.emit import faults

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from keramos.types.artifact import Artifact
    from keramos.types.network import Layer, Network


@dataclass(frozen=True, slots=True)
class LayerRow:
    """One layer: its place (nested ones have a path), class, shapes of its weights, and how many numbers they hold."""

    name: str
    kind: str
    weights: tuple[tuple[int, ...], ...]
    parameters: int


@dataclass(frozen=True, slots=True, eq=False)
class Inspection:
    """What a file holds. ``unsupported`` names everything that keeps it from running; empty when it runs."""

    artifact: Artifact
    layers: tuple[LayerRow, ...]
    unsupported: tuple[str, ...]

    @property
    def parameters(self) -> int:
        """Numbers in all weights."""
        return sum(layer.parameters for layer in self.layers)


def inspect(path: str | Path) -> Inspection:
    """Read a model file and describe it.

    Raises:
        ModelError: it cannot be read.
    """
    artifact = read(path)
    rows = tuple(_network_rows(artifact.network, ""))
    return Inspection(artifact, rows, tuple(faults(artifact.network)))


def _network_rows(network: Network, prefix: str) -> Iterator[LayerRow]:
    for layer in network.layers.values():
        yield from _rows(layer, prefix)


def _rows(layer: Layer, prefix: str) -> Iterator[LayerRow]:
    name = prefix + layer.name
    shapes = tuple(tuple(weight.shape) for weight in layer.weights)
    kind = layer.kind
    if layer.network is not None:
        kind = "Sequential" if layer.network.sequential else "Functional"
    yield LayerRow(name, kind, shapes, sum(int(weight.size) for weight in layer.weights))
    if layer.network is not None:
        yield from _network_rows(layer.network, f"{name}/")
    for inner in layer.inner:
        yield from _rows(inner, f"{name}/")
