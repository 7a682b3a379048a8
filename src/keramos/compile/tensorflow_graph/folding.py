"""Operations whose operands are known while compiling: computed at once, sizes of a run included.

Graphs compute shapes with operations (Shape, StridedSlice, Pack, Reshape). Here they become numbers
again, with tensors only in the places of sizes that a run knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from keramos.compile.onnx.graph import Value
from keramos.compile.tensorflow_graph.operands import Known, numpy_type

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.compile.onnx.graph import Graph
    from keramos.compile.tensorflow_graph.operands import Array, NodeCall, Size

    Fold = Callable[[NodeCall, list[Array]], Array | None]

_MOST = 4096
"""Values of an array that is computed while compiling."""


def folded(n: NodeCall) -> Known | None:
    """The result of an operation on known arrays; None where it has to become a node."""
    row = _FOLDS.get(n.op)
    given = [one for one in n.operands if isinstance(one, Known)]
    if row is None or not given or len(given) < len(n.operands):
        return None
    if sum(one.array.size for one in given) > _MOST:
        return None
    if not all(one.whole for one in given) and not _on_sizes(n, given):
        return None
    found = row(n, [one.array for one in given])
    return None if found is None or found.size > _MOST else _known(n, given, found)


def _on_sizes(n: NodeCall, given: list[Known]) -> bool:
    """Whether an operation on sizes of a run gives sizes again."""
    types = [one.dtype for one in given]
    if n.op == "Cast":
        types.append(numpy_type(n.attributes["DstT"]))
    whole = all(one in ("int32", "int64") for one in types)
    return whole and (n.op in _STRUCTURAL or n.op in _ARITHMETIC)


def _known(n: NodeCall, given: list[Known], found: Array) -> Known:
    dtype = numpy_type(n.attributes["DstT"]) if n.op == "Cast" else given[0].dtype
    if found.dtype.kind == "O" and dtype != "str":
        if any(isinstance(one, Value) for one in found.ravel()):
            return Known(found, dtype)
        found = found.astype(dtype)
    return Known.of(found) if dtype == "str" or found.dtype.kind != "O" else Known(found, dtype)


def _elementwise(kind: str, compute: Callable[[int, int], int]) -> Fold:
    """A function of two whole numbers, of which a run may know one."""

    def build(n: NodeCall, given: list[Array]) -> Array:
        a, b = given
        if a.dtype.kind != "O" and b.dtype.kind != "O":
            found: Array = np.asarray(compute(a, b))  # type: ignore[arg-type] # arrays act alike
            return found.astype(np.result_type(a, b)) if kind in _SAME_TYPE else found
        pairs = np.frompyfunc(lambda x, y: _mixed(n.g, kind, compute, x, y), 2, 1)
        return np.asarray(pairs(a, b), object)

    return build


def _mixed(g: Graph, kind: str, compute: Callable[[int, int], int], x: Size, y: Size) -> Size:
    if not isinstance(x, Value) and not isinstance(y, Value):
        return int(compute(int(x), int(y)))
    neutral = {"Add": 0, "Mul": 1, "Sub": 0, "Div": 1}.get(kind)
    if not isinstance(y, Value) and int(y) == neutral:
        return x
    if kind in ("Add", "Mul") and not isinstance(x, Value) and int(x) == neutral:
        return y
    parts = [one if isinstance(one, Value) else g.const(np.array([one], "int64")) for one in (x, y)]
    return g.op(kind, *parts)


def _product(n: NodeCall, given: list[Array]) -> Array:
    values, axes = given
    if values.dtype.kind != "O":
        axis = tuple(int(one) for one in axes.ravel())
        return np.asarray(np.prod(values, axis=axis, keepdims=_keeps(n)), values.dtype)
    total: Size = 1
    for one in values.ravel():
        total = _mixed(n.g, "Mul", lambda x, y: x * y, total, one)
    return np.array([total] if _keeps(n) else total, object) if axes.size else values


def _keeps(n: NodeCall) -> bool:
    return bool(n.attribute("keep_dims", default=False))


def strided(n: NodeCall, x: Array, begin: Array, end: Array, strides: Array) -> Array:
    """``x`` indexed as StridedSlice does."""
    index: list[Any] = []  # numbers, slices, an ellipsis, new axes
    for i, (start, stop, step) in enumerate(
        zip(begin.tolist(), end.tolist(), strides.tolist(), strict=True)
    ):
        bit = 1 << i

        def has(mask: str, bit: int = bit) -> bool:
            return bool(n.integer(mask, 0) & bit)

        if has("ellipsis_mask"):
            index.append(Ellipsis)
        elif has("new_axis_mask"):
            index.append(None)
        elif has("shrink_axis_mask"):
            index.append(start)
        else:
            first, last = None if has("begin_mask") else start, None if has("end_mask") else stop
            index.append(slice(first, last, step))
    return np.asarray(x[tuple(index)], x.dtype)


def _strided(n: NodeCall, given: list[Array]) -> Array | None:
    x, begin, end, strides = given
    if any(one.dtype.kind == "O" for one in (begin, end, strides)):
        return None
    return strided(n, x, begin, end, strides)


def _pack(n: NodeCall, given: list[Array]) -> Array:
    return np.stack(given, axis=n.integer("axis", 0))


def _concat(_: NodeCall, given: list[Array]) -> Array:
    *parts, axis = given
    return np.concatenate(parts, axis=int(axis))


def _gather(_: NodeCall, given: list[Array]) -> Array:
    x, index, axis = given
    return np.take(x, index.astype("int64"), axis=int(axis))


def _gathered(_: NodeCall, given: list[Array]) -> Array:
    return np.take(given[0], given[1].astype("int64"), axis=0)


def _cast(n: NodeCall, given: list[Array]) -> Array:
    x, dtype = given[0], numpy_type(n.attributes["DstT"])
    return x if x.dtype.kind == "O" else x.astype(dtype)


def _squeeze(n: NodeCall, given: list[Array]) -> Array:
    return np.squeeze(given[0], tuple(n.integers("squeeze_dims")) or None)


def _range(_: NodeCall, given: list[Array]) -> Array | None:
    start, stop, step = (one.item() for one in given)
    if (stop - start) / step > _MOST:
        return None
    return np.arange(start, stop, step, dtype=given[0].dtype)


def _fill(_: NodeCall, given: list[Array]) -> Array:
    shape = tuple(int(one) for one in given[0].ravel())
    return np.broadcast_to(given[1], shape)


def _slice(_: NodeCall, given: list[Array]) -> Array:
    x, begin, size = given
    ends = [None if n == -1 else b + n for b, n in zip(begin.tolist(), size.tolist(), strict=True)]
    return x[tuple(slice(b, e) for b, e in zip(begin.tolist(), ends, strict=True))]


def _quotient(_: NodeCall, given: list[Array]) -> Array | None:
    if given[0].dtype.kind != "f":
        return None
    with np.errstate(all="ignore"):
        return np.asarray(np.divide(*given))


def _chosen(_: NodeCall, given: list[Array]) -> Array | None:
    """Numbers alone: texts are not of the condition's dtype."""
    return None if given[1].dtype.kind == "O" else np.asarray(np.where(*given))


