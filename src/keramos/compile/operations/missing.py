"""Functions of keras.ops that pass over NaN (keras.ops.nan*), and those that compare nearly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.compile.lowering.record import Operation
from keramos.compile.operations import reductions
from keramos.compile.operations.elementwise import nan_to_num
from keramos.compile.operations.values import as_float, cast_to, tensor, together

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.onnx.graph import Graph, Value
    from keramos.compile.operations.reductions import Axis
    from keramos.compile.operations.values import Operand


def _without(s: LayerCall, x: Operand, fill: float) -> Value:
    """X with a number in place of NaN, which whole numbers do not have."""
    value = tensor(s, x)
    return _filled(s.g, value, fill) if value.dtype.startswith("float") else value


def _filled(g: Graph, value: Value, fill: float) -> Value:
    return g.op("Where", g.op("IsNaN", value), fill, value)


def _present(s: LayerCall, x: Operand) -> Value:
    """1 where there is a number, else 0."""
    return cast_to(s.g, s.g.op("Not", s.g.op("IsNaN", as_float(s, x))), "float32")


def _extreme(reduced: Callable[..., Value], fill: float) -> Callable[..., Value]:
    """An extreme; NaN where there is no number at all."""

    def build(s: LayerCall, x: Operand, *, axis: Axis = None, keepdims: bool = False) -> Value:
        y = reduced(s, _without(s, x, fill), axis=axis, keepdims=keepdims)
        value = tensor(s, x)
        if not value.dtype.startswith("float"):
            return y
        none = reductions.all_(s, s.g.op("IsNaN", value), axis=axis, keepdims=keepdims)
        return s.g.op("Where", none, float("nan"), y)

    return build


def _place(found: Callable[..., Value], fill: float) -> Callable[..., Value]:
    """The place of an extreme; -1 where there is no number at all."""

    def build(
        s: LayerCall, x: Operand, *, axis: int | None = None, keepdims: bool = False
    ) -> Value:
        y = found(s, _without(s, x, fill), axis=axis, keepdims=keepdims)
        value = tensor(s, x)
        if not value.dtype.startswith("float"):
            return y
        none = reductions.all_(s, s.g.op("IsNaN", value), axis=axis, keepdims=keepdims)
        return s.g.op("Where", none, -1, y)

    return build


def nansum(s: LayerCall, x: Operand, *, axis: Axis = None, keepdims: bool = False) -> Value:
    """Sum."""
    return reductions.sum_(s, _without(s, x, 0.0), axis=axis, keepdims=keepdims)


def nanprod(s: LayerCall, x: Operand, *, axis: Axis = None, keepdims: bool = False) -> Value:
    """Product."""
    return reductions.prod(s, _without(s, x, 1.0), axis=axis, keepdims=keepdims)


def nanmean(s: LayerCall, x: Operand, *, axis: Axis = None, keepdims: bool = False) -> Value:
    """Mean."""
    total = reductions.sum_(s, _filled(s.g, as_float(s, x), 0.0), axis=axis, keepdims=keepdims)
    return s.g.op("Div", total, reductions.sum_(s, _present(s, x), axis=axis, keepdims=keepdims))


def nanvar(s: LayerCall, x: Operand, *, axis: Axis = None, keepdims: bool = False) -> Value:
    """Mean square distance from the mean."""
    g, value = s.g, as_float(s, x)
    distance = g.op("Sub", value, nanmean(s, value, axis=axis, keepdims=True))
    distance = g.op("Where", g.op("IsNaN", value), 0.0, distance)
    total = reductions.sum_(s, g.op("Mul", distance, distance), axis=axis, keepdims=keepdims)
    return g.op("Div", total, reductions.sum_(s, _present(s, value), axis=axis, keepdims=keepdims))


def nanstd(s: LayerCall, x: Operand, *, axis: Axis = None, keepdims: bool = False) -> Value:
    """Square root of the variance."""
    return s.g.op("Sqrt", nanvar(s, x, axis=axis, keepdims=keepdims))


def nancumsum(
    s: LayerCall, x: Operand, *, axis: int | None = None, dtype: str | None = None
) -> Value:
    """Sum up to each place; as in Keras, infinities become the largest numbers."""
    return reductions.cumsum(s, nan_to_num(s, x), axis=axis, dtype=dtype)


def nancumprod(
    s: LayerCall, x: Operand, *, axis: int | None = None, dtype: str | None = None
) -> Value:
    """Product up to each place; as in Keras, infinities become the largest numbers."""
    return reductions.cumprod(s, nan_to_num(s, x, nan=1.0), axis=axis, dtype=dtype)


def _of_numbers(kind: str) -> Callable[..., Value]:
    """The larger or smaller of two; a number goes before NaN."""

    def build(s: LayerCall, x1: Operand, x2: Operand) -> Value:
        g, (a, b) = s.g, together(s, x1, x2)
        y = g.op(kind, a, b)
        if not a.dtype.startswith("float"):
            return y
        return g.op("Where", g.op("IsNaN", a), b, g.op("Where", g.op("IsNaN", b), a, y))

    return build


def isclose(
    s: LayerCall,
    x1: Operand,
    x2: Operand,
    rtol: float = 1e-5,
    atol: float = 1e-8,
    *,
    equal_nan: bool = False,
) -> Value:
    """Whether |x1 - x2| <= atol + rtol |x2|; whole numbers must be equal."""
    g, (a, b) = s.g, together(s, x1, x2)
    if not a.dtype.startswith("float"):
        return g.op("Equal", a, b)
    bound = g.op("Add", g.op("Mul", g.op("Abs", b), float(rtol)), float(atol))
    y = g.op("LessOrEqual", g.op("Abs", g.op("Sub", a, b)), bound)
    return g.op("Or", y, g.op("And", g.op("IsNaN", a), g.op("IsNaN", b))) if equal_nan else y


OPERATIONS = {
    "Fmax": Operation(_of_numbers("Max")),
    "Fmin": Operation(_of_numbers("Min")),
    "Isclose": Operation(isclose),
    "Nanargmax": Operation(_place(reductions.argmax, -float("inf"))),
    "Nanargmin": Operation(_place(reductions.argmin, float("inf"))),
    "Nancumprod": Operation(nancumprod),
    "Nancumsum": Operation(nancumsum),
    "Nanmax": Operation(_extreme(reductions.amax, -float("inf"))),
    "Nanmean": Operation(nanmean),
    "Nanmin": Operation(_extreme(reductions.amin, float("inf"))),
    "Nanprod": Operation(nanprod),
    "Nanstd": Operation(nanstd),
    "Nansum": Operation(nansum),
    "Nanvar": Operation(nanvar),
}
