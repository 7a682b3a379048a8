"""Keras' activation functions as ONNX: one row a name. Formulas: keras.activations of Keras 3."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.options import nearest
from keramos.errors import UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.compile.graph import Graph, Value

    Function = Callable[[Graph, Value], Value]


def clip(g: Graph, x: Value, low: float, high: float) -> Value:
    """X between two numbers."""
    return g.op("Min", g.op("Max", x, low), high)


def hard_sigmoid(g: Graph, x: Value) -> Value:
    """clip(x / 6 + 0.5, 0, 1), the formula of Keras 3."""
    return g.op("HardSigmoid", x, alpha=1 / 6, beta=0.5)


def _silu(g: Graph, x: Value) -> Value:
    return g.op("Mul", x, g.op("Sigmoid", x))


def _glu(g: Graph, x: Value) -> Value:
    if x.shape[-1] is None or x.shape[-1] % 2:
        raise UnsupportedModelError(f"activation 'glu' needs an even last axis; received {x.shape}")
    half = x.shape[-1] // 2
    a, b = g.ops("Split", x, [half, half], outputs=2, axis=-1)
    return g.op("Mul", a, g.op("Sigmoid", b))


def _soft_shrink(g: Graph, x: Value) -> Value:
    return g.op("Mul", g.op("Sign", x), g.op("Relu", g.op("Sub", g.op("Abs", x), 0.5)))


def _hard_shrink(g: Graph, x: Value) -> Value:
    return g.op("Where", g.op("Greater", g.op("Abs", x), 0.5), x, 0.0)


def _squareplus(g: Graph, x: Value) -> Value:
    root = g.op("Sqrt", g.op("Add", g.op("Mul", x, x), 4.0))
    return g.op("Mul", g.op("Add", x, root), 0.5)


def _sparse_plus(g: Graph, x: Value) -> Value:
    middle = g.op("Mul", g.op("Mul", g.op("Add", x, 1.0), g.op("Add", x, 1.0)), 0.25)
    inner = g.op("Where", g.op("Less", x, 1.0), middle, x)
    return g.op("Where", g.op("LessOrEqual", x, -1.0), 0.0, inner)


def _sparsemax(g: Graph, x: Value) -> Value:
    """Sparsemax over the last axis as Keras computes it: its threshold adds up cumulative sums of the support,
    where the paper (Martins and Astudillo 2016) takes the last one. The file's answers come from Keras.
    """
    size = x.shape[-1]
    if size is None:
        raise UnsupportedModelError("activation 'sparsemax' needs a last axis of known size")
    g.room_for("ranks", size)
    ordered, _ = g.ops("TopK", x, [size], outputs=2, axis=-1)
    ranks = np.arange(1, size + 1, dtype=x.dtype)
    sums = g.op("CumSum", ordered, np.int64(-1))
    support = g.op("Greater", g.op("Add", g.op("Mul", ordered, ranks), 1.0), sums)
    chosen = g.op("Cast", support, to=1)
    count = g.op("ReduceSum", chosen, [-1], keepdims=1)
    total = g.op("ReduceSum", g.op("Mul", sums, chosen), [-1], keepdims=1)
    return g.op("Relu", g.op("Sub", x, g.op("Div", g.op("Sub", total, 1.0), count)))


ACTIVATIONS: dict[str, Function] = {
    "celu": lambda g, x: g.op("Celu", x, alpha=1.0),
    "elu": lambda g, x: g.op("Elu", x, alpha=1.0),
    "exponential": lambda g, x: g.op("Exp", x),
    "gelu": lambda g, x: g.op("Gelu", x),
    "glu": _glu,
    "hard_shrink": _hard_shrink,
    "hard_sigmoid": hard_sigmoid,
    "hard_sigmoid_keras2": lambda g, x: g.op("HardSigmoid", x, alpha=0.2, beta=0.5),
    "hard_silu": lambda g, x: g.op("Mul", x, hard_sigmoid(g, x)),
    "hard_swish": lambda g, x: g.op("Mul", x, hard_sigmoid(g, x)),
    "hard_tanh": lambda g, x: clip(g, x, -1.0, 1.0),
    "leaky_relu": lambda g, x: g.op("LeakyRelu", x, alpha=0.2),
    "linear": lambda _, x: x,
    "log_sigmoid": lambda g, x: g.op("Neg", g.op("Softplus", g.op("Neg", x))),
    "log_softmax": lambda g, x: g.op("LogSoftmax", x, axis=-1),
    "mish": lambda g, x: g.op("Mish", x),
    "relu": lambda g, x: g.op("Relu", x),
    "relu6": lambda g, x: clip(g, x, 0.0, 6.0),
    "selu": lambda g, x: g.op("Selu", x, alpha=1.6732632423543772, gamma=1.0507009873554805),
    "sigmoid": lambda g, x: g.op("Sigmoid", x),
    "silu": _silu,
    "soft_shrink": _soft_shrink,
    "softmax": lambda g, x: g.op("Softmax", x, axis=-1),
    "softplus": lambda g, x: g.op("Softplus", x),
    "softsign": lambda g, x: g.op("Softsign", x),
    "sparse_plus": _sparse_plus,
    "sparse_sigmoid": lambda g, x: clip(g, g.op("Mul", g.op("Add", x, 1.0), 0.5), 0.0, 1.0),
    "sparsemax": _sparsemax,
    "squareplus": _squareplus,
    "swish": _silu,
    "tanh": lambda g, x: g.op("Tanh", x),
    "tanh_shrink": lambda g, x: g.op("Sub", x, g.op("Tanh", x)),
}


def activate(g: Graph, x: Value, name: object) -> Value:
    """Apply an activation by its Keras name; None is linear.

    Raises:
        UnsupportedModelError: no activation has this name.
    """
    if name is None:
        return x
    if not isinstance(name, str) or name not in ACTIVATIONS:
        known = ", ".join(sorted(ACTIVATIONS))
        raise UnsupportedModelError(f"activation {repr(name)[:80]} is not one of {known}{nearest(name, ACTIVATIONS)}")
    return ACTIVATIONS[name](g, x)
