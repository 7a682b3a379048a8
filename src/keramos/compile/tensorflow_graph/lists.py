"""Lists of tensors (TensorList) as one tensor with an axis more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.operations.values import cast_to
from keramos.compile.tensorflow_graph.arrays import shape_list, shape_of, vector
from keramos.compile.tensorflow_graph.operands import Known, TensorList, numpy_type
from keramos.errors import MismatchError, UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keramos.compile.onnx.graph import Graph, Value
    from keramos.compile.tensorflow_graph.operands import NodeCall, Operand, Size

    Row = Callable[[NodeCall], tuple[Operand, ...]]


def as_stacked(g: Graph, item: TensorList) -> Value:
    """A list as one tensor; a size that is not stated yet is 1 until an item is set."""
    if item.stacked is not None:
        return item.stacked
    if item.element is None or item.count is None:
        raise UnsupportedModelError("the shape of the tensors of a list must be stated")
    count: list[Size] = (
        [one if not isinstance(one, np.generic) else one.item() for one in item.count.array.ravel()]
        if isinstance(item.count, Known)
        else [g.op("Reshape", cast_to(g, item.count, "int64"), [1])]
    )
    sizes: list[Size] = [*count, *(1 if one is None else one for one in item.element)]
    return _zeros(g, item.dtype, sizes)


def _list(n: NodeCall) -> TensorList:
    item = n.operand(0)
    if not isinstance(item, TensorList):
        raise MismatchError("a list of tensors is needed")
    return item


def _from_tensor(n: NodeCall) -> tuple[Operand, ...]:
    x = n.value(0)
    return (TensorList(x.dtype, x),)


def _reserve(n: NodeCall) -> tuple[Operand, ...]:
    count = n.operand(1)
    if isinstance(count, TensorList) or not isinstance(count, Known):
        count = n.value(1)
    dtype = numpy_type(n.attributes.get("element_dtype"))
    return (TensorList(dtype, None, count, _element(n)),)


def _element(n: NodeCall) -> tuple[int | None, ...] | None:
    """The stated shape of the tensors of a list; None where nothing is known, written -1 alone."""
    shape, stated = n.sizes(0), n.operand(0)
    if shape is None or (isinstance(stated, Known) and stated.array.ndim == 0):
        return None
    return tuple(one if isinstance(one, int) and one >= 0 else None for one in shape)


def _get(n: NodeCall) -> tuple[Operand, ...]:
    index = cast_to(n.g, n.value(1), "int64")
    return (n.g.op("Gather", as_stacked(n.g, _list(n)), index, axis=0),)


def _set(n: NodeCall) -> tuple[Operand, ...]:
    g, given, item = n.g, _list(n), n.value(2)
    if given.stacked is None and given.element is None:
        given = TensorList(given.dtype, None, given.count, item.shape)
    place = g.op("Reshape", cast_to(g, n.value(1), "int64"), [1, 1])
    base = _fitting(g, as_stacked(g, given), item)
    if n.attribute("resize_if_index_out_of_bounds", default=False):
        base = _grown(g, base, place)
    return (TensorList(given.dtype, g.op("ScatterND", base, place, g.op("Unsqueeze", item, [0]))),)


def _fitting(g: Graph, base: Value, item: Value) -> Value:
    """A list whose tensors have the shape of an item that it gets."""
    if base.shape[1:] == item.shape and None not in item.shape:
        return base
    wanted = vector(g, [*shape_of(g, base)[:1], *shape_of(g, item)])
    like = [(base.dtype, (base.shape[0], *item.shape))]
    return g.ops("Expand", base, wanted, outputs=1, like=like)[0]


def _grown(g: Graph, base: Value, place: Value) -> Value:
    """A list with zeros behind it up to a place."""
    count, *sizes = shape_of(g, base)
    index = g.op("Reshape", place, [1])
    lacking = g.op("Max", g.op("Sub", g.op("Add", index, 1), vector(g, [count])), 0)
    return _joined(g, base, _zeros(g, base.dtype, [lacking, *sizes]))


def _zeros(g: Graph, dtype: str, sizes: list[Size]) -> Value:
    start = np.asarray("", object) if dtype == "str" else np.asarray(0, dtype)
    like = [(dtype, shape_list(sizes))]
    return g.ops("Expand", start, vector(g, sizes), outputs=1, like=like)[0]


def _joined(g: Graph, *parts: Value) -> Value:
    like = [(parts[0].dtype, (None, *parts[0].shape[1:]))]
    return g.ops("Concat", *parts, axis=0, outputs=1, like=like)[0]


def _push(n: NodeCall) -> tuple[Operand, ...]:
    """A list with one tensor more."""
    g, given, item = n.g, _list(n), n.value(1)
    added = g.op("Unsqueeze", item, [0])
    if given.stacked is None and _is_empty(given):
        return (TensorList(given.dtype, added),)
    base = _fitting(g, as_stacked(g, given), item)
    return (TensorList(given.dtype, _joined(g, base, added)),)


def _is_empty(given: TensorList) -> bool:
    return isinstance(given.count, Known) and given.count.whole and not given.count.array.any()


def _pop(n: NodeCall) -> tuple[Operand, ...]:
    """A list without its last tensor, and that."""
    g, stacked = n.g, as_stacked(n.g, _list(n))
    like = [(stacked.dtype, (None, *stacked.shape[1:]))]
    rest = g.ops("Slice", stacked, [0], [-1], [0], outputs=1, like=like)[0]
    return TensorList(stacked.dtype, rest), g.op("Gather", stacked, np.int64(-1), axis=0)


def _empty(n: NodeCall) -> tuple[Operand, ...]:
    count = Known.of(np.array(0, "int32"))
    return (TensorList(numpy_type(n.attributes.get("element_dtype")), None, count, _element(n)),)


def _scattered(n: NodeCall) -> tuple[Operand, ...]:
    """Tensors at places of a list that is long enough for them."""
    g, given, x = n.g, _list(n), n.value(1)
    if given.stacked is None and given.element is None:
        given = TensorList(given.dtype, None, given.count, x.shape[1:])
    item = g.op("Gather", x, np.int64(0), axis=0) if None in x.shape[1:] else None
    base = as_stacked(g, given)
    base = base if item is None else _fitting(g, base, item)
    places = g.op("Reshape", cast_to(g, n.value(2), "int64"), [-1, 1])
    return (TensorList(given.dtype, g.op("ScatterND", base, places, x)),)


def _from_places(n: NodeCall) -> tuple[Operand, ...]:
    """A list of tensors at places; it ends behind the last of them, or has a stated length."""
    g, x = n.g, n.value(0)
    places = g.op("Reshape", cast_to(g, n.value(1), "int64"), [-1, 1])
    stated = n.ints(3, "the number of tensors")[0] if len(n.operands) > 3 else -1
    end = g.op("Add", g.op("ReduceMax", places, [0, 1], keepdims=0), 1)
    count: Size = stated if stated >= 0 else g.op("Reshape", end, [1])
    zeros = _zeros(g, x.dtype, [count, *shape_of(g, x)[1:]])
    return (TensorList(x.dtype, g.op("ScatterND", zeros, places, x)),)


def _concat(n: NodeCall) -> tuple[Operand, ...]:
    """The tensors of a list behind each other, and how long each is."""
    g, stacked = n.g, as_stacked(n.g, _list(n))
    count, width, *rest = shape_of(g, stacked)
    like = [(stacked.dtype, (None, *shape_list(rest)))]
    shape = vector(g, [-1, *rest])
    y = g.ops("Reshape", stacked, shape, outputs=1, like=like)[0]
    lengths = g.ops(
        "Expand", vector(g, [width]), vector(g, [count]), outputs=1, like=[("int64", (None,))]
    )[0]
    return y, lengths


def _joined_lists(n: NodeCall) -> tuple[Operand, ...]:
    parts = [n.operand(i) for i in range(len(n.operands))]
    stacked = [as_stacked(n.g, one) for one in parts if isinstance(one, TensorList)]
    return (TensorList(stacked[0].dtype, _joined(n.g, *stacked)),)


def _resized(n: NodeCall) -> tuple[Operand, ...]:
    """A list cut or lengthened with zeros to a size."""
    g, stacked = n.g, as_stacked(n.g, _list(n))
    size = g.op("Reshape", cast_to(g, n.value(1), "int64"), [1])
    count, *rest = shape_of(g, stacked)
    more = _zeros(g, stacked.dtype, [g.op("Max", g.op("Sub", size, vector(g, [count])), 0), *rest])
    like = [(stacked.dtype, (None, *stacked.shape[1:]))]
    long = _joined(g, stacked, more)
    cut = g.ops("Slice", long, [0], size, [0], outputs=1, like=like)[0]
    return (TensorList(stacked.dtype, cut),)


def _element_shape(n: NodeCall) -> tuple[Operand, ...]:
    given, dtype = _list(n), str(n.attribute("shape_type", "int32"))
    known = given.stacked.shape[1:] if given.stacked is not None else given.element
    if known is None:
        return (Known.of(np.array(-1, dtype)),)
    return (Known.of(np.array([-1 if one is None else one for one in known], dtype)),)


def _stack(n: NodeCall) -> tuple[Operand, ...]:
    return (as_stacked(n.g, _list(n)),)


def _gather(n: NodeCall) -> tuple[Operand, ...]:
    places = cast_to(n.g, n.value(1), "int64")
    return (n.g.op("Gather", as_stacked(n.g, _list(n)), places, axis=0),)


def _length(n: NodeCall) -> tuple[Operand, ...]:
    given = _list(n)
    if given.stacked is None and given.count is not None:
        return (given.count,)
    (size, *_) = shape_of(n.g, as_stacked(n.g, given))
    if isinstance(size, int):
        return (Known.of(np.array(size, "int32")),)
    return (cast_to(n.g, n.g.op("Squeeze", size, [0]), "int32"),)


ROWS: Mapping[str, Row] = {
    "EmptyTensorList": _empty,
    "TensorListConcat": _concat,
    "TensorListConcatLists": _joined_lists,
    "TensorListConcatV2": _concat,
    "TensorListElementShape": _element_shape,
    "TensorListFromTensor": _from_tensor,
    "TensorListGather": _gather,
    "TensorListGetItem": _get,
    "TensorListLength": _length,
    "TensorListPopBack": _pop,
    "TensorListPushBack": _push,
    "TensorListReserve": _reserve,
    "TensorListResize": _resized,
    "TensorListScatter": _from_places,
    "TensorListScatterIntoExistingList": _scattered,
    "TensorListScatterV2": _from_places,
    "TensorListSetItem": _set,
    "TensorListStack": _stack,
}
"""Operation -> what compiles it."""
