"""Functions of TensorFlow that differ from those of keras.ops in more than names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.lowering.activation import activate
from keramos.compile.lowering.record import Operation
from keramos.compile.operations import conversions, indexing, linalg, nn, reductions, sorting
from keramos.compile.operations.values import (
    as_float,
    axes_of,
    cast_to,
    floats,
    is_float,
    tensor,
    together,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.onnx.graph import Graph, Value
    from keramos.compile.operations.reductions import Axis
    from keramos.compile.operations.values import Operand


def add_n(s: LayerCall, inputs: list[Operand]) -> Value:
    """The sum of tensors."""
    first, *rest = together(s, *inputs)
    for x in rest:
        first = s.g.op("Add", first, x)
    return first


def _transposed(s: LayerCall, x: Value, *, wanted: bool) -> Value:
    order = [*range(x.rank - 2), x.rank - 1, x.rank - 2]
    return s.g.op("Transpose", x, perm=order) if wanted else x


def matmul(
    s: LayerCall,
    a: Operand,
    b: Operand,
    *,
    transpose_a: bool = False,
    transpose_b: bool = False,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
) -> Value:
    """The matrix product; either side may be transposed."""
    left, right = together(s, a, b)
    left = _transposed(s, left, wanted=transpose_a or adjoint_a)
    right = _transposed(s, right, wanted=transpose_b or adjoint_b)
    return s.g.op("MatMul", left, right)


def matvec(s: LayerCall, a: Operand, b: Operand, *, transpose_a: bool = False) -> Value:
    """The product of matrices and vectors."""
    left, right = together(s, a, b)
    column = s.g.op("Unsqueeze", right, [right.rank])
    y = s.g.op("MatMul", _transposed(s, left, wanted=transpose_a), column)
    return s.g.op("Squeeze", y, [y.rank - 1])


def matrix_transpose(s: LayerCall, a: Operand) -> Value:
    """Exchange the last two axes."""
    return _transposed(s, tensor(s, a), wanted=True)


def l2_normalize(
    s: LayerCall, x: Operand, *, axis: int | list[int] | None = None, epsilon: float = 1e-12
) -> Value:
    """X divided by its norm, whose square is at least epsilon."""
    g, value = s.g, as_float(s, x)
    squares = g.op("ReduceSum", g.op("Mul", value, value), axes_of(axis, value.rank))
    return g.op("Div", value, g.op("Sqrt", g.op("Max", squares, float(epsilon))))


def norm(
    s: LayerCall,
    x: Operand,
    *,
    ord: object = "euclidean",
    axis: object = None,
    keepdims: bool = False,
) -> Value:
    """The norm; Euclidean over all values by default."""
    word = None if ord == "euclidean" else ord
    return reductions.norm(s, x, ord=word, axis=axis, keepdims=keepdims)  # type: ignore[arg-type] # checked there


def _arg_extreme(kind: str) -> Callable[..., Value]:
    def build(
        s: LayerCall, x: Operand, *, axis: int | None = None, output_type: str = "int64"
    ) -> Value:
        return cast_to(s.g, s.g.op(kind, tensor(s, x), axis=axis or 0, keepdims=0), output_type)

    return build


def cumsum(
    s: LayerCall, x: Operand, *, axis: int = 0, exclusive: bool = False, reverse: bool = False
) -> Value:
    """The sum of the values so far, or of those that follow."""
    return s.g.op(
        "CumSum", tensor(s, x), np.int64(axis), exclusive=int(exclusive), reverse=int(reverse)
    )


def squared_difference(s: LayerCall, x1: Operand, x2: Operand) -> Value:
    """(x1 - x2)²."""
    distance = s.g.op("Sub", *together(s, x1, x2))
    return s.g.op("Mul", distance, distance)


def bias_add(s: LayerCall, x: Operand, bias: Operand, *, data_format: str | None = None) -> Value:
    """Add one bias to each channel."""
    value, shift = together(s, x, bias)
    if data_format is not None and data_format.startswith("NC") and value.rank > 2:
        shift = s.g.op("Unsqueeze", shift, list(range(1, value.rank - 1)))
    return s.g.op("Add", value, shift)


def gelu(s: LayerCall, x: Operand, *, approximate: bool = False) -> Value:
    """Keras' gelu with the exact formula by default."""
    return nn.gelu(s, x, approximate=approximate)


