"""Functions of keras.ops that work value by value (keras.ops.numpy, keras.ops.math)."""

from __future__ import annotations

from math import log, pi
from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.lowering.record import Operation
from keramos.compile.operations.values import (
    as_float,
    cast_to,
    floats,
    is_float,
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
    Formula = str | Callable[..., Value]
    """The name of an ONNX operator, or a function that appends nodes."""


def _apply(g: Graph, formula: Formula, *operands: Value) -> Value:
    return g.op(formula, *operands) if isinstance(formula, str) else formula(g, *operands)


def _of_one(formula: Formula, operand: Callable[[LayerCall, object], Value]) -> Operation:
    """A function of one operand, which ``operand`` converts."""

    def build(s: LayerCall, x: Operand) -> Value:
        return _apply(s.g, formula, operand(s, x))

    return Operation(build)


def _of_two(formula: Formula, operands: Callable[..., list[Value]]) -> Operation:
    """A function of two operands, which ``operands`` converts and ONNX broadcasts."""

    def build(s: LayerCall, x1: Operand, x2: Operand) -> Value:
        return _apply(s.g, formula, *operands(s, x1, x2))

    return Operation(build)


def _tensors(s: LayerCall, *items: Operand) -> list[Value]:
    """Operands of one dtype, where a bare number is a tensor of int32 or float32."""
    return together(s, *(tensor(s, item) for item in items))


def _booleans(s: LayerCall, *items: Operand) -> list[Value]:
    return [cast_to(s.g, tensor(s, item), "bool") for item in items]


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
    if not is_float(x):
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


def floor_divide(g: Graph, a: Value, b: Value) -> Value:
    """The floor of the quotient; integers go through float64, which holds every int32."""
    if is_float(a):
        return g.op("Floor", g.op("Div", a, b))
    a64, b64 = (g.cast(x, "float64") for x in (a, b))
    return cast_to(g, g.op("Floor", g.op("Div", a64, b64)), a.dtype)


def _mod(g: Graph, a: Value, b: Value) -> Value:
    """The remainder with the sign of the divisor."""
    if not is_float(a):
        return g.op("Mod", a, b)
    return g.op("Sub", a, g.op("Mul", b, g.op("Floor", g.op("Div", a, b))))


def arctan2(g: Graph, y: Value, x: Value) -> Value:
    """The angle of (x, y): the arc tangent of y / x, plus or minus pi where x is
    negative.
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
    """The remainder with the sign of the dividend."""
    return g.op("Mul", g.op("Sign", a), _mod(g, g.op("Abs", a), g.op("Abs", b)))


def _heaviside(g: Graph, a: Value, b: Value) -> Value:
    return g.op("Where", g.op("Less", a, 0.0), 0.0, g.op("Where", g.op("Greater", a, 0.0), 1.0, b))


def _ldexp(g: Graph, a: Value, b: Value) -> Value:
    return g.op("Mul", a, g.op("Pow", 2.0, b))


def _logaddexp2(g: Graph, a: Value, b: Value) -> Value:
    apart = g.op("Mul", g.op("Abs", g.op("Sub", a, b)), -log(2))
    return g.op("Add", g.op("Max", a, b), g.op("Mul", _log1p(g, g.op("Exp", apart)), 1 / log(2)))


def _shift(kind: str) -> Binary:
    """Multiply or divide integers by powers of two; ONNX shifts only unsigned integers."""

    def formula(g: Graph, a: Value, b: Value) -> Value:
        powers = cast_to(g, g.op("Pow", 2.0, cast_to(g, b, "float64")), a.dtype)
        return g.op("Mul", a, powers) if kind == "left" else floor_divide(g, a, powers)

    return formula


def round_(s: LayerCall, x: Operand, *, decimals: int = 0) -> Value:
    """Round to a number of decimals, halves to even."""
    value = tensor(s, x)
    if not is_float(value):
        if decimals < 0:
            raise s.unsupported("decimals", decimals, "whole numbers round to 0 decimals or more")
        return value
    if not decimals:
        return s.g.op("Round", value)
    return s.g.op("Div", s.g.op("Round", s.g.op("Mul", value, 10.0**decimals)), 10.0**decimals)


_FLOAT: dict[str, Formula] = {
    "Arccos": "Acos",
    "Arccosh": "Acosh",
    "Arcsin": "Asin",
    "Arcsinh": "Asinh",
    "Arctan": "Atan",
    "Arctanh": "Atanh",
    "Cbrt": _cbrt,
    "Ceil": "Ceil",
    "Cos": "Cos",
    "Cosh": "Cosh",
    "Deg2rad": _scaled(pi / 180),
    "Erf": "Erf",
    "Erfc": lambda g, x: g.op("Sub", 1.0, g.op("Erf", x)),
    "Exp": "Exp",
    "Exp2": lambda g, x: g.op("Pow", 2.0, x),
    "Expm1": _expm1,
    "Fabs": "Abs",
    "Floor": "Floor",
    "Isfinite": _finite,
    "Isinf": "IsInf",
    "Isnan": "IsNaN",
    "Isneginf": _infinite(-1),
    "Isposinf": _infinite(1),
    "Log": "Log",
    "Log10": _scaled(1 / log(10), "Log"),
    "Log1p": _log1p,
    "Log2": _scaled(1 / log(2), "Log"),
    "Rad2deg": _scaled(180 / pi),
    "Reciprocal": "Reciprocal",
    "Rsqrt": lambda g, x: g.op("Reciprocal", g.op("Sqrt", x)),
    "Sin": "Sin",
    "Sinc": _sinc,
    "Sinh": "Sinh",
    "Sqrt": "Sqrt",
    "Tan": "Tan",
    "Tanh": "Tanh",
}
"""Functions of one operand, which is converted to floating point."""

_ANY: dict[str, Formula] = {
    "Abs": _absolute,
    "Absolute": _absolute,
    "BitwiseInvert": "BitwiseNot",
    "BitwiseNot": "BitwiseNot",
    "Conj": "Identity",
    "Conjugate": "Identity",
    "LogicalNot": lambda g, x: g.op("Not", cast_to(g, x, "bool")),
    "Negative": "Neg",
    "Real": "Identity",
    "Sign": "Sign",
    "Signbit": lambda g, x: g.op("Less", x, 0),
    "Square": _square,
    "Trunc": _trunc,
}
"""Functions of one operand of any dtype."""

_TWO: dict[str, Formula] = {
    "Add": "Add",
    "BitwiseLeftShift": _shift("left"),
    "BitwiseRightShift": _shift("right"),
    "Equal": "Equal",
    "FloorDivide": floor_divide,
    "Greater": "Greater",
    "GreaterEqual": "GreaterOrEqual",
    "LeftShift": _shift("left"),
    "Less": "Less",
    "LessEqual": "LessOrEqual",
    "Maximum": _wide("Max"),
    "Minimum": _wide("Min"),
    "Multiply": "Mul",
    "NotEqual": lambda g, a, b: g.op("Not", g.op("Equal", a, b)),
    "Power": _wide("Pow"),
    "RightShift": _shift("right"),
    "Subtract": "Sub",
}
"""Functions of two operands, which are brought to one dtype."""

_TWO_TENSORS: dict[str, Formula] = {
    "BitwiseAnd": "BitwiseAnd",
    "BitwiseOr": "BitwiseOr",
    "BitwiseXor": "BitwiseXor",
    "Fmod": _fmod,
    "Mod": _mod,
}
_TWO_FLOATS: dict[str, Formula] = {
    "Arctan2": arctan2,
    "Divide": "Div",
    "DivideNoNan": _divide_no_nan,
    "Heaviside": _heaviside,
    "Hypot": _hypot,
    "Ldexp": _ldexp,
    "Logaddexp": _logaddexp,
    "Logaddexp2": _logaddexp2,
    "TrueDivide": "Div",
}
_BOOLEANS = {"LogicalAnd": "And", "LogicalOr": "Or", "LogicalXor": "Xor"}

OPERATIONS = {
    **{name: _of_one(formula, as_float) for name, formula in _FLOAT.items()},
    **{name: _of_one(formula, tensor) for name, formula in _ANY.items()},
    **{name: _of_two(formula, together) for name, formula in _TWO.items()},
    **{name: _of_two(formula, _tensors) for name, formula in _TWO_TENSORS.items()},
    **{name: _of_two(formula, floats) for name, formula in _TWO_FLOATS.items()},
    **{name: _of_two(formula, _booleans) for name, formula in _BOOLEANS.items()},
    "Round": Operation(round_),
}
