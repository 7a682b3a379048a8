"""Functions of keras.ops that ignore NaN (keras.ops.nan*), and isclose."""

from __future__ import annotations

from math import inf, nan
from typing import TYPE_CHECKING

from keramos.compile.lowering.record import Operation
from keramos.compile.operations import reductions
from keramos.compile.operations.conversions import nan_to_num
from keramos.compile.operations.values import as_float, cast_to, is_float, tensor, together

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.onnx.graph import Graph, Value
    from keramos.compile.operations.reductions import Axis
    from keramos.compile.operations.values import Operand


def _without(s: LayerCall, x: Operand, fill: float) -> Value:
    """X with a number in place of NaN, which whole numbers do not have."""
    value = tensor(s, x)
    return _filled(s.g, value, fill) if is_float(value) else value


def _filled(g: Graph, value: Value, fill: float) -> Value:
    return g.op("Where", g.op("IsNaN", value), fill, value)


def _present(s: LayerCall, x: Operand) -> Value:
    """0 where a value is NaN, else 1."""
    return cast_to(s.g, s.g.op("Not", s.g.op("IsNaN", as_float(s, x))), "float32")


def _extreme(reduced: Callable[..., Value], fill: float, otherwise: float) -> Callable[..., Value]:
    """An extreme or its index; ``otherwise`` where every value is NaN."""

    def build(s: LayerCall, x: Operand, *, axis: Axis = None, keepdims: bool = False) -> Value:
        y = reduced(s, _without(s, x, fill), axis=axis, keepdims=keepdims)
        value = tensor(s, x)
        if not is_float(value):
            return y
        none = reductions.all_(s, s.g.op("IsNaN", value), axis=axis, keepdims=keepdims)
        return s.g.op("Where", none, otherwise, y)

    return build


def _total(reduced: Callable[..., Value], fill: float) -> Callable[..., Value]:
    """A sum or product in which NaN counts as ``fill``."""

    def build(s: LayerCall, x: Operand, *, axis: Axis = None, keepdims: bool = False) -> Value:
        return reduced(s, _without(s, x, fill), axis=axis, keepdims=keepdims)

    return build


def _cumulative(total: Callable[..., Value], fill: float) -> Callable[..., Value]:
    """A sum or product of the values so far; as in Keras, infinities become the largest numbers."""

    def build(
        s: LayerCall, x: Operand, *, axis: int | None = None, dtype: str | None = None
    ) -> Value:
        return total(s, nan_to_num(s, x, nan=fill), axis=axis, dtype=dtype)

    return build


def nanmean(s: LayerCall, x: Operand, *, axis: Axis = None, keepdims: bool = False) -> Value:
    """The mean."""
    total = reductions.sum_(s, _filled(s.g, as_float(s, x), 0.0), axis=axis, keepdims=keepdims)
    return s.g.op("Div", total, reductions.sum_(s, _present(s, x), axis=axis, keepdims=keepdims))


def nanvar(s: LayerCall, x: Operand, *, axis: Axis = None, keepdims: bool = False) -> Value:
    """The variance."""
    g, value = s.g, as_float(s, x)
    distance = g.op("Sub", value, nanmean(s, value, axis=axis, keepdims=True))
    distance = g.op("Where", g.op("IsNaN", value), 0.0, distance)
    total = reductions.sum_(s, g.op("Mul", distance, distance), axis=axis, keepdims=keepdims)
    return g.op("Div", total, reductions.sum_(s, _present(s, value), axis=axis, keepdims=keepdims))


def nanstd(s: LayerCall, x: Operand, *, axis: Axis = None, keepdims: bool = False) -> Value:
    """The standard deviation."""
    return s.g.op("Sqrt", nanvar(s, x, axis=axis, keepdims=keepdims))


def _of_numbers(kind: str) -> Callable[..., Value]:
    """The larger or smaller of two values; a number takes precedence over NaN."""

    def build(s: LayerCall, x1: Operand, x2: Operand) -> Value:
        g, (a, b) = s.g, together(s, x1, x2)
        y = g.op(kind, a, b)
        if not is_float(a):
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
    if not is_float(a):
        return g.op("Equal", a, b)
    bound = g.op("Add", g.op("Mul", g.op("Abs", b), float(rtol)), float(atol))
    y = g.op("LessOrEqual", g.op("Abs", g.op("Sub", a, b)), bound)
    return g.op("Or", y, g.op("And", g.op("IsNaN", a), g.op("IsNaN", b))) if equal_nan else y


OPERATIONS = {
    "Fmax": Operation(_of_numbers("Max")),
    "Fmin": Operation(_of_numbers("Min")),
    "Isclose": Operation(isclose),
    "Nanargmax": Operation(_extreme(reductions.argmax, -inf, -1)),
    "Nanargmin": Operation(_extreme(reductions.argmin, inf, -1)),
    "Nancumprod": Operation(_cumulative(reductions.cumprod, 1.0)),
    "Nancumsum": Operation(_cumulative(reductions.cumsum, 0.0)),
    "Nanmax": Operation(_extreme(reductions.amax, -inf, nan)),
    "Nanmean": Operation(nanmean),
    "Nanmin": Operation(_extreme(reductions.amin, inf, nan)),
    "Nanprod": Operation(_total(reductions.prod, 1.0)),
    "Nanstd": Operation(nanstd),
    "Nansum": Operation(_total(reductions.sum_, 0.0)),
    "Nanvar": Operation(nanvar),
}
