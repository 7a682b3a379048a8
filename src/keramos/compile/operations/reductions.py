"""Functions of keras.ops that reduce or cumulate along axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.lowering.record import Operation
from keramos.compile.lowering.spatial import known
from keramos.compile.onnx.sizes import reshape
from keramos.compile.operations.values import as_float, axes_of, cast_to, is_float, tensor, widely

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.onnx.graph import Graph, Value
    from keramos.compile.operations.values import Operand

Axis = int | list[int] | None
_TOTALS = {
    "bool": "int32",
    "int8": "int32",
    "int16": "int32",
    "uint8": "uint32",
    "uint16": "uint32",
}


def _reduced(g: Graph, kind: str, x: Value, axis: Axis, *, keepdims: bool) -> Value:
    return g.op(kind, x, axes_of(axis, x.rank), keepdims=int(keepdims))


def _total(s: LayerCall, kind: str, x: Operand, axis: Axis, *, keepdims: bool) -> Value:
    """Booleans and short integers are summed as int32, or as uint32 where they are unsigned."""
    value = tensor(s, x)
    value = cast_to(s.g, value, _TOTALS.get(value.dtype, value.dtype))
    return widely(s.g, lambda v: _reduced(s.g, kind, v, axis, keepdims=keepdims), value)


def sum_(s: LayerCall, x: Operand, *, axis: Axis = None, keepdims: bool = False) -> Value:
    """The sum."""
    return _total(s, "ReduceSum", x, axis, keepdims=keepdims)


def prod(
    s: LayerCall, x: Operand, *, axis: Axis = None, keepdims: bool = False, dtype: str | None = None
) -> Value:
    """The product."""
    if dtype is None:
        return _total(s, "ReduceProd", x, axis, keepdims=keepdims)
    value = cast_to(s.g, tensor(s, x), dtype)
    return widely(s.g, lambda v: _reduced(s.g, "ReduceProd", v, axis, keepdims=keepdims), value)


def _of_floats(kind: str) -> Callable[..., Value]:
    """A reduction in floating point."""

    def build(s: LayerCall, x: Operand, *, axis: Axis = None, keepdims: bool = False) -> Value:
        return _reduced(s.g, kind, as_float(s, x), axis, keepdims=keepdims)

    return build


def var(s: LayerCall, x: Operand, *, axis: Axis = None, keepdims: bool = False) -> Value:
    """The variance."""
    g, value = s.g, as_float(s, x)
    distance = g.op("Sub", value, _reduced(g, "ReduceMean", value, axis, keepdims=True))
    return _reduced(g, "ReduceMean", g.op("Mul", distance, distance), axis, keepdims=keepdims)


def std(s: LayerCall, x: Operand, *, axis: Axis = None, keepdims: bool = False) -> Value:
    """The standard deviation."""
    return s.g.op("Sqrt", var(s, x, axis=axis, keepdims=keepdims))


def moments(
    s: LayerCall,
    x: Operand,
    *,
    axes: Axis = None,
    keepdims: bool = False,
    synchronized: bool = False,
) -> tuple[Value, Value]:
    """Mean and variance."""
    if synchronized:
        raise s.unsupported("synchronized", synchronized, "statistics across machines are not")
    return mean(s, x, axis=axes, keepdims=keepdims), var(s, x, axis=axes, keepdims=keepdims)


def _extreme(kind: str, pair: str) -> Callable[..., Value]:
    def build(
        s: LayerCall,
        x: Operand,
        *,
        axis: Axis = None,
        keepdims: bool = False,
        initial: float | None = None,
    ) -> Value:
        y = widely(s.g, lambda v: _reduced(s.g, kind, v, axis, keepdims=keepdims), tensor(s, x))
        return y if initial is None else s.g.op(pair, y, initial)

    return build


def ptp(s: LayerCall, x: Operand, *, axis: Axis = None, keepdims: bool = False) -> Value:
    """The largest minus the smallest value."""
    high, low = (
        _reduced(s.g, kind, tensor(s, x), axis, keepdims=keepdims)
        for kind in ("ReduceMax", "ReduceMin")
    )
    return s.g.op("Sub", high, low)


def _nonzero(s: LayerCall, x: Operand) -> Value:
    """1 where a value is not 0, else 0."""
    return cast_to(s.g, cast_to(s.g, tensor(s, x), "bool"), "int32")


def _of_booleans(kind: str) -> Callable[..., Value]:
    """Whether the reduction of zeros and ones is 1."""

    def build(s: LayerCall, x: Operand, *, axis: Axis = None, keepdims: bool = False) -> Value:
        reduced = _reduced(s.g, kind, _nonzero(s, x), axis, keepdims=keepdims)
        return s.g.op("Greater", reduced, 0)

    return build


def count_nonzero(s: LayerCall, x: Operand, *, axis: Axis = None) -> Value:
    """The number of values that are not 0."""
    return _reduced(s.g, "ReduceSum", _nonzero(s, x), axis, keepdims=False)


def _arg_extreme(kind: str) -> Callable[..., Value]:
    """The index of the first extreme value, int32."""

    def build(
        s: LayerCall, x: Operand, *, axis: int | None = None, keepdims: bool = False
    ) -> Value:
        value = tensor(s, x)
        if not is_float(value):
            value = cast_to(
                s.g, value, "int64" if value.dtype in ("int64", "uint32", "uint64") else "int32"
            )
        if axis is None:
            if keepdims:
                raise s.unsupported("keepdims", keepdims, "it needs an axis")
            value = reshape(s.g, value, -1)
        return cast_to(s.g, s.g.op(kind, value, axis=axis or 0, keepdims=int(keepdims)), "int32")

    return build


def norm(
    s: LayerCall,
    x: Operand,
    *,
    ord: object = None,
    axis: Axis = None,
    keepdims: bool = False,
) -> Value:
    """The norm of vectors, or the Frobenius norm of matrices."""
    g, value = s.g, as_float(s, x)
    vector = (
        isinstance(axis, int)
        or (isinstance(axis, list) and len(axis) == 1)
        or (axis is None and value.rank == 1)
    )
    if ord in (None, "fro") or (ord == 2 and vector):
        return _reduced(g, "ReduceL2", value, axis, keepdims=keepdims)
    if ord == 1 and vector:
        return _reduced(g, "ReduceL1", value, axis, keepdims=keepdims)
    if ord in ("inf", float("inf")) and vector:
        return _reduced(g, "ReduceMax", g.op("Abs", value), axis, keepdims=keepdims)
    raise s.unsupported("ord", ord, "None, fro, and for vectors 1, 2 and inf are")


def _cumulated(s: LayerCall, x: Operand, axis: int | None, dtype: str | None) -> tuple[Value, int]:
    """The values to cumulate and their axis; None flattens them. Booleans become int32."""
    value = tensor(s, x) if dtype is None else cast_to(s.g, tensor(s, x), dtype)
    value = cast_to(s.g, value, "int32") if value.dtype == "bool" else value
    return (reshape(s.g, value, -1), 0) if axis is None else (value, axis)


def cumsum(s: LayerCall, x: Operand, *, axis: int | None = None, dtype: str | None = None) -> Value:
    """The sum of the values so far."""
    value, along = _cumulated(s, x, axis, dtype)
    return widely(s.g, lambda v: s.g.op("CumSum", v, np.int64(along)), value)


def cumprod(
    s: LayerCall, x: Operand, *, axis: int | None = None, dtype: str | None = None
) -> Value:
    """The product of the values so far: each is a product over a row of a triangle."""
    value, along = _cumulated(s, x, axis, dtype)
    along %= value.rank
    count = known(value.shape[along], "values to multiply")
    s.g.reserve_constants("a triangle", count, count)
    positions = np.arange(count)
    before = (positions[None, :] <= positions[:, None]).reshape(
        len(positions), len(positions), *[1] * (value.rank - along - 1)
    )

    def product(x: Value) -> Value:
        spread = s.g.op("Where", before, s.g.op("Unsqueeze", x, [along]), 1)
        return s.g.op("ReduceProd", spread, [along + 1], keepdims=0)

    return widely(s.g, product, value)


all_, any_ = _of_booleans("ReduceMin"), _of_booleans("ReduceMax")
mean = _of_floats("ReduceMean")
amax, amin = _extreme("ReduceMax", "Max"), _extreme("ReduceMin", "Min")
argmax, argmin = _arg_extreme("ArgMax"), _arg_extreme("ArgMin")

OPERATIONS = {
    "All": Operation(all_),
    "Amax": Operation(amax),
    "Amin": Operation(amin),
    "Any": Operation(any_),
    "Argmax": Operation(argmax),
    "Argmin": Operation(argmin),
    "CountNonzero": Operation(count_nonzero),
    "Cumprod": Operation(cumprod),
    "Cumsum": Operation(cumsum),
    "Logsumexp": Operation(_of_floats("ReduceLogSumExp")),
    "Max": Operation(amax),
    "Mean": Operation(mean),
    "Min": Operation(amin),
    "Moments": Operation(moments),
    "Norm": Operation(norm),
    "Prod": Operation(prod),
    "Ptp": Operation(ptp),
    "Std": Operation(std),
    "Sum": Operation(sum_),
    "Var": Operation(var),
}
