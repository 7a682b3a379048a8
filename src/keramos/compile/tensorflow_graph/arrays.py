"""Operations of shapes and indices, whose sizes a run may know."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.operations import indexing, tensorflow_arrays
from keramos.compile.operations.values import cast_to
from keramos.compile.tensorflow_graph.operands import Known, numpy_type
from keramos.errors import UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from keramos.compile.onnx.graph import Graph, Value
    from keramos.compile.tensorflow_graph.operands import NodeCall, Operand, Size

    Row = Callable[[NodeCall], tuple[Operand, ...]]

_MASKS = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")


def vector(g: Graph, sizes: Sequence[Size]) -> Value:
    """Sizes as a tensor of int64."""
    return Known(np.array(sizes, object), "int64").value(g)


def shape_list(sizes: Sequence[Size]) -> tuple[int | None, ...]:
    """Sizes as a shape: None where a run knows."""
    return tuple(one if isinstance(one, int) and one >= 0 else None for one in sizes)


def shape_of(g: Graph, x: Value) -> list[Size]:
    """The sizes of a tensor."""
    return [
        g.op("Shape", x, start=axis, end=axis + 1) if size is None else size
        for axis, size in enumerate(x.shape)
    ]


def _shape(n: NodeCall) -> tuple[Operand, ...]:
    dtype = numpy_type(n.attribute("out_type", "int32"))
    return tuple(Known(_objects(shape_of(n.g, n.value(i))), dtype) for i in range(len(n.operands)))


def _objects(sizes: Sequence[Size]) -> np.ndarray:
    if all(isinstance(one, int) for one in sizes):
        return np.array(sizes, "int64")
    found = np.empty(len(sizes), object)
    found[:] = sizes
    return found


def _rank(n: NodeCall) -> tuple[Operand, ...]:
    return (Known.of(np.array(n.value(0).rank, "int32")),)


def _size(n: NodeCall) -> tuple[Operand, ...]:
    x, dtype = n.value(0), numpy_type(n.attribute("out_type", "int32"))
    total = n.g.op("ReduceProd", vector(n.g, shape_of(n.g, x)), [0], keepdims=0)
    return (cast_to(n.g, total, dtype),)


def _reshape(n: NodeCall) -> tuple[Operand, ...]:
    g, x, sizes = n.g, n.value(0), n.sizes(1)
    if sizes is None:
        target = n.value(1)
        rank = target.shape[0]
        if rank is None:
            raise UnsupportedModelError("the number of axes must be known")
        free: tuple[int | None, ...] = (None,) * rank
        like = [(x.dtype, free)]
        return g.ops("Reshape", x, cast_to(g, target, "int64"), outputs=1, like=like, allowzero=1)
    known = [one if isinstance(one, int) else -1 for one in sizes]
    computed = sum(not isinstance(one, int) for one in sizes)
    if computed == 0 or (computed == 1 and -1 not in sizes):  # one -1 keeps the shape known
        return (_reshaped(g, x, known),)
    like = [(x.dtype, shape_list(sizes))]
    return g.ops("Reshape", x, vector(g, sizes), outputs=1, like=like, allowzero=1)


def _reshaped(g: Graph, x: Value, sizes: list[int]) -> Value:
    """TensorFlow's 0 is a size of 0, where ONNX copies a size."""
    if 0 in sizes:
        like = [(x.dtype, shape_list(sizes))]
        return g.ops("Reshape", x, sizes, outputs=1, like=like, allowzero=1)[0]
    return g.op("Reshape", x, sizes)


def _fill(n: NodeCall) -> tuple[Operand, ...]:
    return (_broadcast(n.g, n.value(1), n.sizes(0), lambda: n.value(0)),)


def _broadcast_to(n: NodeCall) -> tuple[Operand, ...]:
    return (_broadcast(n.g, n.value(0), n.sizes(1), lambda: n.value(1)),)


