"""Arrays as files state them, without their values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keramos.types.artifact import FileInfo
    from keramos.types.network import TensorSpec


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """An array as a file states it; ``bytes`` are those of its values in memory. ``quantised`` says
    how its whole numbers stand for others, "" where they are what they are.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    bytes: int
    quantised: str = ""


@dataclass(frozen=True, slots=True)
class LayerRow:
    """One layer: its place (nested ones have a path), class, shapes of its weights, and how many
    numbers they hold.

    ``output`` is the shape of what it gives, for layers of a model that runs.
    """

    name: str
    kind: str
    weights: tuple[tuple[int, ...], ...]
    parameters: int
    output: tuple[int | None, ...] | None = None


@dataclass(frozen=True, slots=True)
class Outline:
    """What a file that does not run computes: its operators in order, its inputs and outputs."""

    layers: tuple[LayerRow, ...] = ()
    inputs: tuple[TensorSpec, ...] = ()
    outputs: tuple[TensorSpec, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that is not a model that runs, and ``reason`` why it is not: its arrays, and what it
    computes where it says so.
    """

    info: FileInfo
    tensors: tuple[StoredTensor, ...]
    reason: str
    outline: Outline = Outline()
