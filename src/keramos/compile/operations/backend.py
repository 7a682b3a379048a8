"""Functions of Keras 2's keras.backend that differ from those of the same name in keras.ops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.compile.lowering.activation import clip, hard_sigmoid_keras2
from keramos.compile.lowering.record import Operation
from keramos.compile.onnx.shapes import front_axis
from keramos.compile.onnx.sizes import expand, reshape, size
from keramos.compile.operations import (
    indexing,
    joins,
    nn,
    reductions,
    shapes,
    tensorflow_arrays,
    tensorflow_only,
)
from keramos.compile.operations.table import KERAS
from keramos.compile.operations.values import as_float, cast_to, tensor, together

if TYPE_CHECKING:
    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.onnx.graph import Value
    from keramos.compile.operations.values import Operand


def argmax(s: LayerCall, x: Operand, axis: int = -1) -> Value:
    """The index of the largest value, int64."""
    return cast_to(s.g, reductions.argmax(s, x, axis=axis), "int64")


def argmin(s: LayerCall, x: Operand, axis: int = -1) -> Value:
    """The index of the smallest value, int64."""
    return cast_to(s.g, reductions.argmin(s, x, axis=axis), "int64")


def batch_dot(s: LayerCall, x: Operand, y: Operand, axes: int | list[int] | None = None) -> Value:
    """For every row: sums over one axis of each; two vectors give one number, on a new
    axis.
    """
    a, b = together(s, x, y)
    pair = (
        [axes, axes]
        if isinstance(axes, int)
        else axes or [a.rank - 1, 1 if b.rank == 2 else b.rank - 2]
    )
    left, right = "abcdefg"[: a.rank], "a" + "hijklmn"[: b.rank - 1]
    i, j = front_axis(pair[0], a.rank), front_axis(pair[1], b.rank)
    if not i or not j:
        raise s.unsupported("axes", axes, "axes after the rows are")
    right = right.replace(right[j], left[i])
    out = left.replace(left[i], "") + right[1:].replace(left[i], "")
    product = s.g.op("Einsum", a, b, equation=f"{left},{right}->{out}")
    return s.g.op("Unsqueeze", product, [1]) if product.rank == 1 else product


def batch_flatten(s: LayerCall, x: Operand) -> Value:
    """Flatten each row."""
    return s.g.op("Flatten", tensor(s, x), axis=1)


def concatenate(s: LayerCall, tensors: list[Operand], axis: int = -1) -> Value:
    """Concatenate along the last axis."""
    return joins.concatenate(s, tensors, axis=axis)


def expand_dims(s: LayerCall, x: Operand, axis: int = -1) -> Value:
    """Insert an axis, last by default."""
    return shapes.expand_dims(s, x, axis)


def hard_sigmoid(s: LayerCall, x: Operand) -> Value:
    """clip(0.2 x + 0.5, 0, 1)."""
    return hard_sigmoid_keras2(s.g, as_float(s, x))


def relu(
    s: LayerCall,
    x: Operand,
    alpha: float = 0.0,
    max_value: float | None = None,
    threshold: float = 0.0,
) -> Value:
    """0 below a threshold (or alpha times the distance to it), and at most a largest value."""
    g, value = s.g, as_float(s, x)
    below = g.op("Mul", g.op("Sub", value, float(threshold)), float(alpha))
    y = g.op("Where", g.op("GreaterOrEqual", value, float(threshold)), value, below)
    return y if max_value is None else g.op("Min", y, float(max_value))


def repeat(s: LayerCall, x: Operand, n: int) -> Value:
    """(rows, features) -> (rows, n, features)."""
    value = tensor(s, x)
    return expand(s.g, s.g.op("Unsqueeze", value, [1]), size(value, 0), n, size(value, 1))


def repeat_elements(s: LayerCall, x: Operand, rep: int, axis: int) -> Value:
    """Repeat every value along an axis."""
    return joins.repeat(s, x, rep, axis=axis)


def resize_images(
    s: LayerCall,
    x: Operand,
    height_factor: int,
    width_factor: int,
    data_format: str = "channels_last",
    interpolation: str = "nearest",
) -> Value:
    """Repeat every row and column."""
    if interpolation != "nearest":
        raise s.unsupported("interpolation", interpolation, "nearest is")
    first = 2 if data_format == "channels_first" else 1
    return joins.repeat(
        s, joins.repeat(s, x, height_factor, axis=first), width_factor, axis=first + 1
    )


def sqrt(s: LayerCall, x: Operand) -> Value:
    """The square root; 0 for negative values."""
    return s.g.op("Sqrt", clip(s.g, as_float(s, x), 0.0, float("inf")))


def switch(
    s: LayerCall, condition: Operand, then_expression: Operand, else_expression: Operand
) -> Value:
    """Choose between two tensors by a condition of the same shape."""
    return tensorflow_only.select(s, condition, then_expression, else_expression)


def cumsum(s: LayerCall, x: Operand, axis: int = 0) -> Value:
    """The sum of the values so far."""
    return reductions.cumsum(s, x, axis=axis)


def cumprod(s: LayerCall, x: Operand, axis: int = 0) -> Value:
    """The product of the values so far."""
    return reductions.cumprod(s, x, axis=axis)


def flatten(s: LayerCall, x: Operand) -> Value:
    """Flatten to one axis."""
    return reshape(s.g, tensor(s, x), -1)


def gather(s: LayerCall, reference: Operand, indices: Operand) -> Value:
    """The values at indices along the first axis."""
    return indexing.take(s, reference, indices, axis=0)


def one_hot(s: LayerCall, indices: Operand, num_classes: int) -> Value:
    """1 at each index, else 0."""
    return nn.one_hot(s, indices, num_classes)


def permute_dimensions(s: LayerCall, x: Operand, pattern: list[int]) -> Value:
    """Permute the axes."""
    return shapes.transpose(s, x, axes=pattern)


def reverse(s: LayerCall, x: Operand, axes: int | list[int]) -> Value:
    """Reverse along axes."""
    return indexing.flip(s, x, axis=axes)


_SAME = """
    Abs All Any Cast Clip Cos Dot Equal Exp Greater GreaterEqual Less LessEqual Log Logsumexp Max
    Maximum Mean Min Minimum NotEqual OnesLike Prod Reshape Round Sigmoid Sign Sin Softmax Softplus
    Softsign Square Squeeze Stack Std StopGradient Sum Tanh Tile Var ZerosLike