def silu(s: LayerCall, x: Operand, *, beta: float = 1.0) -> Value:
    """X times the sigmoid of x."""
    if beta != 1:
        raise s.unsupported("beta", beta, "1 is")
    return activate(s.g, as_float(s, x), "silu")


def _same_dtype(kind: str, *, whole: str) -> Callable[..., Value]:
    """A reduction that keeps the dtype, which ONNX computes in another one for short or whole
    numbers.
    """

    def build(s: LayerCall, x: Operand, *, axis: Axis = None, keepdims: bool = False) -> Value:
        value = tensor(s, x)
        wide = value if is_float(value) else cast_to(s.g, value, whole)
        y = s.g.op(kind, wide, axes_of(axis, value.rank), keepdims=int(keepdims))
        return cast_to(s.g, y, value.dtype)

    return build


def count_nonzero(
    s: LayerCall, x: Operand, *, axis: Axis = None, keepdims: bool = False, dtype: str = "int64"
) -> Value:
    """The number of values that are not 0."""
    ones = cast_to(s.g, cast_to(s.g, tensor(s, x), "bool"), "int64")
    return cast_to(
        s.g, s.g.op("ReduceSum", ones, axes_of(axis, ones.rank), keepdims=int(keepdims)), dtype
    )


def zero_fraction(s: LayerCall, x: Operand) -> Value:
    """The fraction of zeros."""
    return reductions.mean(s, s.g.op("Equal", tensor(s, x), 0))


def cumprod(
    s: LayerCall, x: Operand, *, axis: int = 0, exclusive: bool = False, reverse: bool = False
) -> Value:
    """The product of the values so far."""
    if exclusive or reverse:
        raise s.unsupported("exclusive", exclusive, "False, with reverse False, is")
    return reductions.cumprod(s, x, axis=axis)


def moments(
    s: LayerCall, x: Operand, axes: Axis, *, shift: object = None, keepdims: bool = False
) -> tuple[Value, Value]:
    """Mean and variance; TensorFlow uses no shift any more."""
    del shift
    return reductions.moments(s, x, axes=axes, keepdims=keepdims)


def batch_normalization(
    s: LayerCall,
    x: Operand,
    mean: Operand,
    variance: Operand,
    offset: Operand | None = None,
    scale: Operand | None = None,
    *,
    epsilon: float,
) -> Value:
    """(x - mean) / sqrt(variance + epsilon) * scale + offset, everything repeated where it has size
    1.
    """
    return nn.batch_norm(s, x, mean, variance, offset, scale, axis=-1, epsilon=epsilon)


def clip_by_norm(s: LayerCall, x: Operand, clip_norm: float, *, axes: Axis = None) -> Value:
    """X, scaled down where its norm exceeds ``clip_norm``."""
    g, value = s.g, as_float(s, x)
    length = g.op("ReduceL2", value, axes_of(axes, value.rank))
    return g.op("Div", g.op("Mul", value, float(clip_norm)), g.op("Max", length, float(clip_norm)))


def crelu(s: LayerCall, x: Operand, *, axis: int = -1) -> Value:
    """The positive part, then the negative part."""
    value = as_float(s, x)
    return s.g.op("Concat", s.g.op("Relu", value), s.g.op("Relu", s.g.op("Neg", value)), axis=axis)


def l2_loss(s: LayerCall, x: Operand) -> Value:
    """Half of the sum of squares."""
    value = as_float(s, x)
    return s.g.op("Mul", reductions.sum_(s, s.g.op("Mul", value, value)), 0.5)


