"""Operations that graphs fuse: a product or a convolution, and what follows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.compile.operations import convolution, nn, tensorflow_only
from keramos.compile.operations.values import as_float
from keramos.compile.tensorflow_graph.images import convolved
from keramos.errors import UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keramos.compile.onnx.graph import Value
    from keramos.compile.tensorflow_graph.operands import NodeCall, Operand

    Row = Callable[[NodeCall], tuple[Operand, ...]]

_FIRST = 2
"""Inputs of a product or convolution; those of what follows it stand behind them."""


def prelu(n: NodeCall, x: Value, alpha: Value) -> Value:
    """X, or alpha times x where it is below 0."""
    g = n.g
    return g.op("Where", g.op("Less", x, 0), g.op("Mul", alpha, x), x)


def _followed(n: NodeCall, y: Value) -> tuple[Operand, ...]:
    """``y`` through the operations that are fused with it."""
    rest = iter(range(_FIRST, len(n.operands)))
    for word in n.texts("fused_ops"):
        if word == "BiasAdd":
            layout = n.attribute("data_format", None)
            y = tensorflow_only.bias_add(
                n.s, y, n.value(next(rest)), data_format=None if layout is None else str(layout)
            )
        elif word == "Prelu":
            y = prelu(n, y, n.value(next(rest)))
        elif word == "LeakyRelu":
            slope = n.real("leakyrelu_alpha", 0.2)
            y = n.g.op("LeakyRelu", y, alpha=slope)
        elif word in _PLAIN:
            y = _PLAIN[word](n, y)
        else:
            raise UnsupportedModelError(
                "the fused operation is not supported", option="fused_ops", received=word
            )
    return (y,)


_PLAIN: Mapping[str, Callable[[NodeCall, Value], Value]] = {
    "Elu": lambda n, y: n.g.op("Elu", y),
    "GeluApproximate": lambda n, y: nn.gelu(n.s, y, approximate=True),
    "GeluExact": lambda n, y: nn.gelu(n.s, y, approximate=False),
    "Relu": lambda n, y: n.g.op("Relu", y),
    "Relu6": lambda n, y: n.g.op("Clip", y, 0.0, 6.0),
    "Sigmoid": lambda n, y: n.g.op("Sigmoid", y),
    "Tanh": lambda n, y: n.g.op("Tanh", y),
}
"""Fused operations without inputs of their own."""


def _matmul(n: NodeCall) -> tuple[Operand, ...]:
    y = tensorflow_only.matmul(
        n.s,
        n.value(0),
        n.value(1),
        transpose_a=bool(n.attribute("transpose_a", default=False)),
        transpose_b=bool(n.attribute("transpose_b", default=False)),
    )
    return _followed(n, y)


def _conv(n: NodeCall) -> tuple[Operand, ...]:
    return _followed(n, convolved(n, convolution.conv))


def _depthwise(n: NodeCall) -> tuple[Operand, ...]:
    return _followed(n, convolved(n, convolution.depthwise_conv))


def _prelu(n: NodeCall) -> tuple[Operand, ...]:
    return (prelu(n, as_float(n.s, n.value(0)), n.value(1)),)


ROWS: Mapping[str, Row] = {
    "FusedConv2D": _conv,
    "FusedDepthwiseConv2dNative": _depthwise,
    "Prelu": _prelu,
    "_FusedConv2D": _conv,
    "_FusedDepthwiseConv2dNative": _depthwise,
    "_FusedMatMul": _matmul,
}
"""Operation -> what compiles it."""