def _broadcast(g: Graph, x: Value, sizes: list[Size] | None, target: Callable[[], Value]) -> Value:
    if sizes is None:
        shape = cast_to(g, target(), "int64")
        rank = shape.shape[0]
        if rank is None:
            raise UnsupportedModelError("the number of axes must be known")
        return g.ops("Expand", x, shape, outputs=1, like=[(x.dtype, (None,) * rank)])[0]
    like = [(x.dtype, shape_list(sizes))]
    return g.ops("Expand", x, vector(g, sizes), outputs=1, like=like)[0]


def _tile(n: NodeCall) -> tuple[Operand, ...]:
    g, x, sizes = n.g, n.value(0), n.sizes(1)
    repeats = cast_to(g, n.value(1), "int64") if sizes is None else vector(g, sizes)
    known = (None,) * x.rank if sizes is None else shape_list(sizes)
    shape = tuple(
        None if size is None or times is None else size * times
        for size, times in zip(x.shape, known, strict=True)
    )
    return g.ops("Tile", x, repeats, outputs=1, like=[(x.dtype, shape)])


def _range(n: NodeCall) -> tuple[Operand, ...]:
    bounds = [one.item() for i in range(3) if (one := n.maybe_known(i)) is not None]
    length: int | None = None
    if len(bounds) == 3:
        start, stop, step = bounds
        length = max(0, int(np.ceil((stop - start) / step)))
        n.g.reserve_constants("a range", length)
    parts = [n.g.op("Reshape", n.value(i), np.empty(0, "int64")) for i in range(3)]
    return n.g.ops("Range", *parts, outputs=1, like=[(parts[0].dtype, (length,))])


def _gather(n: NodeCall) -> tuple[Operand, ...]:
    """Rows of a table; places outside it fail, as they do in TensorFlow on a processor."""
    rows = n.integer("batch_dims", 0)
    axis = n.ints(2, "the axis")[0] if len(n.operands) > 2 else 0
    if rows:
        return (tensorflow_arrays.gather(n.s, n.value(0), n.value(1), axis=axis, batch_dims=rows),)
    return (n.g.op("Gather", n.value(0), cast_to(n.g, n.value(1), "int64"), axis=axis),)


def _same(n: NodeCall) -> tuple[Operand, ...]:
    return (n.operand(0),)


def _slice(n: NodeCall) -> tuple[Operand, ...]:
    g, x, begin, size = n.g, n.value(0), n.sizes(1), n.sizes(2)
    if begin is None or size is None:
        return (_slice_of_tensors(n, x),)
    ends: list[Size] = [_end(g, start, count) for start, count in zip(begin, size, strict=True)]
    known = [
        one if isinstance(one, int) and one >= 0 else _rest(x.shape[i], begin[i], one)
        for i, one in enumerate(size)
    ]
    axes = list(range(x.rank))
    like = [(x.dtype, tuple(known))]
    return g.ops("Slice", x, vector(g, begin), vector(g, ends), axes, outputs=1, like=like)


def _rest(total: int | None, start: Size, count: Size) -> int | None:
    """The size of what a slice to the end leaves."""
    if count != -1 or total is None or not isinstance(start, int):
        return None
    return total - start


def _end(g: Graph, start: Size, count: Size) -> Size:
    if isinstance(count, int) and count == -1:
        return indexing.END
    if isinstance(start, int) and isinstance(count, int):
        return start + count
    return g.op("Add", vector(g, [start]), vector(g, [count]))


def _slice_of_tensors(n: NodeCall, x: Value) -> Value:
    g = n.g
    begin, size = (cast_to(g, n.value(i), "int64") for i in (1, 2))
    ends = g.op("Where", g.op("Equal", size, -1), np.int64(indexing.END), g.op("Add", begin, size))
    like = [(x.dtype, (None,) * x.rank)]
    return g.ops("Slice", x, begin, ends, list(range(x.rank)), outputs=1, like=like)[0]


def _strided_slice(n: NodeCall) -> tuple[Operand, ...]:
    x, begin, end, strides = n.value(0), n.sizes(1), n.sizes(2), n.ints(3, "strides")
    masks = {name: n.integer(name, 0) for name in _MASKS}
    if begin is None:
        begin = _elements(n, 1)
    if end is None:
        end = _elements(n, 2)
    first, last = ([one for one in part if isinstance(one, int)] for part in (begin, end))
    if len(first) + len(last) == len(begin) + len(end):
        return (tensorflow_arrays.strided_slice(n.s, x, first, last, strides, **masks),)
    return (_dynamic_slice(n, x, list(zip(begin, end, strides, strict=True)), masks),)


