"""Keras' activation functions as ONNX: one row a name; and those layers that may stand in for one.

Formulas: keras.activations and keras.layers.activations of Keras 3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from keramos.compile.lowering.options import check_options, nearest
from keramos.errors import UnsupportedModelError
from keramos.keras_layers.registry import LAYERS
from keramos.types.legacy import CURRENT
from keramos.types.network import Layer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from keramos.compile.onnx.graph import Graph, Value
    from keramos.types.legacy import Legacy
    from keramos.types.network import Config

    Function = Callable[[Graph, Value], Value]


def clip(g: Graph, x: Value, low: float, high: float) -> Value:
    """X between two numbers."""
    return g.op("Min", g.op("Max", x, low), high)


def hard_sigmoid(g: Graph, x: Value) -> Value:
    """clip(x / 6 + 0.5, 0, 1), the formula of Keras 3."""
    return g.op("HardSigmoid", x, alpha=1 / 6, beta=0.5)


def hard_sigmoid_keras2(g: Graph, x: Value) -> Value:
    """clip(0.2 x + 0.5, 0, 1), the formula before Keras 3."""
    return g.op("HardSigmoid", x, alpha=0.2, beta=0.5)


def _silu(g: Graph, x: Value) -> Value:
    return g.op("Mul", x, g.op("Sigmoid", x))


def _glu(g: Graph, x: Value) -> Value:
    if x.shape[-1] is None or x.shape[-1] % 2:
        raise UnsupportedModelError(
            "activation 'glu' needs an even last axis", received=str(x.shape)
        )
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
    """Sparsemax over the last axis as Keras computes it: its threshold adds up cumulative sums of
    the support, where the paper (Martins and Astudillo 2016) takes the last one. The file's answers
    come from Keras.
    """
    size = x.shape[-1]
    if size is None:
        raise UnsupportedModelError("activation 'sparsemax' needs a last axis of known size")
    g.reserve_constants("ranks", size)
    ordered, _ = g.ops("TopK", x, [size], outputs=2, axis=-1)
    ranks = np.arange(1, size + 1, dtype=x.dtype)
    sums = g.op("CumSum", ordered, np.int64(-1))
    support = g.op("Greater", g.op("Add", g.op("Mul", ordered, ranks), 1.0), sums)
    chosen = g.cast(support, "float32")
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


def relu(
    g: Graph,
    x: Value,
    *,
    max_value: float | None = None,
    negative_slope: float = 0.0,
    threshold: float = 0.0,
) -> Value:
    """max_value for x >= max_value, x for threshold <= x < max_value, else negative_slope * (x -
    threshold).
    """
    if threshold:
        below = g.op("Mul", g.op("Sub", x, float(threshold)), float(negative_slope))
        y = g.op("Where", g.op("GreaterOrEqual", x, float(threshold)), x, below)
    else:
        y = g.op("LeakyRelu", x, alpha=float(negative_slope)) if negative_slope else g.op("Relu", x)
    return y if max_value is None else g.op("Min", y, float(max_value))


def leaky_relu(g: Graph, x: Value, *, negative_slope: float = 0.3) -> Value:
    """X where it is positive, else negative_slope * x."""
    return g.op("LeakyRelu", x, alpha=float(negative_slope))


def elu(g: Graph, x: Value, *, alpha: float = 1.0) -> Value:
    """X where it is positive, else alpha * (exp(x) - 1)."""
    return g.op("Elu", x, alpha=float(alpha))


def thresholded_relu(g: Graph, x: Value, *, theta: float = 1.0) -> Value:
    """X where it is above theta, else 0."""
    return g.op("Where", g.op("Greater", x, float(theta)), x, 0.0)


def softmax(g: Graph, x: Value, *, axis: int | list[int] = -1) -> Value:
    """Exponentials that sum to 1 along the axis, or along several together."""
    axes = [axis] if isinstance(axis, int) else axis
    if len(axes) == 1:
        return g.op("Softmax", x, axis=axes[0])
    e = g.op("Exp", g.op("Sub", x, g.op("ReduceMax", x, axes, keepdims=1)))
    return g.op("Div", e, g.op("ReduceSum", e, axes, keepdims=1))


def named(g: Graph, x: Value, *, activation: object = None) -> Value:
    """Any activation by name."""
    return activate(g, x, activation)


WHOLE_LAYERS: dict[str, Callable[..., Value]] = {
    "Activation": named,
    "ELU": elu,
    "LeakyReLU": leaky_relu,
    "ReLU": relu,
    "Softmax": softmax,
    "ThresholdedReLU": thresholded_relu,
}
"""Layers without weights that another layer may have as its activation: class -> function of graph,
x and options.
"""


def activate(g: Graph, x: Value, activation: object, legacy: Legacy = CURRENT) -> Value:
    """Apply an activation by its Keras name, or a whole layer {class_name, config}; None is linear.

    ``legacy`` is that of the layer whose activation it is.

    Raises:
        UnsupportedModelError: there is no such activation.
    """
    for fault in activation_faults(activation):
        raise UnsupportedModelError(fault, option="activation")
    if activation is None:
        return x
    if activation == "hard_sigmoid" and legacy.hard_sigmoid_keras2:
        return hard_sigmoid_keras2(g, x)
    if isinstance(activation, str):
        return ACTIVATIONS[activation](g, x)
    return _whole_layer(g, x, cast("Config", activation), legacy)


def _whole_layer(g: Graph, x: Value, entry: Config, legacy: Legacy) -> Value:
    kind, config = cast("tuple[str, Config]", (entry["class_name"], entry["config"]))
    spec = LAYERS[kind]
    check_options(Layer(f"{kind} as activation", kind, config), spec)
    if kind == "Activation":
        return activate(g, x, config.get("activation"), legacy)
    return WHOLE_LAYERS[kind](g, x, **spec.stated(config))


def activation_faults(activation: object) -> Iterator[str]:
    """Why an activation cannot be applied, if so."""
    if activation is None:
        return
    if isinstance(activation, dict) and "class_name" in activation:
        yield from _layer_faults(str(activation["class_name"]), activation.get("config"))
    elif isinstance(activation, str) and ">" in activation:
        yield f"{activation[:80]!r} is a function of somebody's own: its code is not in the file"
    elif not isinstance(activation, str) or activation not in ACTIVATIONS:
        known = ", ".join(sorted(ACTIVATIONS))
        yield f"{repr(activation)[:80]} is not one of {known}{nearest(activation, ACTIVATIONS)}"


def _layer_faults(kind: str, config: object) -> Iterator[str]:
    if kind not in WHOLE_LAYERS or not isinstance(config, dict):
        known = ", ".join(WHOLE_LAYERS)
        yield (
            f"layer {kind[:80]} is not one of {known}; let it stand behind the layer instead "
            "of in it"
        )
        return
    for option in sorted(key for key in config if not LAYERS[kind].knows(key)):
        yield f"layer {kind} has the unknown option {option[:80]}={config[option]!r}"
