"""Rows for ONNX operators that work on each number by itself, and for reductions."""

from __future__ import annotations

from math import pi, sqrt
from typing import TYPE_CHECKING

from keramos.compile.onnx.element_types import NAMES
from keramos.compile.saved_model.graph_def import Type
from keramos.types.attributes import real

if TYPE_CHECKING:
    from keramos.compile.keras_writer import Node
    from keramos.compile.saved_model.graph_def import Edge
    from keramos.compile.saved_model.writer import Row, Writer


def _unary(kind: str, dtype: str = "") -> Row:
    return lambda w, n: w.unary(kind, w.input(n, 0), dtype)


def _binary(kind: str) -> Row:
    return lambda w, n: w.binary(kind, w.input(n, 0), w.input(n, 1))


def _compared(kind: str) -> Row:
    return lambda w, n: w.binary(kind, w.input(n, 0), w.input(n, 1), "bool")


def _logical(kind: str) -> Row:
    return lambda w, n: w.g.op(kind, *w.inputs(n))


def _joined(w: Writer, n: Node, kind: str) -> Edge:
    first, *rest = w.inputs(n)
    for other in rest:
        first = w.binary(kind, first, other)
    return first


def _many(kind: str) -> Row:
    return lambda w, n: _joined(w, n, kind)


def _mean(w: Writer, n: Node) -> Edge:
    total = _joined(w, n, "AddV2")
    return w.binary("RealDiv", total, w.number(total, len(n.inputs)))


def _float(n: Node, name: str, default: float) -> float:
    found = n.attributes.get(name, default)
    return default if found is None else real(found, name)


def _divide(w: Writer, n: Node) -> Edge:
    x, y = w.inputs(n)
    return w.binary("RealDiv" if x.dtype.startswith("float") else "TruncateDiv", x, y)


def _mod(w: Writer, n: Node) -> Edge:
    return w.binary("Mod" if n.number("fmod") else "FloorMod", w.input(n, 0), w.input(n, 1))


def _pow(w: Writer, n: Node) -> Edge:
    x, y = w.inputs(n)
    return w.binary("Pow", x, w.cast(y, x.dtype))


def _clip(w: Writer, n: Node) -> Edge:
    found = w.input(n, 0)
    for place, kind in ((1, "Maximum"), (2, "Minimum")):
        if place < len(n.inputs) and n.inputs[place] is not None:
            found = w.binary(kind, found, w.input(n, place))
    return found


def _cast(w: Writer, n: Node) -> Edge:
    x, dtype = w.input(n, 0), NAMES[n.number("to")]
    if x.dtype == "str" and dtype != "str":
        return w.g.op("StringToNumber", x, dtype=dtype, out_type=Type(dtype))
    if dtype == "str" and x.dtype != "str":
        return w.g.op("AsString", x, dtype="str", T=Type(x.dtype))
    return w.cast(x, dtype)


def _where(w: Writer, n: Node) -> Edge:
    return w.select(w.input(n, 0), w.input(n, 1), w.input(n, 2))


def _leaky_relu(w: Writer, n: Node) -> Edge:
    x = w.input(n, 0)
    return w.g.op("LeakyRelu", x, T=Type(x.dtype), alpha=_float(n, "alpha", 0.01))


def _elu(w: Writer, n: Node) -> Edge:
    x, alpha = w.input(n, 0), _float(n, "alpha", 1.0)
    y = w.unary("Elu", x)
    if alpha == 1.0:
        return y
    positive = w.binary("Greater", x, w.number(x, 0.0), "bool")
    return w.select(positive, x, w.binary("Mul", y, w.number(x, alpha)))


def _celu(w: Writer, n: Node) -> Edge:
    x, alpha = w.input(n, 0), _float(n, "alpha", 1.0)
    scaled = w.unary("Elu", w.binary("RealDiv", x, w.number(x, alpha)))
    positive = w.binary("Greater", x, w.number(x, 0.0), "bool")
    return w.select(positive, x, w.binary("Mul", scaled, w.number(x, alpha)))


def _prelu(w: Writer, n: Node) -> Edge:
    x, slope = w.inputs(n)
    below = w.binary("Mul", slope, w.unary("Relu", w.unary("Neg", x)))
    return w.binary("Sub", w.unary("Relu", x), below)


def _hard_sigmoid(w: Writer, n: Node) -> Edge:
    x = w.input(n, 0)
    y = w.binary("Mul", x, w.number(x, _float(n, "alpha", 0.2)))
    y = w.binary("AddV2", y, w.number(x, _float(n, "beta", 0.5)))
    return w.binary("Minimum", w.binary("Maximum", y, w.number(x, 0.0)), w.number(x, 1.0))


def _gelu(w: Writer, n: Node) -> Edge:
    x = w.input(n, 0)
    if n.attributes.get("approximate") == "tanh":
        cube = w.binary("Mul", w.binary("Mul", x, x), x)
        inner = w.binary("AddV2", x, w.binary("Mul", cube, w.number(x, 0.044715)))
        share = w.unary("Tanh", w.binary("Mul", inner, w.number(x, sqrt(2 / pi))))
    else:
        share = w.unary("Erf", w.binary("Mul", x, w.number(x, sqrt(0.5))))
    half = w.binary("Mul", x, w.number(x, 0.5))
    return w.binary("Mul", half, w.binary("AddV2", share, w.number(x, 1.0)))


