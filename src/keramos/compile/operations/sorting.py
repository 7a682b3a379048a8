"""Functions of keras.ops that sort, search and compute quantiles."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.lowering.record import Operation
from keramos.compile.lowering.spatial import known
from keramos.compile.onnx.sizes import reshape, size
from keramos.compile.operations.values import as_float, axes_of, cast_to, tensor, together

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.onnx.graph import Value
    from keramos.compile.operations.reductions import Axis
    from keramos.compile.operations.values import Operand


def sort(s: LayerCall, x: Operand, *, axis: int = -1) -> Value:
    """Sort in ascending order."""
    return _sorted(s, tensor(s, x), axis)[0]


def argsort(s: LayerCall, x: Operand, *, axis: int = -1) -> Value:
    """The indices that sort in ascending order, int32."""
    return cast_to(s.g, _sorted(s, tensor(s, x), axis)[1], "int32")


def _sorted(s: LayerCall, value: Value, axis: int) -> tuple[Value, ...]:
    return _top(s, value, known(value.shape[axis], "values to sort"), axis, largest=0)


def _top(s: LayerCall, value: Value, count: int, axis: int, *, largest: int) -> tuple[Value, ...]:
    """The largest or smallest values and their indices; integers go through int64, for which ONNX
    Runtime has a kernel.
    """
    narrow = value.dtype
    wide = value if narrow.startswith("float") else cast_to(s.g, value, "int64")
    values, positions = s.g.ops("TopK", wide, [count], outputs=2, axis=axis, largest=largest)
    return cast_to(s.g, values, narrow), positions


def top_k(s: LayerCall, x: Operand, k: int, *, sorted: bool = True) -> tuple[Value, Value]:
    """The k largest values along the last axis, and their indices, int32."""
    if not sorted:
        raise s.unsupported("sorted", sorted, "without sorting the order is undefined")
    values, positions = _top(s, tensor(s, x), k, -1, largest=1)
    return values, cast_to(s.g, positions, "int32")


_ROUNDING: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "higher": np.ceil,
    "linear": np.floor,
    "lower": np.floor,
    "midpoint": np.floor,
    "nearest": np.rint,
}


def quantile(
    s: LayerCall,
    x: Operand,
    q: Operand,
    *,
    axis: Axis = None,
    method: str = "linear",
    keepdims: bool = False,
) -> Value:
    """The values below which given parts of the others lie; several parts come along a new first
    axis.
    """
    parts = tensor(s, q).const
    if parts is None or method not in _ROUNDING:
        raise s.unsupported("method", method, f"numbers for q with {', '.join(_ROUNDING)} are")
    g, value = s.g, as_float(s, x)
    axes = axes_of(axis, value.rank)
    flat = _last(s, value, axes)
    exact = np.asarray(parts, "float64") * (known(flat.shape[-1], "values to sort") - 1)
    y = _between(s, _sorted(s, flat, -1)[0], exact, method)
    missing = g.op("ReduceMax", cast_to(g, g.op("IsNaN", flat), "int32"), [-1], keepdims=0)
    if exact.ndim:
        missing = g.op("Unsqueeze", missing, [-1])
    y = g.op("Where", g.op("Greater", missing, 0), float("nan"), y)
    y = g.op("Transpose", y, perm=[y.rank - 1, *range(y.rank - 1)]) if exact.ndim else y
    return g.op("Unsqueeze", y, [axis + exact.ndim for axis in axes]) if keepdims else y


def _last(s: LayerCall, value: Value, axes: list[int]) -> Value:
    """Merge several axes into one, the last."""
    rest = [axis for axis in range(value.rank) if axis not in axes]
    turned = s.g.op("Transpose", value, perm=[*rest, *axes])
    count = prod([known(value.shape[axis], "values to sort") for axis in axes])
    return reshape(s.g, turned, *(size(value, axis) for axis in rest), count)


def _between(s: LayerCall, ordered: Value, exact: np.ndarray, method: str) -> Value:
    """The values at fractional indices, interpolated."""
    g = s.g
    low = _ROUNDING[method](exact).astype("int64")
    first = g.op("Gather", ordered, low, axis=-1)
    if method not in ("linear", "midpoint"):
        return first
    second = g.op("Gather", ordered, np.ceil(exact).astype("int64"), axis=-1)
    share = np.asarray(
        exact - low if method == "linear" else np.full_like(exact, 0.5), ordered.dtype
    )
    return g.op("Add", g.op("Mul", second, share), g.op("Mul", first, 1 - share))


def percentile(
    s: LayerCall,
    x: Operand,
    q: Operand,
    *,
    axis: Axis = None,
    method: str = "linear",
    keepdims: bool = False,
) -> Value:
    """Quantiles in percent."""
    parts = tensor(s, q).const
    if parts is None:
        raise s.unsupported("q", "a tensor", "numbers are")
    return quantile(
        s,
        x,
        (np.asarray(parts, "float64") / 100).tolist(),
        axis=axis,
        method=method,
        keepdims=keepdims,
    )


def median(s: LayerCall, x: Operand, *, axis: Axis = None, keepdims: bool = False) -> Value:
    """The median."""
    return quantile(s, x, 0.5, axis=axis, keepdims=keepdims)


def _before(s: LayerCall, edges: Value, values: Value, kind: str) -> Value:
    """The number of edges before each value."""
    passed = s.g.op(kind, edges, s.g.op("Unsqueeze", values, [-1]))
    return s.g.op("ReduceSum", cast_to(s.g, passed, "int32"), [-1], keepdims=0)


def searchsorted(
    s: LayerCall, sorted_sequence: Operand, values: Operand, *, side: str = "left"
) -> Value:
    """The index at which each value keeps a sorted vector sorted, int32."""
    edges, wanted = together(s, sorted_sequence, values)
    if edges.rank != 1:
        raise s.unsupported("sorted_sequence", edges.shape, "a single row is")
    return _before(s, edges, wanted, "Less" if side == "left" else "LessOrEqual")


def digitize(s: LayerCall, x: Operand, bins: Operand) -> Value:
    """The number of the bin that each value falls into, int32; an edge belongs to the bin above."""
    value, edges = (cast_to(s.g, tensor(s, item), "float32") for item in (x, bins))
    return _before(s, edges, value, "LessOrEqual")


def isin(s: LayerCall, x1: Operand, x2: Operand, *, invert: bool = False) -> Value:
    """Whether each value of x1 is in x2."""
    g, (value, others) = s.g, together(s, x1, x2)
    same = g.op("Equal", g.op("Unsqueeze", value, [-1]), reshape(g, others, -1))
    found = g.op("Greater", g.op("ReduceMax", cast_to(g, same, "int32"), [-1], keepdims=0), 0)
    return g.op("Not", found) if invert else found


OPERATIONS = {
    "Argsort": Operation(argsort),
    "Digitize": Operation(digitize),
    "IsIn": Operation(isin, ignored=("assume_unique",)),
    "Median": Operation(median),
    "Percentile": Operation(percentile),
    "Quantile": Operation(quantile),
    "SearchSorted": Operation(searchsorted),
    "Sort": Operation(sort),
    "TopK": Operation(top_k),
}
