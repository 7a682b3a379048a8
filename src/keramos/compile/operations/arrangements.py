"""Functions of keras.ops that are composed of others: splits, rotations, grids, products."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.lowering.record import Operation
from keramos.compile.lowering.spatial import known
from keramos.compile.onnx.sizes import expand, reshape, sizes
from keramos.compile.operations import indexing, joins, linalg, reductions, shapes
from keramos.compile.operations.elementwise import floor_divide
from keramos.compile.operations.values import as_float, axes_of, cast_to, floats, tensor, together

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.onnx.graph import Value
    from keramos.compile.operations.reductions import Axis
    from keramos.compile.operations.values import Operand


def array_split(
    s: LayerCall, x: Operand, indices_or_sections: int, *, axis: int = 0
) -> tuple[Value, ...]:
    """Split into parts of nearly equal size, the larger ones first."""
    value, count = tensor(s, x), indices_or_sections
    if not isinstance(count, int):
        raise s.unsupported("indices_or_sections", count, "a number of parts is")
    s.g.reserve_nodes(count)
    size, more = divmod(known(value.shape[axis], "values to split"), count)
    return s.g.ops(
        "Split", value, [size + (i < more) for i in range(count)], outputs=count, axis=axis
    )


def _split(axis: int) -> Callable[..., tuple[Value, ...]]:
    def build(s: LayerCall, x: Operand, indices_or_sections: int | list[int]) -> tuple[Value, ...]:
        value = tensor(s, x)
        return joins.split(s, value, indices_or_sections, axis=min(axis, value.rank - 1))

    return build


def dstack(s: LayerCall, xs: list[Operand]) -> Value:
    """Concatenate along the third axis."""
    wide: list[Operand] = []
    for x in xs:
        value = tensor(s, x)
        value = s.g.op("Unsqueeze", value, [0]) if value.rank == 1 else value
        wide.append(s.g.op("Unsqueeze", value, [2]) if value.rank == 2 else value)
    return joins.concatenate(s, wide, axis=2)


def rot90(s: LayerCall, array: Operand, *, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Value:
    """Rotate k times by 90 degrees, from the first axis towards the second."""
    value = tensor(s, array)
    first, second = axes_of(list(axes), value.rank)
    if k % 4 == 2:
        if value.shape[first] is None or value.shape[first] != value.shape[second]:
            raise s.unsupported("k", k, "Keras turns only squares by 180 degrees")
        return indexing.flip(s, value, axis=[first, second])
    if k % 4 == 1:
        return shapes.swapaxes(s, indexing.flip(s, value, axis=second), first, second)
    return (
        indexing.flip(s, shapes.swapaxes(s, value, first, second), axis=second) if k % 4 else value
    )


def meshgrid(s: LayerCall, *x: Operand, indexing: str = "xy") -> tuple[Value, ...]:
    """Repeat each vector of coordinates along the axes of the others."""
    rows = [reshape(s.g, tensor(s, item), -1) for item in x]
    axes = list(range(len(rows)))
    if indexing == "xy" and len(rows) > 1:
        axes[:2] = [1, 0]
    lengths = [sizes(row)[0] for row in rows]
    shape = [lengths[axes[i]] for i in range(len(rows))]
    wide = []
    for row, axis in zip(rows, axes, strict=True):
        others = [i for i in range(len(rows)) if i != axis]
        wide.append(expand(s.g, s.g.op("Unsqueeze", row, others) if others else row, *shape))
    return tuple(wide)


def kron(s: LayerCall, x1: Operand, x2: Operand) -> Value:
    """The Kronecker product."""
    a, b = together(s, x1, x2)
    rank = max(a.rank, b.rank)
    a, b = (
        s.g.op("Unsqueeze", x, list(range(rank - x.rank))) if x.rank < rank else x for x in (a, b)
    )
    left = s.g.op("Unsqueeze", a, [2 * i + 1 for i in range(rank)])
    right = s.g.op("Unsqueeze", b, [2 * i for i in range(rank)])
    pairs = [(m, n) for m, n in zip(a.shape, b.shape, strict=True)]
    shape = [-1 if m is None or n is None else m * n for m, n in pairs]
    if shape.count(-1) > 1:
        raise s.unsupported("x1", a.shape, "at most one free size is")
    return reshape(s.g, s.g.op("Mul", left, right), *shape)


def cross(
    s: LayerCall,
    x1: Operand,
    x2: Operand,
    *,
    axisa: int = -1,
    axisb: int = -1,
    axisc: int = -1,
    axis: int | None = None,
) -> Value:
    """The cross product of vectors of 3 numbers."""
    first, second, out = (axisa, axisb, axisc) if axis is None else (axis, axis, axis)
    a, b = together(s, x1, x2)
    a, b = shapes.moveaxis(s, a, first, -1), shapes.moveaxis(s, b, second, -1)
    if a.shape[-1] != 3 or b.shape[-1] != 3:
        raise s.unsupported("x1", a.shape, "vectors of 3 numbers are")
    turned = [(indexing.roll(s, v, -1, axis=-1), indexing.roll(s, v, -2, axis=-1)) for v in (a, b)]
    (a1, a2), (b1, b2) = turned
    y = s.g.op("Sub", s.g.op("Mul", a1, b2), s.g.op("Mul", a2, b1))
    return shapes.moveaxis(s, y, -1, out)


def average(
    s: LayerCall, x: Operand, weights: Operand | None = None, *, axis: Axis = None
) -> Value:
    """The mean, optionally weighted; a vector of weights belongs to the axis."""
    if weights is None:
        return reductions.mean(s, x, axis=axis)
    value, weight = floats(s, x, weights)
    if weight.rank != value.rank:
        if not isinstance(axis, int) or weight.rank != 1:
            raise s.unsupported(
                "weights", weight.shape, "one weight a value, or a row for one axis, are"
            )
        behind = value.rank - 1 - axis % value.rank
        weight = s.g.op("Unsqueeze", weight, [i + 1 for i in range(behind)]) if behind else weight
        total = reductions.sum_(s, weight)
    else:
        total = reductions.sum_(s, weight, axis=axis)
    return s.g.op("Div", reductions.sum_(s, s.g.op("Mul", value, weight), axis=axis), total)


def trapezoid(
    s: LayerCall, y: Operand, *, x: Operand | None = None, dx: float = 1.0, axis: int = -1
) -> Value:
    """The integral by the trapezoidal rule."""
    if x is not None:
        raise s.unsupported("x", x, "equal steps dx are")
    value = as_float(s, y)
    heights = s.g.op("Mul", s.g.op("Add", *indexing.neighbours(s, value, axis)), 0.5)
    return reductions.sum_(s, s.g.op("Mul", heights, float(dx)), axis=axis)


def unravel_index(s: LayerCall, indices: Operand, shape: list[int]) -> tuple[Value, ...]:
    """Flat indices as one index an axis."""
    value, found = tensor(s, indices), []
    for count in reversed(shape):
        found.append(s.g.op("Mod", value, count))
        value = floor_divide(s.g, *together(s, value, count))
    return tuple(reversed(found))


def scatter_update(
    s: LayerCall,
    inputs: Operand,
    indices: Operand,
    updates: Operand,
    *,
    reduction: str | None = None,
) -> Value:
    """X with the values at some indices replaced, or combined with the updates."""
    value, new = together(s, inputs, updates)
    return s.g.op(
        "ScatterND", value, cast_to(s.g, tensor(s, indices), "int64"), new, reduction=reduction
    )


def cdist(s: LayerCall, x: Operand, y: Operand) -> Value:
    """The distance between every row of x and every row of y."""
    a, b = floats(s, x, y)
    apart = s.g.op(
        "Sub", s.g.op("Unsqueeze", a, [a.rank - 1]), s.g.op("Unsqueeze", b, [b.rank - 2])
    )
    return s.g.op("ReduceL2", apart, [apart.rank - 1], keepdims=0)


def extract_sequences(
    s: LayerCall, x: Operand, sequence_length: int, sequence_stride: int
) -> Value:
    """Windows along the last axis; an incomplete last window is dropped."""
    value = tensor(s, x)
    count = (known(value.shape[-1], "steps") - sequence_length) // sequence_stride + 1
    s.g.reserve_constants("indices", max(count, 1), sequence_length)
    positions = np.arange(count)[:, None] * sequence_stride + np.arange(sequence_length)
    return s.g.op("Gather", value, positions.astype("int64"), axis=-1)


def rfft(s: LayerCall, x: Operand, *, fft_length: int | None = None) -> tuple[Value, Value]:
    """The real and imaginary parts of the Fourier transform along the last axis."""
    value = as_float(s, x)
    steps = known(value.shape[-1], "steps")
    length = fft_length or steps
    used = min(steps, length)
    value = s.g.op("Slice", value, [0], [used], [-1]) if used < steps else value
    s.g.reserve_constants("waves", 3, used, length // 2 + 1)
    angles = 2 * np.pi * np.outer(np.arange(used), np.arange(length // 2 + 1)) / length
    parts = (np.cos(angles), -np.sin(angles))
    real, imaginary = (linalg.matmul(s, value, s.g.const(part.astype("float32"))) for part in parts)
    return real, imaginary


OPERATIONS = {
    "ArraySplit": Operation(array_split),
    "Average": Operation(average),
    "CDist": Operation(cdist),
    "Cross": Operation(cross),
    "Dsplit": Operation(_split(2)),
    "Dstack": Operation(dstack),
    "ExtractSequences": Operation(extract_sequences),
    "Hsplit": Operation(_split(1)),
    "Kron": Operation(kron),
    "Meshgrid": Operation(meshgrid),
    "RFFT": Operation(rfft),
    "Rot90": Operation(rot90),
    "ScatterUpdate": Operation(scatter_update),
    "Trapezoid": Operation(trapezoid),
    "UnravelIndex": Operation(unravel_index),
    "Vsplit": Operation(_split(0)),
}