def _reduced(reduce: Callable[..., Array]) -> Fold:
    """Values along axes as one."""

    def build(n: NodeCall, given: list[Array]) -> Array:
        axes = tuple(int(one) for one in given[1].ravel())
        return np.asarray(reduce(given[0], axis=axes, keepdims=_keeps(n)))

    return build


_SAME_TYPE = ("Add", "Sub", "Mul", "Div", "Max", "Min")

_ARITHMETIC: dict[str, Fold] = {
    "Add": _elementwise("Add", lambda x, y: x + y),
    "AddV2": _elementwise("Add", lambda x, y: x + y),
    "FloorDiv": _elementwise("Div", lambda x, y: x // y),
    "Maximum": _elementwise("Max", np.maximum),
    "Minimum": _elementwise("Min", np.minimum),
    "Mul": _elementwise("Mul", lambda x, y: x * y),
    "Prod": _product,
    "Sub": _elementwise("Sub", lambda x, y: x - y),
}
"""Operations on sizes, of which a run may know some."""

_STRUCTURAL: dict[str, Fold] = {
    "Cast": _cast,
    "ConcatV2": _concat,
    "EnsureShape": lambda _, given: given[0],
    "ExpandDims": lambda _, given: np.expand_dims(given[0], int(given[1])),
    "Gather": _gathered,
    "GatherV2": _gather,
    "Pack": _pack,
    "Reshape": lambda _, given: given[0].reshape([int(one) for one in given[1].ravel()]),
    "Slice": _slice,
    "Squeeze": _squeeze,
    "StridedSlice": _strided,
}
"""Operations that only move values."""

_WHOLE: dict[str, Fold] = {
    "All": _reduced(np.all),
    "Any": _reduced(np.any),
    "Ceil": lambda _, given: np.ceil(given[0]),
    "Equal": lambda _, given: np.asarray(given[0] == given[1]),
    "Fill": _fill,
    "Floor": lambda _, given: np.floor(given[0]),
    "FloorMod": lambda _, given: np.mod(*given),
    "Greater": lambda _, given: np.asarray(given[0] > given[1]),
    "GreaterEqual": lambda _, given: np.asarray(given[0] >= given[1]),
    "Less": lambda _, given: np.asarray(given[0] < given[1]),
    "LessEqual": lambda _, given: np.asarray(given[0] <= given[1]),
    "LogicalAnd": lambda _, given: np.logical_and(*given),
    "LogicalNot": lambda _, given: np.logical_not(given[0]),
    "LogicalOr": lambda _, given: np.logical_or(*given),
    "Neg": lambda _, given: np.negative(given[0]),
    "Max": _reduced(np.max),
    "Min": _reduced(np.min),
    "NotEqual": lambda _, given: np.asarray(given[0] != given[1]),
    "Range": _range,
    "RealDiv": _quotient,
    "Rint": lambda _, given: np.rint(given[0]),
    "Round": lambda _, given: np.rint(given[0]),
    "Rank": lambda _, given: np.array(given[0].ndim, "int32"),
    "SelectV2": _chosen,
    "Shape": lambda n, given: np.array(
        given[0].shape, numpy_type(n.attribute("out_type", "int32"))
    ),
    "Rsqrt": lambda _, given: np.asarray(1 / np.sqrt(given[0]), given[0].dtype),
    "Sqrt": lambda _, given: np.sqrt(given[0]),
    "Size": lambda n, given: np.array(given[0].size, numpy_type(n.attribute("out_type", "int32"))),
    "Transpose": lambda _, given: np.transpose(given[0], given[1].ravel().tolist()),
}
"""Operations on values that are all known."""

_FOLDS = {**_WHOLE, **_STRUCTURAL, **_ARITHMETIC}
