"""Functions of TensorFlow that differ from those of keras.ops in more than names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.activation import activate
from keramos.compile.graph import Value
from keramos.compile.lowering import Operation
from keramos.compile.operations import linalg, nn, order, reductions, shapes
from keramos.compile.operations.values import as_float, axes_of, cast_to, tensor, together
from keramos.compile.sizes import shape_tensor, sizes

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.compile.operations.values import Operand
    from keramos.compile.site import Site


def add_n(s: Site, inputs: list[Operand]) -> Value:
    """Sum of tensors."""
    first, *rest = together(s, *inputs)
    for x in rest:
        first = s.g.op("Add", first, x)
    return first


def _turned(s: Site, x: Value, *, wanted: bool) -> Value:
    order = [*range(x.rank - 2), x.rank - 1, x.rank - 2]
    return s.g.op("Transpose", x, perm=order) if wanted else x


def matmul(s: Site, a: Operand, b: Operand, *, transpose_a: bool = False, transpose_b: bool = False) -> Value:
    """Matrix product, either side transposed if wanted."""
    left, right = together(s, a, b)
    return s.g.op("MatMul", _turned(s, left, wanted=transpose_a), _turned(s, right, wanted=transpose_b))


def l2_normalize(s: Site, x: Operand, *, axis: int | list[int] | None = None, epsilon: float = 1e-12) -> Value:
    """X divided by its length; epsilon is the least square of a length."""
    g, value = s.g, as_float(s, x)
    squares = g.op("ReduceSum", g.op("Mul", value, value), axes_of(axis, value.rank))
    return g.op("Div", value, g.op("Sqrt", g.op("Max", squares, float(epsilon))))


def norm(
    s: Site,
    x: Operand,
    *,
    ord: object = "euclidean",
    axis: object = None,
    keepdims: bool = False,
) -> Value:
    """Length of vectors; Euclidean over everything by default."""
    word = None if ord == "euclidean" else ord
    return reductions.norm(s, x, ord=word, axis=axis, keepdims=keepdims)  # type: ignore[arg-type] # checked there


def _place(kind: str) -> Callable[..., Value]:
    def build(s: Site, x: Operand, *, axis: int | None = None, output_type: str = "int64") -> Value:
        return cast_to(s.g, s.g.op(kind, tensor(s, x), axis=axis or 0, keepdims=0), output_type)

    return build


def cumsum(s: Site, x: Operand, *, axis: int = 0, exclusive: bool = False, reverse: bool = False) -> Value:
    """Sum up to each place, or from it on."""
    return s.g.op("CumSum", tensor(s, x), np.int64(axis), exclusive=int(exclusive), reverse=int(reverse))


def squared_difference(s: Site, x1: Operand, x2: Operand) -> Value:
    """(x1 - x2)²."""
    distance = s.g.op("Sub", *together(s, x1, x2))
    return s.g.op("Mul", distance, distance)


def bias_add(s: Site, x: Operand, bias: Operand, *, data_format: str | None = None) -> Value:
    """A bias a channel."""
    value, shift = together(s, x, bias)
    if data_format is not None and data_format.startswith("NC") and value.rank > 2:
        shift = s.g.op("Unsqueeze", shift, list(range(1, value.rank - 1)))
    return s.g.op("Add", value, shift)


def gelu(s: Site, x: Operand, *, approximate: bool = False) -> Value:
    """Keras' gelu with the exact formula by default."""
    return nn.gelu(s, x, approximate=approximate)


def silu(s: Site, x: Operand, *, beta: float = 1.0) -> Value:
    """X times the sigmoid of x."""
    if beta != 1:
        raise s.unsupported("beta", beta, "1 is")
    return activate(s.g, as_float(s, x), "silu")


def one_hot(
    s: Site,
    x: Operand,
    num_classes: int,
    *,
    on_value: float | None = None,
    off_value: float | None = None,
    axis: int | None = -1,
    dtype: str | None = None,
) -> Value:
    """Two numbers, one at the place that each index names."""
    hot = nn.one_hot(s, x, num_classes, axis=-1 if axis is None else axis, dtype=dtype)
    if (on_value, off_value) in ((None, None), (1, 0)):
        return hot
    on, off = (1 if on_value is None else on_value), (0 if off_value is None else off_value)
    return s.g.op("Where", cast_to(s.g, hot, "bool"), np.asarray(on, hot.dtype), np.asarray(off, hot.dtype))


def pad(s: Site, x: Operand, pad_width: object, *, mode: str = "CONSTANT", constant_values: float = 0) -> Value:
    """Values around; TensorFlow writes the mode in capitals."""
    word = mode.lower()
    return shapes.pad(s, x, pad_width, mode=word, constant_values=constant_values if word == "constant" else None)


