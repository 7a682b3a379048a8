"""Functions of TensorFlow that slice, split, join and gather, where they differ from keras.ops in
more than names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.lowering.record import Operation
from keramos.compile.lowering.spatial import known
from keramos.compile.onnx.graph import Value
from keramos.compile.onnx.sizes import shape_tensor, sizes
from keramos.compile.operations import arrangements, indexing, joins, linalg, nn, shapes
from keramos.compile.operations.values import cast_to, tensor

if TYPE_CHECKING:
    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.operations.values import Operand


def one_hot(
    s: LayerCall,
    x: Operand,
    num_classes: int,
    *,
    on_value: float | None = None,
    off_value: float | None = None,
    axis: int | None = -1,
    dtype: str | None = None,
) -> Value:
    """``on_value`` at each index, else ``off_value``."""
    hot = nn.one_hot(s, x, num_classes, axis=-1 if axis is None else axis, dtype=dtype)
    if (on_value, off_value) in ((None, None), (1, 0)):
        return hot
    on, off = (1 if on_value is None else on_value), (0 if off_value is None else off_value)
    return s.g.op(
        "Where", cast_to(s.g, hot, "bool"), np.asarray(on, hot.dtype), np.asarray(off, hot.dtype)
    )


def pad(
    s: LayerCall,
    x: Operand,
    pad_width: object,
    *,
    mode: str = "CONSTANT",
    constant_values: float = 0,
) -> Value:
    """Pad with values; TensorFlow writes the mode in capitals."""
    word = mode.lower()
    return shapes.pad(
        s, x, pad_width, mode=word, constant_values=constant_values if word == "constant" else None
    )


def gather(
    s: LayerCall, params: Operand, indices: Operand, *, axis: int | None = None, batch_dims: int = 0
) -> Value:
    """The values at indices along an axis; the first ``batch_dims`` axes of both are batch axes."""
    if not batch_dims:
        return indexing.take(s, params, indices, axis=axis or 0)
    value, positions = tensor(s, params), cast_to(s.g, tensor(s, indices), "int64")
    if axis is not None and axis % value.rank != batch_dims:
        raise s.unsupported("axis", axis, f"the first after batch_dims={batch_dims} is")
    return gather_nd(
        s, value, s.g.op("Unsqueeze", positions, [positions.rank]), batch_dims=batch_dims
    )


def gather_nd(s: LayerCall, params: Operand, indices: Operand, *, batch_dims: int = 0) -> Value:
    """The slices at coordinates, which are the last axis of the indices."""
    value, positions = tensor(s, params), cast_to(s.g, tensor(s, indices), "int64")
    depth = known(positions.shape[-1], "coordinates")
    shape = (*positions.shape[:-1], *value.shape[batch_dims + depth :])
    return s.g.ops(
        "GatherND", value, positions, outputs=1, batch_dims=batch_dims, like=[(value.dtype, shape)]
    )[0]


def scatter_add(s: LayerCall, x: Operand, indices: Operand, updates: Operand) -> Value:
    """A tensor with values added at some coordinates."""
    return arrangements.scatter_update(s, x, indices, updates, reduction="add")


def band_part(s: LayerCall, x: Operand, lower: int, upper: int) -> Value:
    """0 outside a band around the diagonal; -1 leaves a side as it is."""
    y = tensor(s, x)
    y = s.g.op("Trilu", y, np.int64(upper), upper=0) if upper >= 0 else y
    return s.g.op("Trilu", y, np.int64(-lower), upper=1) if lower >= 0 else y


def diag_part(s: LayerCall, x: Operand) -> Value:
    """The main diagonal of the last two axes."""
    return linalg.diagonal(s, x, axis1=-2, axis2=-1)


def trace(s: LayerCall, x: Operand) -> Value:
    """The sum of the main diagonal of the last two axes."""
    return linalg.trace(s, x, axis1=-2, axis2=-1)


def sequence_mask(
    s: LayerCall, lengths: Operand, maxlen: int | None = None, *, dtype: str = "bool"
) -> Value:
    """True for as many leading positions of each row as its length."""
    if not isinstance(maxlen, int):
        raise s.unsupported("maxlen", maxlen, "a number is")
    count = cast_to(s.g, tensor(s, lengths), "int64")
    s.g.reserve_constants("indices", maxlen)
    ahead = s.g.op("Less", np.arange(maxlen), s.g.op("Unsqueeze", count, [count.rank]))
    return cast_to(s.g, ahead, dtype)


def rank(s: LayerCall, x: Operand) -> Value:
    """The number of axes."""
    return s.g.const(np.array(tensor(s, x).rank, "int32"))


def size(s: LayerCall, x: Operand, *, out_type: str = "int32") -> Value:
    """The number of values."""
    return cast_to(
        s.g, s.g.op("ReduceProd", shape_tensor(s.g, sizes(tensor(s, x))), [0], keepdims=0), out_type
    )


def same(s: LayerCall, x: Operand, *, shape: object = None) -> Value:
    """X; its shape is known to be this one."""
    del shape
    return tensor(s, x)


def shape(s: LayerCall, x: Operand, *, out_type: str = "int32") -> Value:
    """The sizes of a tensor."""
    return cast_to(s.g, shape_tensor(s.g, sizes(tensor(s, x))), out_type)


def split(
    s: LayerCall, x: Operand, num_or_size_splits: int | list[int], *, axis: int = 0
) -> tuple[Value, ...]:
    """Split into equal parts, or parts of given sizes."""
    if isinstance(num_or_size_splits, int):
        return joins.split(s, x, num_or_size_splits, axis=axis)
    return split_sizes(s, x, num_or_size_splits, axis)


def split_first(s: LayerCall, axis: int, x: Operand, *, count: int) -> tuple[Value, ...]:
    """Split into equal parts."""
    return joins.split(s, x, count, axis=axis)


def split_sizes(s: LayerCall, x: Operand, sizes: list[int], axis: int) -> tuple[Value, ...]:
    """Split into parts of given sizes; -1 stands for the rest."""
    value = tensor(s, x)
    parts = list(sizes)
    if -1 in parts:
        parts[parts.index(-1)] = known(value.shape[axis], "values to split") - sum(parts) - 1
    return s.g.ops("Split", value, parts, outputs=len(parts), axis=axis)


def squeeze(s: LayerCall, x: Operand, *, axis: list[int] | None = None) -> Value:
    """Remove axes of size 1; an empty list means all."""
    return shapes.squeeze(s, x, axis=axis or None)


def concat_v2(s: LayerCall, inputs: list[Operand]) -> Value:
    """Concatenate along the axis that is the last input."""
    *values, axis = inputs
    if not isinstance(axis, int):
        raise s.unsupported("axis", "a tensor", "a number is")
    return joins.concatenate(s, values, axis=axis)


def slice_(
    s: LayerCall,
    x: Operand,
    *,
    begin: list[int] | None = None,
    size: list[int] | None = None,
    slice_spec: object = None,
) -> Value:
    """x[slice_spec], or the block of a given size at ``begin``."""
    if begin is not None and size is not None:
        return indexing.slice_(s, x, begin, size)
    parts = slice_spec if isinstance(slice_spec, list) else [slice_spec]
    return indexing.get_item(s, x, [_part(part) for part in parts])


def _part(part: object) -> object:
    """TensorFlow's {start, stop, step} as Keras 3 writes a slice."""
    if isinstance(part, dict) and "class_name" not in part:
        return indexing.slice_part(**part)
    return indexing.ELLIPSIS if part in ("...", "Ellipsis") else part


