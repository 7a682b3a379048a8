"""Weights by the names of their layers and roles, or by number, in files without an order of their
own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from keramos.artifact.containers.container import LeafWeights
from keramos.artifact.containers.named_weights import layers_below, leaves_of
from keramos.errors import MismatchError
from keramos.keras_layers.registry import spec_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from keramos.types.network import Layer, Network

    Path = tuple[str, ...]

_NUMBERED = re.compile(r"arr_(\d+)")
"""What NumPy calls arrays that are given without names."""


class _Expected(NamedTuple):
    """A weight that a layer has: its role, the words of the layers inside that own it."""

    role: str
    words: tuple[str, ...]
    trained: bool


def leaves_by_role(network: Network, names: Sequence[str]) -> dict[Path, LeafWeights]:
    """The weights of each layer by their names: ``layer/kernel``, ``layer.kernel``,
    ``layer/kernel:0``, ``layer/0``; or ``arr_0``, ``arr_1`` ... in the order of ``get_weights()``.

    Raises:
        MismatchError: a name begins with that of no layer, or the names do not tell the roles.
    """
    layers = dict(layers_below(network, ()))
    if names and all(map(_NUMBERED.fullmatch, names)):
        return _in_order(layers, sorted(names, key=lambda name: int(name[4:])))
    found = leaves_of(network, {name: _slashed(name) for name in names})
    return {
        path: LeafWeights(_ordered(layers[path], leaf.weights, path))
        for path, leaf in found.items()
    }


def _slashed(name: str) -> str:
    plain = re.sub(r":\d+$", "", name)
    return plain if "/" in plain else plain.replace(".", "/")


def _expected(layer: Layer, words: tuple[str, ...] = ()) -> Iterator[_Expected]:
    spec = spec_of(layer.kind)
    for weight in spec.weights_of(layer.config, layer.legacy.weight_layout) if spec else ():
        yield _Expected(weight.name, words, weight.trained)
    for place, part in enumerate(layer.inner):
        own = ("forward", "backward")[place] if layer.kind == "Bidirectional" else part.name
        yield from _expected(part, (*words, own) if len(layer.inner) > 1 else words)
        if part.network is not None:
            for path, below in layers_below(part.network, ()):
                yield from _expected(below, (*words, *path))


def _in_keras_order(layer: Layer) -> list[_Expected]:
    """Trainable weights first, as ``layer.weights`` lists them."""
    return sorted(_expected(layer), key=lambda one: not one.trained)


def _in_order(layers: dict[Path, Layer], names: Sequence[str]) -> dict[Path, LeafWeights]:
    """Weights by number, each layer's after those of the layers before it."""
    left, found = list(names), {}
    for path, layer in layers.items():
        roles = [one.role for one in _in_keras_order(layer)]
        taken, left = left[: len(roles)], left[len(roles) :]
        found[path] = LeafWeights(tuple(zip(taken, roles, strict=False)))
    if left:
        raise MismatchError(
            f"the layers of the config have {len(names) - len(left)} weights",
            received=f"{len(names)} arrays",
        )
    return found


def _ordered(
    layer: Layer, weights: Sequence[tuple[str, str]], path: Path
) -> tuple[tuple[str, str], ...]:
    """A layer's weights in Keras' order, told by their roles or numbers."""
    lasts = [name.rpartition("/")[2] for _, name in weights]
    if lasts and all(last.isdecimal() for last in lasts):
        return tuple(sorted(weights, key=lambda one: int(one[1].rpartition("/")[2])))
    left, ordered = list(weights), []
    for one in _in_keras_order(layer):
        fitting = [pair for pair in left if f"/{pair[1]}".endswith(f"/{one.role}")] or [
            pair for pair in left if pair[1].replace("/", "_").endswith(f"_{one.role}")
        ]
        told = [pair for pair in fitting if all(word in pair[1] for word in one.words)] or fitting
        if not told:
            continue
        if len(told) > 1:
            raise _unclear(path, [name for _, name in told])
        ordered.append(told[0])
        left.remove(told[0])
    if left:
        raise _unclear(path, [name for _, name in left])
    return tuple(ordered)


def _unclear(path: Path, names: Sequence[str]) -> MismatchError:
    return MismatchError(
        "the names of the weights do not tell which weight of the layer each is",
        received=", ".join(names[:4])[:200],
        layer="/".join(path),
        remedy="Name them as Keras does: layer/kernel, layer/bias",
    )