def _elements(n: NodeCall, index: int) -> list[Size]:
    """The numbers of a vector that a run computes, one tensor each."""
    x = cast_to(n.g, n.value(index), "int64")
    if x.rank != 1 or x.shape[0] is None:
        raise UnsupportedModelError("the number of axes of a slice must be known")
    return [n.g.op("Slice", x, [i], [i + 1], [0]) for i in range(x.shape[0])]


def _dynamic_slice(
    n: NodeCall, x: Value, cuts: list[tuple[Size, Size, int]], masks: Mapping[str, int]
) -> Value:
    """A slice with bounds that a run computes."""
    g, axis = n.g, 0
    starts: list[Size] = []
    ends: list[Size] = []
    axes, steps, dropped, new, shape = [], [], [], [], list(x.shape)
    kept = 0
    specs = sum(1 for i in range(len(cuts)) if not masks["new_axis_mask"] >> i & 1)
    for i, (start, end, step) in enumerate(cuts):
        flags = {name for name, mask in masks.items() if mask >> i & 1}
        if "ellipsis_mask" in flags:
            skipped = x.rank - specs + 1
            axis, kept = axis + skipped, kept + skipped
            continue
        if "new_axis_mask" in flags:
            new.append(kept)
            kept += 1
            continue
        if "shrink_axis_mask" in flags:
            dropped.append(axis)
        else:
            kept += 1
        first, last, by = _bounds(g, flags, start, end, step)
        if (first, last, by) != (0, indexing.END, 1):
            starts.append(first)
            ends.append(last)
            axes.append(axis)
            steps.append(by)
            shape[axis] = 1 if axis in dropped else _known_size(shape[axis], first, last, by)
        axis += 1
    like = [(x.dtype, tuple(shape))]
    y = g.ops("Slice", x, vector(g, starts), vector(g, ends), axes, steps, outputs=1, like=like)[0]
    y = g.op("Squeeze", y, dropped) if dropped else y
    return g.op("Unsqueeze", y, new) if new else y


def _bounds(g: Graph, flags: set[str], start: Size, end: Size, step: int) -> tuple[Size, Size, int]:
    if "shrink_axis_mask" in flags:
        # A run may compute -1, the last place, whose end is no 0.
        last = indexing.END if isinstance(start, int) and start == -1 else _behind(g, start)
        return start, last, 1
    first, beyond = (0, indexing.END) if step > 0 else (-1, -indexing.END)
    return (
        first if "begin_mask" in flags else start,
        beyond if "end_mask" in flags else end,
        step,
    )


def _behind(g: Graph, place: Size) -> Size:
    if isinstance(place, int):
        return place + 1
    return g.op("Where", g.op("Equal", place, -1), np.int64(indexing.END), g.op("Add", place, 1))


def _known_size(total: int | None, start: Size, end: Size, step: int) -> int | None:
    if total is None or not isinstance(start, int) or not isinstance(end, int):
        return None
    last = None if step < 0 and end < -total else end
    return len(range(*slice(start, last, step).indices(total)))


def _unfed(_: NodeCall) -> tuple[Operand, ...]:
    raise UnsupportedModelError("the signature feeds no value to this placeholder")


ROWS: Mapping[str, Row] = {
    "BroadcastTo": _broadcast_to,
    "EnsureShape": _same,
    "Fill": _fill,
    "Gather": _gather,
    "GatherV2": _gather,
    "Placeholder": _unfed,
    "PlaceholderV2": _unfed,
    "PlaceholderWithDefault": _same,
    "Range": _range,
    "Rank": _rank,
    "ReadVariableOp": _same,
    "Reshape": _reshape,
    "ResourceGather": _gather,
    "Shape": _shape,
    "ShapeN": _shape,
    "Size": _size,
    "Slice": _slice,
    "StridedSlice": _strided_slice,
    "Tile": _tile,
}
"""Operation -> what compiles it."""
