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
    zero = "" if item.dtype == "str" else 0
    like = [(item.dtype, shape_list(sizes))]
    start = np.asarray(zero, object if item.dtype == "str" else item.dtype)
    return g.ops("Expand", start, vector(g, sizes), outputs=1, like=like)[0]


def _list(n: NodeCall) -> TensorList:
    item = n.operand(0)
    if not isinstance(item, TensorList):
        raise MismatchError("a list of tensors is needed")
    return item


def _from_tensor(n: NodeCall) -> tuple[Operand, ...]:
    x = n.value(0)
    return (TensorList(x.dtype, x),)


def _reserve(n: NodeCall) -> tuple[Operand, ...]:
    shape, count = n.sizes(0), n.operand(1)
    if isinstance(count, TensorList) or not isinstance(count, Known):
        count = n.value(1)
    stated = n.operand(0)
    if shape is None or (isinstance(stated, Known) and stated.array.ndim == 0):
        element = None  # -1 alone: nothing is known
    else:
        element = tuple(one if isinstance(one, int) and one >= 0 else None for one in shape)
    dtype = numpy_type(n.attributes.get("element_dtype"))
    return (TensorList(dtype, None, count, element),)


def _get(n: NodeCall) -> tuple[Operand, ...]:
    index = cast_to(n.g, n.value(1), "int64")
    return (n.g.op("Gather", as_stacked(n.g, _list(n)), index, axis=0),)


def _set(n: NodeCall) -> tuple[Operand, ...]:
    g, given, item = n.g, _list(n), n.value(2)
    if given.stacked is None and given.element is None:
        given = TensorList(given.dtype, None, given.count, item.shape)
    base = as_stacked(g, given)
    if base.shape[1:] != item.shape or None in item.shape:
        wanted = vector(g, [*shape_of(g, base)[:1], *shape_of(g, item)])
        like = [(base.dtype, (base.shape[0], *item.shape))]
        base = g.ops("Expand", base, wanted, outputs=1, like=like)[0]
    place = g.op("Reshape", cast_to(g, n.value(1), "int64"), [1, 1])
    return (TensorList(given.dtype, g.op("ScatterND", base, place, g.op("Unsqueeze", item, [0]))),)


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
    "TensorListFromTensor": _from_tensor,
    "TensorListGather": _gather,
    "TensorListGetItem": _get,
    "TensorListLength": _length,
    "TensorListReserve": _reserve,
    "TensorListSetItem": _set,
    "TensorListStack": _stack,
}
"""Operation -> what compiles it."""
