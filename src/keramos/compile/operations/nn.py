"""Functions of keras.ops.nn: activations, windows, encodings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.activation import ACTIVATIONS, activate
from keramos.compile.lowering import Operation
from keramos.compile.operations.values import ONNX_TYPES, as_float, axes_of, cast_to, tensor
from keramos.compile.resample import matrix, resample
from keramos.compile.spatial import as_before, channels_first, each, known, pads

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.compile.graph import Value
    from keramos.compile.operations.values import Operand
    from keramos.compile.site import Site
    from keramos.compile.spatial import Sizes


def _named(name: str) -> Operation:
    """An activation without options."""

    def build(s: Site, x: Operand) -> Value:
        return ACTIVATIONS[name](s.g, as_float(s, x))

    return Operation(build)


def leaky_relu(s: Site, x: Operand, *, negative_slope: float = 0.2) -> Value:
    """X where it is positive, else negative_slope * x."""
    return s.g.op("LeakyRelu", as_float(s, x), alpha=float(negative_slope))


def elu(s: Site, x: Operand, *, alpha: float = 1.0) -> Value:
    """X where it is positive, else alpha * (exp(x) - 1)."""
    return s.g.op("Elu", as_float(s, x), alpha=float(alpha))


def celu(s: Site, x: Operand, *, alpha: float = 1.0) -> Value:
    """Elu that is smooth for every alpha."""
    return s.g.op("Celu", as_float(s, x), alpha=float(alpha))


def gelu(s: Site, x: Operand, *, approximate: bool = True) -> Value:
    """X times the normal distribution function, or the tanh formula near it."""
    return s.g.op("Gelu", as_float(s, x), approximate="tanh" if approximate else "none")


def glu(s: Site, x: Operand, *, axis: int = -1) -> Value:
    """The first half times the sigmoid of the second."""
    value = as_float(s, x)
    if axis % value.rank != value.rank - 1:
        raise s.unsupported("axis", axis, "the last is")
    return activate(s.g, value, "glu")


def threshold(s: Site, x: Operand, threshold: float, default_value: float) -> Value:
    """X where it is above a threshold, else a default."""
    value = as_float(s, x)
    return s.g.op("Where", s.g.op("Greater", value, float(threshold)), value, float(default_value))


def squareplus(s: Site, x: Operand, *, b: float = 4) -> Value:
    """(x + sqrt(x² + b)) / 2."""
    value, g = as_float(s, x), s.g
    root = g.op("Sqrt", g.op("Add", g.op("Mul", value, value), float(b)))
    return g.op("Mul", g.op("Add", value, root), 0.5)


def _shrink(formula: str) -> Callable[..., Value]:
    def build(s: Site, x: Operand, *, threshold: float = 0.5) -> Value:
        value, g = as_float(s, x), s.g
        size = g.op("Abs", value)
        if formula == "hard":
            return g.op("Where", g.op("Greater", size, float(threshold)), value, 0.0)
        return g.op("Mul", g.op("Sign", value), g.op("Relu", g.op("Sub", size, float(threshold))))

    return build


def _soft(kind: str) -> Callable[..., Value]:
    def build(s: Site, x: Operand, *, axis: int | None = -1) -> Value:
        if axis is None:
            raise s.unsupported("axis", axis, "one axis is")
        return s.g.op(kind, as_float(s, x), axis=axis)

    return build


def one_hot(
    s: Site, x: Operand, num_classes: int, *, axis: int = -1, dtype: str | None = None, sparse: bool = False
) -> Value:
    """1 at the place that each number names; numbers outside give zeros."""
    if sparse:
        raise s.unsupported("sparse", sparse, "dense results are")
    g, index = s.g, cast_to(s.g, tensor(s, x), "int64")
    # ONNX counts negative numbers from the end.
    index = g.op("Where", g.op("Less", index, 0), num_classes, index)
    kind = dtype or "float32"
    if kind not in ONNX_TYPES:
        raise s.unsupported("dtype", dtype, f"{', '.join(ONNX_TYPES)} are")
    return g.op("OneHot", index, np.array([num_classes]), np.array([0, 1], kind), axis=axis)


def multi_hot(
    s: Site, inputs: Operand, num_classes: int, *, axis: int = -1, dtype: str | None = None, sparse: bool = False
) -> Value:
    """1 at every place that one of the numbers names."""
    hot = one_hot(s, inputs, num_classes, axis=axis, dtype=dtype, sparse=sparse)
    place = 1 if hot.rank > 2 else 0
    return s.g.op("ReduceMax", hot, [place], keepdims=0)


def _pool(kind: str) -> Callable[..., Value]:
    def build(
        s: Site,
        inputs: Operand,
        pool_size: Sizes,
        *,
        strides: Sizes | None = None,
        padding: str = "valid",
        data_format: str | None = "channels_last",
    ) -> Value:
        x = channels_first(s.g, as_float(s, inputs), data_format)
        window = each(pool_size, x.rank - 2)
        steps = each(strides, x.rank - 2) if strides is not None else window
        y = s.g.op(kind, x, kernel_shape=window, strides=steps, **pads(x, padding.lower(), window, steps))
        return as_before(s.g, y, data_format)

    return build


def layer_norm(
    s: Site,
    x: Operand,
    gamma: Operand | None = None,
    beta: Operand | None = None,
    *,
    axis: int | list[int] = -1,
    epsilon: float | None = None,
    rms_scaling: bool = False,
) -> Value:
    """(x - mean) / sqrt(variance + epsilon), then gamma and beta over the last axes."""
    if rms_scaling:
        raise s.unsupported("rms_scaling", rms_scaling, "False is")
    g, value = s.g, as_float(s, x)
    axes = axes_of(axis, value.rank)
    distance = g.op("Sub", value, g.op("ReduceMean", value, axes))
    variance = g.op("ReduceMean", g.op("Mul", distance, distance), axes)
    y = g.op("Div", distance, g.op("Sqrt", g.op("Add", variance, 1e-7 if epsilon is None else float(epsilon))))
    y = y if gamma is None else g.op("Mul", y, as_float(s, gamma))
    return y if beta is None else g.op("Add", y, as_float(s, beta))


def resize(
    s: Site,
    images: Operand,
    size: list[int],
    *,
    interpolation: str = "bilinear",
    antialias: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    data_format: str | None = "channels_last",
) -> Value:
    """Images in another size."""
    x = as_float(s, images)
    if crop_to_aspect_ratio or pad_to_aspect_ratio or x.rank != 4:
        raise s.unsupported("crop_to_aspect_ratio", crop_to_aspect_ratio, "plain resizing of several images is")
    first = 2 if data_format == "channels_first" else 1
    for axis, wanted in zip((first, first + 1), size, strict=True):
        weights = matrix(known(x.shape[axis], "places"), wanted, interpolation.lower(), antialias=antialias)
        x = resample(s.g, x, axis, weights)
    return x


_NAMED = {
    "HardSigmoid": "hard_sigmoid",
    "HardSilu": "hard_silu",
    "HardTanh": "hard_tanh",
    "LogSigmoid": "log_sigmoid",
    "Relu": "relu",
    "Relu6": "relu6",
    "Selu": "selu",
    "Sigmoid": "sigmoid",
    "Silu": "silu",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "SparsePlus": "sparse_plus",
    "SparseSigmoid": "sparse_sigmoid",
    "TanhShrink": "tanh_shrink",
}

OPERATIONS = {
    **{kind: _named(name) for kind, name in _NAMED.items()},
    "AveragePool": Operation(_pool("AveragePool")),
    "Celu": Operation(celu),
    "Elu": Operation(elu),
    "Gelu": Operation(gelu),
    "Glu": Operation(glu),
    "HardShrink": Operation(_shrink("hard")),
    "LayerNorm": Operation(layer_norm),
    "LeakyRelu": Operation(leaky_relu),
    "LogSoftmax": Operation(_soft("LogSoftmax")),
    "MaxPool": Operation(_pool("MaxPool")),
    "MultiHot": Operation(multi_hot),
    "OneHot": Operation(one_hot),
    "Resize": Operation(resize, ignored=("fill_mode", "fill_value")),
    "SoftShrink": Operation(_shrink("soft")),
    "Softmax": Operation(_soft("Softmax")),
    "Squareplus": Operation(squareplus),
    "Threshold": Operation(threshold),
}