"""
SAME: dict[str, Operation] = {name: KERAS[name] for name in _SAME.split()}
"""Class name of the function of keras.ops with the same name and meaning."""

BACKEND: dict[str, Operation] = {
    "argmax": Operation(argmax),
    "argmin": Operation(argmin),
    "batch_dot": Operation(batch_dot),
    "batch_flatten": Operation(batch_flatten),
    "concatenate": Operation(concatenate),
    "cumprod": Operation(cumprod),
    "cumsum": Operation(cumsum),
    "elu": KERAS["Elu"],
    "expand_dims": Operation(expand_dims),
    "flatten": Operation(flatten),
    "gather": Operation(gather),
    "hard_sigmoid": Operation(hard_sigmoid),
    "identity": KERAS["Copy"],
    "l2_normalize": tensorflow_only.OPERATIONS["tf.l2_normalize"],
    "one_hot": Operation(one_hot),
    "permute_dimensions": Operation(permute_dimensions),
    "pow": KERAS["Power"],
    "relu": Operation(relu),
    "repeat": Operation(repeat),
    "repeat_elements": Operation(repeat_elements),
    "resize_images": Operation(resize_images),
    "reverse": Operation(reverse),
    "shape": tensorflow_arrays.OPERATIONS["tf.shape"],
    "sqrt": Operation(sqrt),
    "switch": Operation(switch),
    "transpose": KERAS["Transpose"],
}
"""Name in keras.backend -> function."""
