"""Rows for ONNX operators that arrange, pick and multiply arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.saved_model.graph_def import Type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.compile.keras_writer import Node
    from keramos.compile.saved_model.graph_def import Edge
    from keramos.compile.saved_model.writer import Row, Writer


def _shape(w: Writer, n: Node) -> Edge:
    rank = n.value(0).rank
    start, end = n.number("start"), n.number("end", rank)
    whole = w.shape(w.input(n, 0))
    if (start, end) == (0, rank):
        return whole
    return w.part(whole, start % (rank + 1), end % (rank + 1))


def _reshape(w: Writer, n: Node) -> Edge:
    sizes = n.outputs[0].shape
    if sum(size is None for size in sizes) <= 1:
        known = [-1 if size is None else size for size in sizes]
        return w.reshape(w.input(n, 0), w.g.ints(*known, dtype="int64"))
    wanted = n.value(1)
    if wanted.const is not None and 0 in wanted.const:
        raise n.refused("to a shape with several free sizes")
    return w.reshape(w.input(n, 0), w.edge(wanted))


def _flatten(w: Writer, n: Node) -> Edge:
    x, axis = w.input(n, 0), n.number("axis", 1)
    known = [-1 if size is None else size for size in n.outputs[0].shape]
    if known.count(-1) <= 1:
        return w.reshape(x, w.g.ints(*known, dtype="int64"))
    if axis != 1:
        raise n.refused("with several free sizes")
    return w.reshape(x, w.concat([w.size(x, 0), w.g.ints(-1)], 0))


def _expand(w: Writer, n: Node) -> Edge:
    """ONNX lets both sides grow; TensorFlow lets only one."""
    (x, sizes), wanted = w.inputs(n), n.value(1).const
    target = n.outputs[0].shape if wanted is None else wanted.tolist()
    old = n.value(0).shape
    grows = zip(old, target[len(target) - len(old) :], strict=False)
    if len(old) > len(target) or any(size is None or size not in (1, new) for size, new in grows):
        sizes = w.g.op("BroadcastArgs", w.shape(x), sizes, dtype="int64", T=Type("int64"))
    return w.g.op("BroadcastTo", x, sizes, T=Type(x.dtype), Tidx=Type("int64"))


def _tile(w: Writer, n: Node) -> Edge:
    x, times = w.inputs(n)
    return w.g.op("Tile", x, times, T=Type(x.dtype), Tmultiples=Type(times.dtype))


def _transpose(w: Writer, n: Node) -> Edge:
    order = n.attributes.get("perm") or range(n.value(0).rank)[::-1]
    return w.g.transpose(w.input(n, 0), list(order))  # type: ignore[call-overload] # whole numbers


def _unsqueeze(w: Writer, n: Node) -> Edge:
    found = w.input(n, 0)
    for axis in sorted(axis % n.outputs[0].rank for axis in n.numbers(1) or ()):
        found = w.expand(found, axis)
    return found


def _squeeze(w: Writer, n: Node) -> Edge:
    axes = n.numbers(1)
    rank = n.value(0).rank
    return w.squeeze(w.input(n, 0), [axis % rank for axis in axes or ()])


def _concat(w: Writer, n: Node) -> Edge:
    return w.concat(w.inputs(n), n.number("axis") % n.value(0).rank)


def _split(w: Writer, n: Node) -> Sequence[Edge]:
    x, axis = w.input(n, 0), n.number("axis") % n.value(0).rank
    sizes = [value.shape[axis] for value in n.outputs]
    if None in sizes:
        raise n.refused("of an axis whose size is free")
    lengths = w.g.const(np.array(sizes, "int64"))
    types = {"T": Type(x.dtype), "Tlen": Type("int64"), "num_split": len(sizes)}
    inputs = (x, lengths, w.g.scalar(axis, "int32"))
    return w.g.ops("SplitV", inputs, [x.dtype] * len(sizes), types)


def _slice(w: Writer, n: Node) -> Edge:
    x, rank = w.input(n, 0), n.value(0).rank
    count = n.value(1).shape[0] or 0
    axes = n.numbers(3) if len(n.inputs) > 3 else None
    steps = n.numbers(4) if len(n.inputs) > 4 else None
    at = [axis % rank for axis in axes] if axes else list(range(count))
    begin, end = (_by_axis(w, n, place, at, rank) for place in (1, 2))
    strides = [1] * rank
    for axis, step in zip(at, steps or [1] * count, strict=True):
        strides[axis] = step
    mask = sum(1 << axis for axis in range(rank) if axis not in at)
    return w.slice(x, begin, end, w.g.ints(*strides, dtype="int64"), mask, mask)


def _by_axis(w: Writer, n: Node, place: int, at: Sequence[int], rank: int) -> Edge:
    """Bounds of a slice for every axis."""
    given = n.value(place)
    if given.const is not None:
        known = dict(zip(at, given.const.ravel().tolist(), strict=True))
        return w.g.ints(*(known.get(axis, 0) for axis in range(rank)), dtype="int64")
    bounds = w.edge(given)
    parts = [w.g.ints(0, dtype=bounds.dtype)] * rank
    for number, axis in enumerate(at):
        parts[axis] = w.part(bounds, number, number + 1)
    return w.cast(w.concat(parts, 0), "int64")


def _gather(w: Writer, n: Node) -> Edge:
    axis, places = n.number("axis") % n.value(0).rank, n.value(1)
    if places.const is None:
        return w.gather(w.input(n, 0), w.input(n, 1), axis)
    size, known = n.value(0).shape[axis], places.const.astype("int64")
    if (known < 0).any() and size is None:
        raise n.refused("from the end of an axis whose size is free")
    known = np.where(known < 0, known + (size or 0), known)
    return w.gather(w.input(n, 0), w.g.const(known), axis)


def _gather_elements(w: Writer, n: Node) -> Edge:
    rank = n.value(0).rank
    axis = n.number("axis") % rank
    others = [[*v.shape[:axis], *v.shape[axis + 1 :]] for v in (n.value(0), n.value(1))]
    if others[0] != others[1]:
        raise n.refused("of fewer rows than there are")
    order = [*range(axis), *range(axis + 1, rank), axis]
    x, places = (w.g.transpose(edge, order) for edge in w.inputs(n))
    y = w.gather(x, places, rank - 1, rank - 1)
    return w.g.transpose(y, sorted(range(rank), key=order.__getitem__))


def _gather_nd(w: Writer, n: Node) -> Edge:
    x, places = w.inputs(n)
    batch = n.number("batch_dims")
    if n.value(1).shape[-1] == 1:
        return w.gather(x, w.squeeze(places, [n.value(1).rank - 1]), batch, batch)
    if batch:
        raise n.refused("of several axes in each row")
    types = {"Tparams": Type(x.dtype), "Tindices": Type(places.dtype)}
    return w.g.op("GatherNd", x, places, **types)


def _one_hot(w: Writer, n: Node) -> Edge:
    """ONNX counts negative places from the end."""
    places, depth, values = w.inputs(n)
    places = w.cast(places, "int64")
    size = w.reshape(w.cast(depth, "int64"), w.g.const(np.zeros(0, "int32")))
    negative = w.binary("Less", places, w.number(places, 0), "bool")
    places = w.select(negative, w.binary("AddV2", places, size), places)
    off, on = (w.gather(values, w.g.scalar(i, "int32"), 0) for i in (0, 1))
    types = {"T": Type(values.dtype), "TI": Type("int64"), "axis": n.number("axis", -1)}
    inputs = (places, w.cast(size, "int32"), on, off)
    return w.g.op("OneHot", *inputs, dtype=values.dtype, **types)


def _top_k(w: Writer, n: Node) -> Sequence[Edge]:
    x, rank = w.input(n, 0), n.value(0).rank
    axis = n.number("axis", -1) % rank
    count = w.cast(w.reshape(w.input(n, 1), w.g.const(np.zeros(0, "int32"))), "int32")
    if not n.number("largest", 1):
        raise n.refused("of the smallest")
    order = [*range(axis), *range(axis + 1, rank), axis]
    types = {"T": Type(x.dtype), "Tk": Type("int32"), "index_type": Type("int32"), "sorted": True}
    dtypes = [x.dtype, "int32"]
    values, places = w.g.ops("TopKV2", (w.g.transpose(x, order), count), dtypes, types)
    back = sorted(range(rank), key=order.__getitem__)
    return w.g.transpose(values, back), w.g.transpose(w.cast(places, "int64"), back)


def _cumulated(w: Writer, n: Node) -> Edge:
    x, axis = w.inputs(n)
    flags = {key: bool(n.number(key)) for key in ("exclusive", "reverse")}
    known = n.numbers(1)
    axis = w.g.scalar(known[0], "int32") if known else axis
    return w.g.op("Cumsum", x, axis, T=Type(x.dtype), Tidx=Type(axis.dtype), **flags)


def _triangle(w: Writer, n: Node) -> Edge:
    x, shift = w.input(n, 0), (n.numbers(1) or [0])[0] if len(n.inputs) > 1 else 0

    def band(lower: int, upper: int) -> Edge:
        bounds = (w.g.scalar(bound, "int64") for bound in (lower, upper))
        return w.g.op("MatrixBandPart", x, *bounds, T=Type(x.dtype), Tindex=Type("int64"))

    if n.number("upper", 1):
        inside = shift <= 0
        return band(-shift, -1) if inside else w.binary("Sub", x, band(-1, shift - 1))
    return band(-1, shift) if shift >= 0 else w.binary("Sub", x, band(-shift - 1, -1))


def _range(w: Writer, n: Node) -> Edge:
    scalar = w.g.const(np.zeros(0, "int32"))
    bounds = [w.reshape(edge, scalar) for edge in w.inputs(n)]
    return w.g.op("Range", *bounds, Tidx=Type(bounds[0].dtype))


def _matmul(w: Writer, n: Node) -> Edge:
    x, y = w.inputs(n)
    ranks = n.value(0).rank, n.value(1).rank
    if ranks == (2, 2):
        flags = {"transpose_a": False, "transpose_b": False}
        return w.g.op("MatMul", x, y, T=Type(x.dtype), **flags)
    x = w.expand(x, 0) if ranks[0] == 1 else x
    y = w.expand(y, -1) if ranks[1] == 1 else y
    z = w.g.op("BatchMatMulV2", x, y, T=Type(x.dtype), adj_x=False, adj_y=False)
    lost = [axis for axis, rank in zip((-2, -1), ranks, strict=True) if rank == 1]
    return w.squeeze(z, lost) if lost else z


def _einsum(w: Writer, n: Node) -> Edge:
    parts = w.inputs(n)
    equation = str(n.attributes["equation"]).replace(" ", "")
    return w.g.op("Einsum", *parts, N=len(parts), T=Type(parts[0].dtype), equation=equation)


ARRAYS: dict[str, Row] = {
    "Concat": _concat,
    "CumSum": _cumulated,
    "Einsum": _einsum,
    "Expand": _expand,
    "Flatten": _flatten,
    "Gather": _gather,
    "GatherElements": _gather_elements,
    "GatherND": _gather_nd,
    "MatMul": _matmul,
    "OneHot": _one_hot,
    "Range": _range,
    "Reshape": _reshape,
    "Shape": _shape,
    "Slice": _slice,
    "Split": _split,
    "Squeeze": _squeeze,
    "Tile": _tile,
    "TopK": _top_k,
    "Transpose": _transpose,
    "Trilu": _triangle,
    "Unsqueeze": _unsqueeze,
}
