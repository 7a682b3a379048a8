"""Functions of keras.ops that join, split and repeat tensors."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.lowering.record import Operation
from keramos.compile.lowering.spatial import known
from keramos.compile.onnx.sizes import reshape, sizes
from keramos.compile.operations.shapes import expand_dims
from keramos.compile.operations.values import tensor, together

if TYPE_CHECKING:
    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.onnx.graph import Value
    from keramos.compile.onnx.sizes import Size
    from keramos.compile.operations.values import Operand


def _listed(s: LayerCall, xs: object) -> list[Value]:
    return together(s, *(xs if isinstance(xs, list | tuple) else [xs]))


def concatenate(s: LayerCall, xs: list[Operand], *, axis: int | None = 0) -> Value:
    """Concatenate along an axis; None flattens the tensors first."""
    values = _listed(s, xs)
    if axis is None:
        values, axis = [reshape(s.g, value, -1) for value in values], 0
    return s.g.op("Concat", *values, axis=axis)


def stack(s: LayerCall, x: list[Operand], *, axis: int = 0) -> Value:
    """Stack along a new axis."""
    values = _listed(s, x)
    at = axis % (values[0].rank + 1)
    return s.g.op("Concat", *(s.g.op("Unsqueeze", value, [at]) for value in values), axis=at)


def vstack(s: LayerCall, xs: list[Operand]) -> Value:
    """Concatenate along the first axis."""
    return concatenate(
        s,
        [value if value.rank > 1 else expand_dims(s, value, 0) for value in _listed(s, xs)],
        axis=0,
    )


def hstack(s: LayerCall, xs: list[Operand]) -> Value:
    """Concatenate along the second axis, or the only one."""
    values = _listed(s, xs)
    return concatenate(s, list(values), axis=0 if values[0].rank == 1 else 1)


def append(s: LayerCall, x1: Operand, x2: Operand, *, axis: int | None = None) -> Value:
    """Concatenate two tensors."""
    return concatenate(s, [x1, x2], axis=axis)


def split(
    s: LayerCall, x: Operand, indices_or_sections: int | list[int], *, axis: int = 0
) -> tuple[Value, ...]:
    """Split into equal parts, or at given indices."""
    value = tensor(s, x)
    total = known(value.shape[axis], "values to split")
    if isinstance(indices_or_sections, int):
        s.g.reserve_nodes(indices_or_sections)
        if total % indices_or_sections:
            raise s.unsupported(
                "indices_or_sections",
                indices_or_sections,
                f"{total} values cannot be split into so many equal parts",
            )
        parts = [total // indices_or_sections] * indices_or_sections
    else:
        edges = [0, *indices_or_sections, total]
        parts = [end - start for start, end in pairwise(edges)]
    return s.g.ops("Split", value, parts, outputs=len(parts), axis=axis)


def unstack(
    s: LayerCall, x: Operand, *, num: int | None = None, axis: int = 0
) -> tuple[Value, ...]:
    """Split an axis into one tensor for each index."""
    value = tensor(s, x)
    count = num or known(value.shape[axis], "values to unstack")
    s.g.reserve_nodes(count)
    parts = s.g.ops("Split", value, [1] * count, outputs=count, axis=axis)
    return tuple(s.g.op("Squeeze", part, [axis % value.rank]) for part in parts)


def tile(s: LayerCall, x: Operand, repeats: int | list[int]) -> Value:
    """Repeat the whole tensor along each axis."""
    value = tensor(s, x)
    listed = [repeats] if isinstance(repeats, int) else list(repeats)
    more = [1] * (value.rank - len(listed))
    if len(listed) > value.rank:
        value = s.g.op("Unsqueeze", value, list(range(len(listed) - value.rank)))
    return s.g.op("Tile", value, [*more, *listed])


def repeat(s: LayerCall, x: Operand, repeats: int | list[int], *, axis: int | None = None) -> Value:
    """Repeat every value along an axis; None flattens the tensor first."""
    value = tensor(s, x)
    if axis is None:
        value, axis = reshape(s.g, value, -1), 0
    axis %= value.rank
    if isinstance(repeats, list):
        s.g.reserve_constants("indices", sum(repeats))
        return s.g.op("Gather", value, np.repeat(np.arange(len(repeats)), repeats), axis=axis)
    wide = s.g.op(
        "Tile",
        s.g.op("Unsqueeze", value, [axis + 1]),
        [1] * (axis + 1) + [repeats] + [1] * (value.rank - axis - 1),
    )
    here = value.shape[axis]
    shape: list[Size] = sizes(value)
    shape[axis] = -1 if here is None else here * repeats
    return reshape(s.g, wide, *shape)


OPERATIONS = {
    "Append": Operation(append),
    "Concatenate": Operation(concatenate),
    "Hstack": Operation(hstack),
    "Repeat": Operation(repeat),
    "Split": Operation(split),
    "Stack": Operation(stack),
    "Tile": Operation(tile),
    "Unstack": Operation(unstack),
    "Vstack": Operation(vstack),
}