def strided_slice(
    s: LayerCall,
    x: Operand,
    begin: list[int],
    end: list[int],
    strides: list[int],
    **masks: int,
) -> Value:
    """A slice as a graph keeps it: bit masks mark axes with no start, no end, an
    ellipsis, a new axis or a dropped axis.
    """
    if any(isinstance(item, Value) for item in (begin, end, strides)):
        raise s.unsupported("begin", "a tensor", "numbers are")
    parts: list[object] = []
    for i, (start, stop, step) in enumerate(zip(begin, end, strides, strict=True)):
        bit = 1 << i
        flags = {name for name, mask in masks.items() if mask & bit}
        if "ellipsis_mask" in flags:
            parts.append(indexing.ELLIPSIS)
        elif "new_axis_mask" in flags:
            parts.append(None)
        elif "shrink_axis_mask" in flags:
            parts.append(start)
        else:
            first = None if "begin_mask" in flags else start
            last = None if "end_mask" in flags else stop
            parts.append(indexing.slice_part(start=first, stop=last, step=step))
    return indexing.get_item(s, x, parts)


OPERATIONS = {
    "tf.band_part": Operation(band_part),
    "tf.concat_v2": Operation(concat_v2),
    "tf.diag_part": Operation(diag_part),
    "tf.ensure_shape": Operation(same),
    "tf.gather": Operation(gather),
    "tf.gather_nd": Operation(gather_nd),
    "tf.one_hot": Operation(one_hot),
    "tf.pad": Operation(pad),
    "tf.rank": Operation(rank),
    "tf.scatter_add": Operation(scatter_add),
    "tf.sequence_mask": Operation(sequence_mask),
    "tf.shape": Operation(shape),
    "tf.size": Operation(size),
    "tf.slice": Operation(slice_),
    "tf.split": Operation(split),
    "tf.split_first": Operation(split_first),
    "tf.split_sizes": Operation(split_sizes),
    "tf.squeeze": Operation(squeeze),
    "tf.strided_slice": Operation(strided_slice),
    "tf.trace": Operation(trace),
}
