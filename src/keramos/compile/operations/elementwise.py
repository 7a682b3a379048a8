"""Functions of keras.ops that work value by value (keras.ops.numpy, keras.ops.math)."""

from __future__ import annotations

from math import log, pi
from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.lowering.record import Operation
from keramos.compile.onnx.element_types import NUMBER_TYPES
from keramos.compile.operations.values import (
    as_float,
    cast_to,
    floats,
    tensor,
    together,
    widely,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.onnx.graph import Graph, Value
    from keramos.compile.operations.values import Operand

    Unary = Callable[[Graph, Value], Value]
    Binary = Callable[[Graph, Value, Value], Value]


def _of_float(formula: Unary) -> Operation:
    """A function of floating point; whole numbers are converted."""

    def build(s: LayerCall, x: Operand) -> Value:
        return formula(s.g, as_float(s, x))

    return Operation(build)


def _of_any(formula: Unary) -> Operation:
    """A function that keeps the dtype."""

    def build(s: LayerCall, x: Operand) -> Value:
        return formula(s.g, tensor(s, x))

    return Operation(build)


def _of_two(formula: Binary, *, floating: bool = False) -> Operation:
    """A function of two operands, which broadcast."""

    def build(s: LayerCall, x1: Operand, x2: Operand) -> Value:
        return formula(s.g, *(floats if floating else together)(s, x1, x2))

    return Operation(build)


def _of_tensors(formula: Binary) -> Operation:
    """A function of two operands that takes a bare number for a tensor of int32 or float32."""

    def build(s: LayerCall, x1: Operand, x2: Operand) -> Value:
        return formula(s.g, *together(s, tensor(s, x1), tensor(s, x2)))

    return Operation(build)


def _of_booleans(formula: Binary) -> Operation:
    def build(s: LayerCall, x1: Operand, x2: Operand) -> Value:
        return formula(s.g, *(cast_to(s.g, tensor(s, x), "bool") for x in (x1, x2)))

    return Operation(build)


def _one(kind: str) -> Unary:
    return lambda g, x: g.op(kind, x)


def _two(kind: str) -> Binary:
    return lambda g, a, b: g.op(kind, a, b)


def _wide(kind: str) -> Binary:
    return lambda g, a, b: widely(g, lambda v, w: g.op(kind, v, w), a, b)


def _scaled(factor: float, kind: str | None = None) -> Unary:
    return lambda g, x: g.op("Mul", g.op(kind, x) if kind else x, factor)


def _absolute(g: Graph, x: Value) -> Value:
    return x if x.dtype == "bool" else g.op("Abs", x)


def _square(g: Graph, x: Value) -> Value:
    value = cast_to(g, x, "int32") if x.dtype == "bool" else x
    return g.op("Mul", value, value)


def _expm1(g: Graph, x: Value) -> Value:
    """tanh(x / 2) (exp(x) + 1), which keeps the digits of small x."""
    return g.op("Mul", g.op("Tanh", g.op("Mul", x, 0.5)), g.op("Add", g.op("Exp", x), 1.0))


def _log1p(g: Graph, x: Value) -> Value:
    """log(u) x / (u - 1) with u = 1 + x rounded, which keeps the digits of small x (Goldberg
    1991).
    """
    u = g.op("Add", x, 1.0)
    step = g.op("Sub", u, 1.0)
    same = g.op("Or", g.op("Equal", step, 0.0), g.op("Equal", u, float("inf")))
    ratio = g.op("Div", g.op("Mul", g.op("Log", u), x), g.op("Where", same, 1.0, step))
    return g.op("Where", same, x, ratio)


def _trunc(g: Graph, x: Value) -> Value:
    if not x.dtype.startswith("float"):
        return x
    return g.op("Mul", g.op("Sign", x), g.op("Floor", g.op("Abs", x)))


def _cbrt(g: Graph, x: Value) -> Value:
    return g.op("Mul", g.op("Sign", x), g.op("Pow", g.op("Abs", x), 1 / 3))


def _sinc(g: Graph, x: Value) -> Value:
    turned, zero = g.op("Mul", x, pi), g.op("Equal", x, 0.0)
    return g.op(
        "Where", zero, 1.0, g.op("Div", g.op("Sin", turned), g.op("Where", zero, 1.0, turned))
    )


def _finite(g: Graph, x: Value) -> Value:
    return g.op("Not", g.op("Or", g.op("IsNaN", x), g.op("IsInf", x)))


def _infinite(sign: float) -> Unary:
    return lambda g, x: g.op("Equal", x, sign * float("inf"))


def _floor_divide(g: Graph, a: Value, b: Value) -> Value:
    """Whole numbers divide by way of float64, which holds every int32."""
    if a.dtype.startswith("float"):
        return g.op("Floor", g.op("Div", a, b))
    a64, b64 = (g.cast(x, "float64") for x in (a, b))
    return cast_to(g, g.op("Floor", g.op("Div", a64, b64)), a.dtype)


def _mod(g: Graph, a: Value, b: Value) -> Value:
    """The remainder with the sign of the divisor."""
    if not a.dtype.startswith("float"):
        return g.op("Mod", a, b)
    return g.op("Sub", a, g.op("Mul", b, g.op("Floor", g.op("Div", a, b))))


def arctan2(g: Graph, y: Value, x: Value) -> Value:
    """The angle of (x, y): the arc tangent of y / x, half a turn further to the left of the y
    axis.
    """
    zero = g.op("Equal", x, 0.0)
    plain = g.op("Atan", g.op("Div", y, g.op("Where", zero, 1.0, x)))
    minus, plus = (np.asarray(sign, y.dtype) for sign in (-1, 1))
    up = g.op("Where", g.op("Less", y, 0.0), minus, plus)
    left = g.op("Where", g.op("Less", x, 0.0), g.op("Add", plain, g.op("Mul", up, pi)), plain)
    upright = g.op("Mul", g.op("Sign", y), pi / 2)
    return g.op("Where", zero, upright, left)


def _logaddexp(g: Graph, a: Value, b: Value) -> Value:
    apart = g.op("Neg", g.op("Abs", g.op("Sub", a, b)))
    return g.op("Add", g.op("Max", a, b), _log1p(g, g.op("Exp", apart)))


def _hypot(g: Graph, a: Value, b: Value) -> Value:
    return g.op("Sqrt", g.op("Add", g.op("Mul", a, a), g.op("Mul", b, b)))


def _divide_no_nan(g: Graph, a: Value, b: Value) -> Value:
    zero = g.op("Equal", b, 0.0)
    return g.op("Where", zero, 0.0, g.op("Div", a, g.op("Where", zero, 1.0, b)))


def _fmod(g: Graph, a: Value, b: Value) -> Value:
    """The remainder with the sign of the first."""
    return g.op("Mul", g.op("Sign", a), _mod(g, g.op("Abs", a), g.op("Abs", b)))


def _heaviside(g: Graph, a: Value, b: Value) -> Value:
    return g.op("Where", g.op("Less", a, 0.0), 0.0, g.op("Where", g.op("Greater", a, 0.0), 1.0, b))


def _ldexp(g: Graph, a: Value, b: Value) -> Value:
    return g.op("Mul", a, g.op("Pow", 2.0, b))


def _logaddexp2(g: Graph, a: Value, b: Value) -> Value:
    apart = g.op("Mul", g.op("Abs", g.op("Sub", a, b)), -log(2))
    return g.op("Add", g.op("Max", a, b), g.op("Mul", _log1p(g, g.op("Exp", apart)), 1 / log(2)))


def _shift(kind: str) -> Binary:
    """Whole numbers times or by powers of two; ONNX shifts only those without a sign."""

    def formula(g: Graph, a: Value, b: Value) -> Value:
        powers = cast_to(g, g.op("Pow", 2.0, cast_to(g, b, "float64")), a.dtype)
        return g.op("Mul", a, powers) if kind == "left" else _floor_divide(g, a, powers)

    return formula


def power(s: LayerCall, x1: Operand, x2: Operand) -> Value:
    """x1 to the x2."""
    return widely(s.g, lambda a, b: s.g.op("Pow", a, b), *together(s, x1, x2))


def round_(s: LayerCall, x: Operand, *, decimals: int = 0) -> Value:
    """The nearest number of so many decimals, halves to even."""
    value = tensor(s, x)
    if not value.dtype.startswith("float"):
        if decimals < 0:
            raise s.unsupported("decimals", decimals, "whole numbers round to 0 decimals or more")
        return value
    if not decimals:
        return s.g.op("Round", value)
    return s.g.op("Div", s.g.op("Round", s.g.op("Mul", value, 10.0**decimals)), 10.0**decimals)


def clip(s: LayerCall, x: Operand, x_min: Operand, x_max: Operand) -> Value:
    """X between two bounds."""
    g = s.g
    return widely(
        g,
        lambda v, low, high: g.op("Min", g.op("Max", v, low), high),
        *together(s, x, x_min, x_max),
    )


def where(
    s: LayerCall, condition: Operand, x1: Operand | None = None, x2: Operand | None = None
) -> Value:
    """x1 where the condition holds, else x2."""
    if x1 is None or x2 is None:
        raise s.unsupported("x1", x1, "both branches are needed")
    holds = cast_to(s.g, tensor(s, condition), "bool")
    return widely(s.g, lambda a, b: s.g.op("Where", holds, a, b), *together(s, x1, x2))


def cast(s: LayerCall, x: Operand, dtype: str = "float32") -> Value:
    """X in another dtype."""
    return cast_to(s.g, tensor(s, x), dtype)


def saturate_cast(s: LayerCall, x: Operand, dtype: str) -> Value:
    """X in another dtype; what is too large or small for it becomes its last number."""
    value = tensor(s, x)
    if not dtype.startswith(("int", "uint")) or dtype not in NUMBER_TYPES:
        return cast_to(s.g, value, dtype)
    bounds, wide = np.iinfo(dtype), cast_to(s.g, value, "float64")
    low, high = (
        float(bounds.min),
        float(np.nextafter(float(bounds.max) + 1, 0)) if bounds.bits > 53 else float(bounds.max),
    )
    return cast_to(s.g, s.g.op("Min", s.g.op("Max", wide, low), high), dtype)


def select(
    s: LayerCall, condlist: list[Operand], choicelist: list[Operand], default: Operand = 0
) -> Value:
    """The choice of the first condition that holds, else a default."""
    y, *choices = together(s, default, *choicelist)
    for condition, choice in zip(reversed(condlist), reversed(choices), strict=True):
        y = s.g.op("Where", cast_to(s.g, tensor(s, condition), "bool"), choice, y)
    return y


def convert(s: LayerCall, x: Operand, *, dtype: str | None = None) -> Value:
    """X, in another dtype if one is named."""
    return tensor(s, x) if dtype is None else cast_to(s.g, tensor(s, x), dtype)


def nan_to_num(
    s: LayerCall,
    x: Operand,
    *,
    nan: float = 0.0,
    posinf: float | None = None,
    neginf: float | None = None,
) -> Value:
    """Numbers in place of NaN and infinities."""
    g, value, most = s.g, tensor(s, x), 3.4028234663852886e38
    if not value.dtype.startswith("float"):
        return value
    y = g.op("Where", g.op("IsNaN", value), float(nan), value)
    y = g.op("Where", g.op("Equal", y, float("inf")), most if posinf is None else float(posinf), y)
    return g.op(
        "Where", g.op("Equal", y, -float("inf")), -most if neginf is None else float(neginf), y
    )


def same(s: LayerCall, x: Operand) -> Value:
    """X."""
    return tensor(s, x)


_FLOAT: dict[str, Unary] = {
    "Arccos": _one("Acos"),
    "Arccosh": _one("Acosh"),
    "Arcsin": _one("Asin"),
    "Arcsinh": _one("Asinh"),
    "Arctan": _one("Atan"),
    "Arctanh": _one("Atanh"),
    "Cbrt": _cbrt,
    "Ceil": _one("Ceil"),
    "Cos": _one("Cos"),
    "Cosh": _one("Cosh"),
    "Deg2rad": _scaled(pi / 180),
    "Erf": _one("Erf"),
    "Erfc": lambda g, x: g.op("Sub", 1.0, g.op("Erf", x)),
    "Exp": _one("Exp"),
    "Exp2": lambda g, x: g.op("Pow", 2.0, x),
    "Expm1": _expm1,
    "Fabs": _one("Abs"),
    "Floor": _one("Floor"),
    "Isfinite": _finite,
    "Isinf": _one("IsInf"),
    "Isnan": _one("IsNaN"),
    "Isneginf": _infinite(-1),
    "Isposinf": _infinite(1),
    "Log": _one("Log"),
    "Log10": _scaled(1 / log(10), "Log"),
    "Log1p": _log1p,
    "Log2": _scaled(1 / log(2), "Log"),
    "Rad2deg": _scaled(180 / pi),
    "Reciprocal": _one("Reciprocal"),
    "Rsqrt": lambda g, x: g.op("Reciprocal", g.op("Sqrt", x)),
    "Sin": _one("Sin"),
    "Sinc": _sinc,
    "Sinh": _one("Sinh"),
    "Sqrt": _one("Sqrt"),
    "Tan": _one("Tan"),
    "Tanh": _one("Tanh"),
}
_ANY: dict[str, Unary] = {
    "Abs": _absolute,
    "Absolute": _absolute,
    "BitwiseInvert": _one("BitwiseNot"),
    "BitwiseNot": _one("BitwiseNot"),
    "Conj": _one("Identity"),
    "Conjugate": _one("Identity"),
    "LogicalNot": lambda g, x: g.op("Not", cast_to(g, x, "bool")),
    "Negative": _one("Neg"),
    "Real": _one("Identity"),
    "Sign": _one("Sign"),
    "Signbit": lambda g, x: g.op("Less", x, 0),
    "Square": _square,
    "Trunc": _trunc,
}
_TWO: dict[str, Binary] = {
    "Add": _two("Add"),
    "BitwiseLeftShift": _shift("left"),
    "BitwiseRightShift": _shift("right"),
    "Equal": _two("Equal"),
    "FloorDivide": _floor_divide,
    "Greater": _two("Greater"),
    "GreaterEqual": _two("GreaterOrEqual"),
    "LeftShift": _shift("left"),
    "Less": _two("Less"),
    "LessEqual": _two("LessOrEqual"),
    "Maximum": _wide("Max"),
    "Minimum": _wide("Min"),
    "Multiply": _two("Mul"),
    "NotEqual": lambda g, a, b: g.op("Not", g.op("Equal", a, b)),
    "RightShift": _shift("right"),
    "Subtract": _two("Sub"),
}
_TWO_TENSORS: dict[str, Binary] = {
    "BitwiseAnd": _two("BitwiseAnd"),
    "BitwiseOr": _two("BitwiseOr"),
    "BitwiseXor": _two("BitwiseXor"),
    "Fmod": _fmod,
    "Mod": _mod,
}
_TWO_FLOATS: dict[str, Binary] = {
    "Arctan2": arctan2,
    "Divide": _two("Div"),
    "DivideNoNan": _divide_no_nan,
    "Heaviside": _heaviside,
    "Hypot": _hypot,
    "Ldexp": _ldexp,
    "Logaddexp": _logaddexp,
    "Logaddexp2": _logaddexp2,
    "TrueDivide": _two("Div"),
}
_BOOLEANS = {"LogicalAnd": _two("And"), "LogicalOr": _two("Or"), "LogicalXor": _two("Xor")}

OPERATIONS = {
    **{name: _of_float(formula) for name, formula in _FLOAT.items()},
    **{name: _of_any(formula) for name, formula in _ANY.items()},
    **{name: _of_two(formula) for name, formula in _TWO.items()},
    **{name: _of_tensors(formula) for name, formula in _TWO_TENSORS.items()},
    **{name: _of_two(formula, floating=True) for name, formula in _TWO_FLOATS.items()},
    **{name: _of_booleans(formula) for name, formula in _BOOLEANS.items()},
    "Cast": Operation(cast),
    "Clip": Operation(clip),
    "ConvertToTensor": Operation(convert, ignored=("sparse", "ragged")),
    "Array": Operation(convert),
    "Copy": Operation(same),
    "NanToNum": Operation(nan_to_num),
    "Power": Operation(power),
    "Round": Operation(round_),
    "SaturateCast": Operation(saturate_cast),
    "Select": Operation(select),
    "StopGradient": Operation(same, ignored=("variable",)),
    "Where": Operation(where),
}