def gather(s: Site, params: Operand, indices: Operand, *, axis: int | None = None, batch_dims: int = 0) -> Value:
    """Values at places along an axis."""
    if batch_dims:
        raise s.unsupported("batch_dims", batch_dims, "0 is")
    return shapes.take(s, params, indices, axis=axis or 0)


def einsum(s: Site, equation: str, inputs: Operand | list[Operand]) -> Value:
    """Einstein's sum."""
    return linalg.einsum(s, *(inputs if isinstance(inputs, list) else [inputs]), subscripts=equation)


def shape(s: Site, x: Operand, *, out_type: str = "int32") -> Value:
    """The sizes of a tensor."""
    return cast_to(s.g, shape_tensor(s.g, sizes(tensor(s, x))), out_type)


def split(s: Site, x: Operand, num_or_size_splits: int | list[int], *, axis: int = 0) -> tuple[Value, ...]:
    """Equal parts, or parts of given sizes."""
    if isinstance(num_or_size_splits, int):
        return shapes.split(s, x, num_or_size_splits, axis=axis)
    parts = list(num_or_size_splits)
    return s.g.ops("Split", tensor(s, x), parts, outputs=len(parts), axis=axis)


def sort(s: Site, x: Operand, *, axis: int = -1, direction: str = "ASCENDING") -> Value:
    """In order along an axis."""
    y = order.sort(s, x, axis=axis)
    return y if direction == "ASCENDING" else shapes.flip(s, y, axis=axis)


def squeeze(s: Site, x: Operand, *, axis: list[int] | None = None) -> Value:
    """Axes of size 1 left out; an empty list means all."""
    return shapes.squeeze(s, x, axis=axis or None)


def concat_v2(s: Site, inputs: list[Operand]) -> Value:
    """Joined along the axis that comes last."""
    *values, axis = inputs
    if not isinstance(axis, int):
        raise s.unsupported("axis", "a tensor", "a number is")
    return shapes.concatenate(s, values, axis=axis)


def slice_(
    s: Site,
    x: Operand,
    *,
    begin: list[int] | None = None,
    size: list[int] | None = None,
    slice_spec: object = None,
) -> Value:
    """x[...] as Python writes it, or a block from a place on."""
    if begin is not None and size is not None:
        return shapes.slice_(s, x, begin, size)
    parts = slice_spec if isinstance(slice_spec, list) else [slice_spec]
    return shapes.get_item(s, x, [_part(part) for part in parts])


def _part(part: object) -> object:
    """TensorFlow's {start, stop, step} as Keras 3 writes a slice."""
    if isinstance(part, dict) and "class_name" not in part:
        return {"class_name": "__slice__", "config": part}
    return {"class_name": "__ellipsis__", "config": {}} if part in ("...", "Ellipsis") else part


def strided_slice(
    s: Site,
    x: Operand,
    begin: list[int],
    end: list[int],
    strides: list[int],
    **masks: int,
) -> Value:
    """A slice as a graph keeps it: masks of bits say where a place is not given, an ellipsis, new or dropped."""
    if any(isinstance(item, Value) for item in (begin, end, strides)):
        raise s.unsupported("begin", "a tensor", "numbers are")
    parts: list[object] = []
    for i, (start, stop, step) in enumerate(zip(begin, end, strides, strict=True)):
        bit = 1 << i
        said = {name for name, mask in masks.items() if mask & bit}
        first, last = (None if "begin_mask" in said else start), (None if "end_mask" in said else stop)
        part: object = {"class_name": "__slice__", "config": {"start": first, "stop": last, "step": step}}
        part = start if "shrink_axis_mask" in said else part
        part = None if "new_axis_mask" in said else part
        parts.append({"class_name": "__ellipsis__", "config": {}} if "ellipsis_mask" in said else part)
    return shapes.get_item(s, x, parts)


OPERATIONS = {
    "tf.add_n": Operation(add_n),
    "tf.argmax": Operation(_place("ArgMax")),
    "tf.argmin": Operation(_place("ArgMin")),
    "tf.bias_add": Operation(bias_add),
    "tf.concat_v2": Operation(concat_v2),
    "tf.cumsum": Operation(cumsum),
    "tf.einsum": Operation(einsum),
    "tf.gather": Operation(gather),
    "tf.gelu": Operation(gelu),
    "tf.l2_normalize": Operation(l2_normalize),
    "tf.matmul": Operation(matmul),
    "tf.norm": Operation(norm),
    "tf.one_hot": Operation(one_hot),
    "tf.pad": Operation(pad),
    "tf.shape": Operation(shape),
    "tf.silu": Operation(silu),
    "tf.slice": Operation(slice_),
    "tf.sort": Operation(sort),
    "tf.split": Operation(split),
    "tf.squared_difference": Operation(squared_difference),
    "tf.squeeze": Operation(squeeze),
    "tf.strided_slice": Operation(strided_slice),
}
