"""Functions of keras.ops.nn: activations, encodings, normalisations, attention."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.lowering.activation import ACTIVATIONS, activate
from keramos.compile.lowering.record import Operation
from keramos.compile.lowering.spatial import known
from keramos.compile.onnx.element_types import NUMBER_TYPES
from keramos.compile.onnx.sizes import expand, size
from keramos.compile.operations.values import as_float, axes_of, cast_to, tensor

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.onnx.graph import Value
    from keramos.compile.operations.values import Operand


def _named(name: str) -> Operation:
    """An activation without options."""

    def build(s: LayerCall, x: Operand) -> Value:
        return ACTIVATIONS[name](s.g, as_float(s, x))

    return Operation(build)


def leaky_relu(s: LayerCall, x: Operand, *, negative_slope: float = 0.2) -> Value:
    """X where it is positive, else negative_slope * x."""
    return s.g.op("LeakyRelu", as_float(s, x), alpha=float(negative_slope))


def _with_alpha(kind: str) -> Callable[..., Value]:
    """An activation of ONNX with a factor alpha."""

    def build(s: LayerCall, x: Operand, *, alpha: float = 1.0) -> Value:
        return s.g.op(kind, as_float(s, x), alpha=float(alpha))

    return build


def gelu(s: LayerCall, x: Operand, *, approximate: bool = True) -> Value:
    """X times the normal distribution function, or its tanh approximation."""
    return s.g.op("Gelu", as_float(s, x), approximate="tanh" if approximate else "none")


def _on_last_axis(name: str) -> Callable[..., Value]:
    """An activation over the last axis."""

    def build(s: LayerCall, x: Operand, *, axis: int = -1) -> Value:
        value = as_float(s, x)
        if axis % value.rank != value.rank - 1:
            raise s.unsupported("axis", axis, "the last is")
        return activate(s.g, value, name)

    return build


def threshold(s: LayerCall, x: Operand, threshold: float, default_value: float) -> Value:
    """X where it is above a threshold, else a default."""
    value = as_float(s, x)
    return s.g.op("Where", s.g.op("Greater", value, float(threshold)), value, float(default_value))


def squareplus(s: LayerCall, x: Operand, *, b: float = 4) -> Value:
    """(x + sqrt(x² + b)) / 2."""
    value, g = as_float(s, x), s.g
    root = g.op("Sqrt", g.op("Add", g.op("Mul", value, value), float(b)))
    return g.op("Mul", g.op("Add", value, root), 0.5)


def _shrink(formula: str) -> Callable[..., Value]:
    def build(s: LayerCall, x: Operand, *, threshold: float = 0.5) -> Value:
        value, g = as_float(s, x), s.g
        size = g.op("Abs", value)
        if formula == "hard":
            return g.op("Where", g.op("Greater", size, float(threshold)), value, 0.0)
        return g.op("Mul", g.op("Sign", value), g.op("Relu", g.op("Sub", size, float(threshold))))

    return build


def _soft(kind: str) -> Callable[..., Value]:
    def build(s: LayerCall, x: Operand, *, axis: int | None = -1) -> Value:
        if axis is None:
            raise s.unsupported("axis", axis, "one axis is")
        return s.g.op(kind, as_float(s, x), axis=axis)

    return build


def one_hot(
    s: LayerCall,
    x: Operand,
    num_classes: int,
    *,
    axis: int = -1,
    dtype: str | None = None,
    sparse: bool = False,
) -> Value:
    """1 at each index, else 0; an index out of range gives zeros."""
    if sparse:
        raise s.unsupported("sparse", sparse, "dense results are")
    g, index = s.g, cast_to(s.g, tensor(s, x), "int64")
    # ONNX counts negative numbers from the end.
    index = g.op("Where", g.op("Less", index, 0), num_classes, index)
    kind = dtype or "float32"
    if kind not in NUMBER_TYPES:
        raise s.unsupported("dtype", dtype, f"{', '.join(NUMBER_TYPES)} are")
    return g.op("OneHot", index, np.array([num_classes]), np.array([0, 1], kind), axis=axis)


def multi_hot(
    s: LayerCall,
    inputs: Operand,
    num_classes: int,
    *,
    axis: int = -1,
    dtype: str | None = None,
    sparse: bool = False,
) -> Value:
    """1 at every index of a row, else 0."""
    hot = one_hot(s, inputs, num_classes, axis=axis, dtype=dtype, sparse=sparse)
    indices_axis = 1 if hot.rank > 2 else 0
    return s.g.op("ReduceMax", hot, [indices_axis], keepdims=0)


def layer_norm(
    s: LayerCall,
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
    y = _scaled(s, distance, variance, epsilon, gamma)
    return y if beta is None else g.op("Add", y, as_float(s, beta))


def _scaled(
    s: LayerCall, x: Value, square: Value, epsilon: float | None, scale: Operand | None
) -> Value:
    """X / sqrt(square + epsilon), times a scale if there is one."""
    y = s.g.op(
        "Div", x, s.g.op("Sqrt", s.g.op("Add", square, 1e-7 if epsilon is None else float(epsilon)))
    )
    return y if scale is None else s.g.op("Mul", y, as_float(s, scale))


def rms_norm(
    s: LayerCall,
    x: Operand,
    scale: Operand | None = None,
    *,
    axis: int | list[int] = -1,
    epsilon: float | None = None,
) -> Value:
    """X / sqrt(mean square + epsilon), then a scale over the last axes."""
    g, value = s.g, as_float(s, x)
    squares = g.op("ReduceMean", g.op("Mul", value, value), axes_of(axis, value.rank))
    return _scaled(s, value, squares, epsilon, scale)


def batch_norm(
    s: LayerCall,
    x: Operand,
    mean: Operand,
    variance: Operand,
    offset: Operand | None = None,
    scale: Operand | None = None,
    *,
    axis: int,
    epsilon: float = 1e-3,
) -> Value:
    """(x - mean) / sqrt(variance + epsilon) * scale + offset along an axis."""
    g, value = s.g, as_float(s, x)
    after = value.rank - 1 - axis % value.rank

    def along(item: Operand) -> Value:
        numbers = as_float(s, item)
        return g.op("Unsqueeze", numbers, [i + 1 for i in range(after)]) if after else numbers

    factor = g.op("Reciprocal", g.op("Sqrt", g.op("Add", along(variance), float(epsilon))))
    factor = factor if scale is None else g.op("Mul", factor, along(scale))
    y = g.op("Mul", g.op("Sub", value, along(mean)), factor)
    return y if offset is None else g.op("Add", y, along(offset))


def dot_product_attention(
    s: LayerCall,
    query: Operand,
    key: Operand,
    value: Operand,
    bias: Operand | None = None,
    mask: Operand | None = None,
    scale: float | None = None,
    *,
    is_causal: bool = False,
    attn_logits_soft_cap: float | None = None,
) -> Value:
    """Dot-product attention; query, key and value are (rows, steps, heads, features)."""
    if attn_logits_soft_cap is not None:
        raise s.unsupported("attn_logits_soft_cap", attn_logits_soft_cap, "None is")
    g = s.g
    q, k, v = (g.op("Transpose", as_float(s, x), perm=[0, 2, 1, 3]) for x in (query, key, value))
    if k.shape[1] not in (1, q.shape[1]):
        raise s.unsupported("key", k.shape, "as many heads as the query has, or one, are")
    factor = known(k.shape[-1], "features") ** -0.5 if scale is None else float(scale)
    logits = g.op("Mul", g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2])), factor)
    logits = logits if bias is None else g.op("Add", logits, as_float(s, bias))
    most = -0.7 * float(np.finfo("float32").max)
    for allowed in ([] if mask is None else [cast_to(g, tensor(s, mask), "bool")]) + _past(
        s, logits, wanted=is_causal
    ):
        logits = g.op("Where", allowed, logits, most)
    return g.op("Transpose", g.op("MatMul", g.op("Softmax", logits, axis=-1), v), perm=[0, 2, 1, 3])


def _past(s: LayerCall, logits: Value, *, wanted: bool) -> list[Value]:
    """The causal mask: true where the key is not later than the query."""
    if not wanted:
        return []
    ones = expand(s.g, s.g.const(np.ones((1, 1), "int32")), size(logits, 2), size(logits, 3))
    return [cast_to(s.g, s.g.op("Trilu", ones, upper=0), "bool")]


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
    "BatchNorm": Operation(batch_norm),
    "Celu": Operation(_with_alpha("Celu")),
    "DotProductAttention": Operation(dot_product_attention, ignored=("flash_attention",)),
    "Elu": Operation(_with_alpha("Elu")),
    "Gelu": Operation(gelu),
    "Glu": Operation(_on_last_axis("glu")),
    "HardShrink": Operation(_shrink("hard")),
    "LayerNorm": Operation(layer_norm),
    "LeakyRelu": Operation(leaky_relu),
    "LogSoftmax": Operation(_soft("LogSoftmax")),
    "MultiHot": Operation(multi_hot),
    "OneHot": Operation(one_hot),
    "RMSNorm": Operation(rms_norm),
    "SoftShrink": Operation(_shrink("soft")),
    "Softmax": Operation(_soft("Softmax")),
    "Sparsemax": Operation(_on_last_axis("sparsemax")),
    "Squareplus": Operation(squareplus),
    "Threshold": Operation(threshold),
}
