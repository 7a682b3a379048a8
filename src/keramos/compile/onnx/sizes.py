"""Reshaping where sizes may be free: a size is a number, or an axis of a tensor looked up while
running.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.frozen import Frozen

if TYPE_CHECKING:
    from keramos.compile.onnx.graph import Graph, Value


class Free(Frozen, frozen=True):
    """The size of one axis of a tensor, known only while running."""

    x: Value
    axis: int


Size = int | Free


def size(x: Value, axis: int) -> Size:
    """The size of an axis: the number, where it is known."""
    axis %= x.rank
    known = x.shape[axis]
    return Free(x, axis) if known is None else known


def sizes(x: Value) -> list[Size]:
    """All sizes of a tensor."""
    return [size(x, axis) for axis in range(x.rank)]


def shape_tensor(g: Graph, wanted: list[Size]) -> Value:
    """Sizes as an int64 vector."""
    parts = [_part(g, item) for item in wanted]
    if all(part.const is not None for part in parts):
        return g.const(
            np.concatenate(
                [np.empty(0, "int64"), *(part.const for part in parts if part.const is not None)]
            )
        )
    return parts[0] if len(parts) == 1 else g.op("Concat", *parts, axis=0)


def _part(g: Graph, item: Size) -> Value:
    if isinstance(item, Free):
        return g.op("Shape", item.x, start=item.axis, end=item.axis + 1)
    return g.const(np.array([item], "int64"))


def reshape(g: Graph, x: Value, *wanted: Size) -> Value:
    """X in another shape; one number may be -1."""
    known: list[int | None] = [
        item if isinstance(item, int) and item >= 0 else None for item in wanted
    ]
    free = [i for i, item in enumerate(known) if item is None]
    if len(free) <= 1:
        target: Value | list[int] = [-1 if item is None else item for item in known]
    else:
        target = shape_tensor(g, list(wanted))
    return g.ops("Reshape", x, target, outputs=1, like=[(x.dtype, tuple(known))])[0]


def expand(g: Graph, x: Value, *wanted: Size) -> Value:
    """X repeated along axes of size 1 to the wanted sizes."""
    known = tuple(item if isinstance(item, int) else None for item in wanted)
    return g.ops("Expand", x, shape_tensor(g, list(wanted)), outputs=1, like=[(x.dtype, known)])[0]
