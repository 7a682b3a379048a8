"""Functions of keras.ops that sum up along axes, order along one, or run along one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.lowering import Operation
from keramos.compile.operations.values import as_float, axes_of, cast_to, tensor
from keramos.compile.sizes import reshape
from keramos.compile.spatial import known

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.compile.graph import Graph, Value
    from keramos.compile.operations.values import Operand
    from keramos.compile.site import Site

Axis = int | list[int] | None
_SMALL = ("bool", "int8", "int16", "uint8", "uint16")


def _reduced(g: Graph, kind: str, x: Value, axis: Axis, *, keepdims: bool) -> Value:
    return g.op(kind, x, axes_of(axis, x.rank), keepdims=int(keepdims))


def _counted(s: Site, x: Operand) -> Value:
    """Booleans and short whole numbers add up as int32."""
    value = tensor(s, x)
    return cast_to(s.g, value, "int32") if value.dtype in _SMALL else value


def sum_(s: Site, x: Operand, *, axis: Axis = None, keepdims: bool = False) -> Value:
    """Sum."""
    return _reduced(s.g, "ReduceSum", _counted(s, x), axis, keepdims=keepdims)


def prod(s: Site, x: Operand, *, axis: Axis = None, keepdims: bool = False, dtype: str | None = None) -> Value:
    """Product."""
    value = _counted(s, x) if dtype is None else cast_to(s.g, tensor(s, x), dtype)
    return _reduced(s.g, "ReduceProd", value, axis, keepdims=keepdims)


def mean(s: Site, x: Operand, *, axis: Axis = None, keepdims: bool = False) -> Value:
    """Mean."""
    return _reduced(s.g, "ReduceMean", as_float(s, x), axis, keepdims=keepdims)


def var(s: Site, x: Operand, *, axis: Axis = None, keepdims: bool = False) -> Value:
    """Mean square distance from the mean."""
    g, value = s.g, as_float(s, x)
    distance = g.op("Sub", value, _reduced(g, "ReduceMean", value, axis, keepdims=True))
    return _reduced(g, "ReduceMean", g.op("Mul", distance, distance), axis, keepdims=keepdims)


def std(s: Site, x: Operand, *, axis: Axis = None, keepdims: bool = False) -> Value:
    """Square root of the variance."""
    return s.g.op("Sqrt", var(s, x, axis=axis, keepdims=keepdims))


def moments(
    s: Site, x: Operand, *, axes: Axis = None, keepdims: bool = False, synchronized: bool = False
) -> tuple[Value, Value]:
    """Mean and variance."""
    if synchronized:
        raise s.unsupported("synchronized", synchronized, "it means other machines")
    return mean(s, x, axis=axes, keepdims=keepdims), var(s, x, axis=axes, keepdims=keepdims)


def _extreme(kind: str, pair: str) -> Callable[..., Value]:
    def build(s: Site, x: Operand, *, axis: Axis = None, keepdims: bool = False, initial: float | None = None) -> Value:
        y = _reduced(s.g, kind, tensor(s, x), axis, keepdims=keepdims)
        return y if initial is None else s.g.op(pair, y, initial)

    return build


def ptp(s: Site, x: Operand, *, axis: Axis = None, keepdims: bool = False) -> Value:
    """Largest minus smallest."""
    high, low = (_reduced(s.g, kind, tensor(s, x), axis, keepdims=keepdims) for kind in ("ReduceMax", "ReduceMin"))
    return s.g.op("Sub", high, low)


def any_(s: Site, x: Operand, *, axis: Axis = None, keepdims: bool = False) -> Value:
    """Whether any value is true."""
    ones = cast_to(s.g, cast_to(s.g, tensor(s, x), "bool"), "int32")
    return s.g.op("Greater", _reduced(s.g, "ReduceMax", ones, axis, keepdims=keepdims), 0)


def all_(s: Site, x: Operand, *, axis: Axis = None, keepdims: bool = False) -> Value:
    """Whether all values are true."""
    ones = cast_to(s.g, cast_to(s.g, tensor(s, x), "bool"), "int32")
    return s.g.op("Greater", _reduced(s.g, "ReduceMin", ones, axis, keepdims=keepdims), 0)


def count_nonzero(s: Site, x: Operand, *, axis: Axis = None) -> Value:
    """How many values are not 0."""
    ones = cast_to(s.g, cast_to(s.g, tensor(s, x), "bool"), "int32")
    return _reduced(s.g, "ReduceSum", ones, axis, keepdims=False)


def logsumexp(s: Site, x: Operand, *, axis: Axis = None, keepdims: bool = False) -> Value:
    """Logarithm of the sum of exponentials."""
    return _reduced(s.g, "ReduceLogSumExp", as_float(s, x), axis, keepdims=keepdims)


def _place(kind: str) -> Callable[..., Value]:
    """The place of an extreme, int32; of several, the first."""

    def build(s: Site, x: Operand, *, axis: int | None = None, keepdims: bool = False) -> Value:
        value = tensor(s, x)
        if value.dtype == "bool":
            value = cast_to(s.g, value, "int32")
        if axis is None:
            if keepdims:
                raise s.unsupported("keepdims", keepdims, "it needs an axis")
            value = reshape(s.g, value, -1)
        return cast_to(s.g, s.g.op(kind, value, axis=axis or 0, keepdims=int(keepdims)), "int32")

    return build


def norm(
    s: Site,
    x: Operand,
    *,
    ord: object = None,
    axis: Axis = None,
    keepdims: bool = False,
) -> Value:
    """Length of vectors, or the square root of all squares of matrices."""
    g, value = s.g, as_float(s, x)
    vector = isinstance(axis, int) or (isinstance(axis, list) and len(axis) == 1) or (axis is None and value.rank == 1)
    if ord in (None, "fro") or (ord == 2 and vector):
        return _reduced(g, "ReduceL2", value, axis, keepdims=keepdims)
    if ord == 1 and vector:
        return _reduced(g, "ReduceL1", value, axis, keepdims=keepdims)
    if ord in ("inf", float("inf")) and vector:
        return _reduced(g, "ReduceMax", g.op("Abs", value), axis, keepdims=keepdims)
    raise s.unsupported("ord", ord, "None, fro, and for vectors 1, 2 and inf are")


def cumsum(s: Site, x: Operand, *, axis: int | None = None, dtype: str | None = None) -> Value:
    """Sum up to each place."""
    value = _counted(s, x) if dtype is None else cast_to(s.g, tensor(s, x), dtype)
    if axis is None:
        value, axis = reshape(s.g, value, -1), 0
    return s.g.op("CumSum", value, np.int64(axis))


def sort(s: Site, x: Operand, *, axis: int = -1) -> Value:
    """From small to large."""
    return _sorted(s, x, axis)[0]


def argsort(s: Site, x: Operand, *, axis: int = -1) -> Value:
    """Places from the smallest to the largest value, int32."""
    return cast_to(s.g, _sorted(s, x, axis)[1], "int32")


def _sorted(s: Site, x: Operand, axis: int) -> tuple[Value, ...]:
    value = tensor(s, x)
    size = known(value.shape[axis], "values to sort")
    return s.g.ops("TopK", value, [size], outputs=2, axis=axis, largest=0)


def top_k(s: Site, x: Operand, k: int) -> tuple[Value, Value]:
    """The k largest along the last axis, and their places, int32."""
    values, places = s.g.ops("TopK", tensor(s, x), [k], outputs=2, axis=-1)
    return values, cast_to(s.g, places, "int32")


OPERATIONS = {
    "All": Operation(all_),
    "Amax": Operation(_extreme("ReduceMax", "Max")),
    "Amin": Operation(_extreme("ReduceMin", "Min")),
    "Any": Operation(any_),
    "Argmax": Operation(_place("ArgMax")),
    "Argmin": Operation(_place("ArgMin")),
    "Argsort": Operation(argsort),
    "CountNonzero": Operation(count_nonzero),
    "Cumsum": Operation(cumsum),
    "Logsumexp": Operation(logsumexp),
    "Max": Operation(_extreme("ReduceMax", "Max")),
    "Mean": Operation(mean),
    "Min": Operation(_extreme("ReduceMin", "Min")),
    "Moments": Operation(moments),
    "Norm": Operation(norm),
    "Prod": Operation(prod),
    "Ptp": Operation(ptp),
    "Sort": Operation(sort),
    "Std": Operation(std),
    "Sum": Operation(sum_),
    "TopK": Operation(top_k, ignored=("sorted",)),
    "Var": Operation(var),
}