def _mish(w: Writer, n: Node) -> Edge:
    x = w.input(n, 0)
    return w.binary("Mul", x, w.unary("Tanh", w.unary("Softplus", x)))


def _on_last_axis(kind: str) -> Row:
    """TensorFlow has these for the last axis only."""

    def write(w: Writer, n: Node) -> Edge:
        x, rank = w.input(n, 0), n.value(0).rank
        axis = n.number("axis", -1) % rank
        order = [*range(axis), *range(axis + 1, rank), axis]
        y = w.unary(kind, w.g.transpose(x, order))
        return w.g.transpose(y, sorted(range(rank), key=order.__getitem__))

    return write


def _axes(n: Node) -> list[int]:
    axes = n.numbers(1)
    rank = n.value(0).rank
    return list(range(rank)) if axes is None else [axis % rank for axis in axes]


_OF_BOOLEANS = {"Max": "Any", "Min": "All"}


def _reduced(kind: str) -> Row:
    def write(w: Writer, n: Node) -> Edge:
        x = w.input(n, 0)
        found = _OF_BOOLEANS.get(kind, kind) if x.dtype == "bool" else kind
        return w.reduce(found, x, _axes(n), keepdims=bool(n.number("keepdims", 1)))

    return write


def _norm_1(w: Writer, n: Node) -> Edge:
    x = w.unary("Abs", w.input(n, 0))
    return w.reduce("Sum", x, _axes(n), keepdims=bool(n.number("keepdims", 1)))


def _norm_2(w: Writer, n: Node) -> Edge:
    x = w.unary("Square", w.input(n, 0))
    return w.unary("Sqrt", w.reduce("Sum", x, _axes(n), keepdims=bool(n.number("keepdims", 1))))


def _log_sum_exp(w: Writer, n: Node) -> Edge:
    x, axes = w.input(n, 0), _axes(n)
    most = w.reduce("Max", x, axes, keepdims=True)
    total = w.reduce("Sum", w.unary("Exp", w.binary("Sub", x, most)), axes, keepdims=True)
    y = w.binary("AddV2", w.unary("Log", total), most)
    return y if n.number("keepdims", 1) else w.squeeze(y, axes)


def _extreme(kind: str) -> Row:
    def write(w: Writer, n: Node) -> Edge:
        x, axis = w.input(n, 0), n.number("axis") % n.value(0).rank
        types = {"T": Type(x.dtype), "Tidx": Type("int32"), "output_type": Type("int64")}
        place = w.g.op(kind, x, w.g.scalar(axis, "int32"), dtype="int64", **types)
        return w.expand(place, axis) if n.number("keepdims", 1) else place

    return write


ELEMENTWISE: dict[str, Row] = {
    **{
        kind: _unary(kind)
        for kind in (
            *("Abs", "Atan", "Ceil", "Cos", "Erf", "Exp", "Floor", "Identity", "Log", "Neg"),
            *("Reciprocal", "Relu", "Round", "Selu", "Sigmoid", "Sign", "Sin", "Softplus"),
            *("Softsign", "Sqrt", "Tanh", "Sinh", "Cosh", "Asin", "Acos", "Asinh", "Acosh"),
            *("Atanh", "Tan"),
        )
    },
    "Add": _binary("AddV2"),
    "And": _logical("LogicalAnd"),
    "ArgMax": _extreme("ArgMax"),
    "ArgMin": _extreme("ArgMin"),
    "Cast": _cast,
    "Celu": _celu,
    "Clip": _clip,
    "Div": _divide,
    "Elu": _elu,
    "Equal": _compared("Equal"),
    "Gelu": _gelu,
    "Greater": _compared("Greater"),
    "GreaterOrEqual": _compared("GreaterEqual"),
    "HardSigmoid": _hard_sigmoid,
    "IsInf": _unary("IsInf", "bool"),
    "IsNaN": _unary("IsNan", "bool"),
    "LeakyRelu": _leaky_relu,
    "Less": _compared("Less"),
    "LessOrEqual": _compared("LessEqual"),
    "LogSoftmax": _on_last_axis("LogSoftmax"),
    "Max": _many("Maximum"),
    "Mean": _mean,
    "Min": _many("Minimum"),
    "Mish": _mish,
    "Mod": _mod,
    "Mul": _binary("Mul"),
    "Not": _logical("LogicalNot"),
    "Or": _logical("LogicalOr"),
    "PRelu": _prelu,
    "Pow": _pow,
    "ReduceL1": _norm_1,
    "ReduceL2": _norm_2,
    "ReduceLogSumExp": _log_sum_exp,
    "ReduceMax": _reduced("Max"),
    "ReduceMean": _reduced("Mean"),
    "ReduceMin": _reduced("Min"),
    "ReduceProd": _reduced("Prod"),
    "ReduceSum": _reduced("Sum"),
    "Softmax": _on_last_axis("Softmax"),
    "Sub": _binary("Sub"),
    "Sum": _many("AddV2"),
    "Where": _where,
}