def select(s: LayerCall, condition: Operand, x1: Operand, x2: Operand) -> Value:
    """x1 where a condition of the same shape holds, else x2; a condition of one axis would choose
    rows.
    """
    if tensor(s, condition).rank != tensor(s, x1).rank:
        raise s.unsupported(
            "condition", tensor(s, condition).shape, "a condition as large as the branches is"
        )
    return conversions.where(s, condition, x1, x2)


def _or_zero(formula: Callable[[Graph, Value, Value], Value], *, of: int) -> Callable[..., Value]:
    """A function of two operands; 0 where operand ``of`` is 0, even if the other is not finite."""

    def build(s: LayerCall, x1: Operand, x2: Operand) -> Value:
        operands = floats(s, x1, x2)
        is_zero = s.g.op("Equal", operands[of], 0.0)
        return s.g.op("Where", is_zero, 0.0, formula(s.g, *operands))

    return build


def divide(s: LayerCall, x1: Operand, x2: Operand) -> Value:
    """The quotient; only floating point is supported."""
    a, b = together(s, x1, x2)
    if not is_float(a):
        raise s.unsupported("T", a.dtype, "floating point is")
    return s.g.op("Div", a, b)


def einsum(s: LayerCall, equation: str, inputs: Operand | list[Operand]) -> Value:
    """A sum of products in Einstein notation."""
    return linalg.einsum(
        s, *(inputs if isinstance(inputs, list) else [inputs]), subscripts=equation
    )


def argsort(s: LayerCall, x: Operand, *, axis: int = -1, direction: str = "ASCENDING") -> Value:
    """The indices that sort along an axis; equal values keep their order."""
    value = tensor(s, x)
    if direction != "ASCENDING":
        value = s.g.op("Neg", value)
    return sorting.argsort(s, value, axis=axis)


def sort(s: LayerCall, x: Operand, *, axis: int = -1, direction: str = "ASCENDING") -> Value:
    """Sort along an axis."""
    y = sorting.sort(s, x, axis=axis)
    return y if direction == "ASCENDING" else indexing.flip(s, y, axis=axis)


OPERATIONS = {
    "tf.add_n": Operation(add_n),
    "tf.argmax": Operation(_arg_extreme("ArgMax")),
    "tf.argmin": Operation(_arg_extreme("ArgMin")),
    "tf.argsort": Operation(argsort),
    "tf.batch_normalization": Operation(batch_normalization),
    "tf.bias_add": Operation(bias_add),
    "tf.clip_by_norm": Operation(clip_by_norm),
    "tf.count_nonzero": Operation(count_nonzero),
    "tf.crelu": Operation(crelu),
    "tf.cumprod": Operation(cumprod),
    "tf.cumsum": Operation(cumsum),
    "tf.divide": Operation(divide),
    "tf.einsum": Operation(einsum),
    "tf.gelu": Operation(gelu),
    "tf.l2_loss": Operation(l2_loss),
    "tf.l2_normalize": Operation(l2_normalize),
    "tf.matmul": Operation(matmul),
    "tf.matrix_transpose": Operation(matrix_transpose),
    "tf.matvec": Operation(matvec),
    "tf.moments": Operation(moments),
    "tf.norm": Operation(norm),
    "tf.reduce_mean": Operation(_same_dtype("ReduceMean", whole="float64")),
    "tf.reduce_prod": Operation(_same_dtype("ReduceProd", whole="int64")),
    "tf.reduce_sum": Operation(_same_dtype("ReduceSum", whole="int64")),
    "tf.select": Operation(select),
    "tf.silu": Operation(silu),
    "tf.sort": Operation(sort),
    "tf.squared_difference": Operation(squared_difference),
    "tf.multiply_no_nan": Operation(_or_zero(lambda g, a, b: g.op("Mul", a, b), of=1)),
    "tf.xdivy": Operation(_or_zero(lambda g, a, b: g.op("Div", a, b), of=0)),
    "tf.xlogy": Operation(_or_zero(lambda g, a, b: g.op("Mul", a, g.op("Log", b)), of=0)),
    "tf.zero_fraction": Operation(zero_fraction),
}
