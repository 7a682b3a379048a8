"""Functions of keras.ops that change shapes, pad, and make tensors in the shape of others."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, cast

import numpy as np

from keramos.compile.lowering.record import Operation
from keramos.compile.lowering.spatial import known
from keramos.compile.onnx.graph import Value
from keramos.compile.onnx.sizes import expand, reshape, sizes
from keramos.compile.operations.values import axes_of, cast_to, number_type, tensor, widely

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.operations.values import Operand


def reshape_(s: LayerCall, x: Operand, newshape: Sequence[int | Value]) -> Value:
    """The same values in another shape; one size may be -1."""
    value = tensor(s, x)
    parts = [_size_of(s, item) for item in newshape]
    if any(isinstance(item, Value) for item in parts):
        vector = s.g.op("Concat", *(_vector(s, item) for item in parts), axis=0)
        shape = tuple(item if isinstance(item, int) and item >= 0 else None for item in parts)
        return s.g.ops("Reshape", value, vector, outputs=1, like=[(value.dtype, shape)])[0]
    target = [item for item in parts if isinstance(item, int)]
    if -1 in target and None not in value.shape[1:] and target[0] != -1:
        rows = value.shape[0]
        total = prod(cast("tuple[int, ...]", value.shape[1:])) * (rows or 1)
        rest = prod([item for item in target if item != -1])
        target[target.index(-1)] = total // max(rest, 1) if rows is not None else -1
    return reshape(s.g, value, *target)


def _size_of(s: LayerCall, item: object) -> int | Value:
    if item is None:
        return -1
    return item if isinstance(item, int) else tensor(s, item)


def _vector(s: LayerCall, item: int | Value) -> Value:
    if isinstance(item, int):
        return s.g.const(np.array([item], "int64"))
    return s.g.op("Reshape", cast_to(s.g, item, "int64"), [1])


def transpose(s: LayerCall, x: Operand, *, axes: list[int] | None = None) -> Value:
    """Permute the axes; the default reverses them."""
    value = tensor(s, x)
    order = list(reversed(range(value.rank))) if axes is None else axes_of(axes, value.rank)
    return s.g.op("Transpose", value, perm=order)


def swapaxes(s: LayerCall, x: Operand, axis1: int, axis2: int) -> Value:
    """Exchange two axes."""
    value = tensor(s, x)
    order = list(range(value.rank))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return s.g.op("Transpose", value, perm=order)


def moveaxis(
    s: LayerCall, x: Operand, source: int | list[int], destination: int | list[int]
) -> Value:
    """Move axes to other positions."""
    value = tensor(s, x)
    old, new = axes_of(source, value.rank), axes_of(destination, value.rank)
    rest = (axis for axis in range(value.rank) if axis not in old)
    placed = dict(zip(new, old, strict=True))
    return s.g.op(
        "Transpose",
        value,
        perm=[placed[i] if i in placed else next(rest) for i in range(value.rank)],
    )


def expand_dims(s: LayerCall, x: Operand, axis: int | list[int]) -> Value:
    """Insert axes of size 1."""
    value = tensor(s, x)
    count = len(axis) if isinstance(axis, list) else 1
    return s.g.op("Unsqueeze", value, axes_of(axis, value.rank + count))


def squeeze(s: LayerCall, x: Operand, *, axis: int | list[int] | None = None) -> Value:
    """Remove axes of size 1."""
    value = tensor(s, x)
    found = (
        [i for i, n in enumerate(value.shape) if n == 1]
        if axis is None
        else axes_of(axis, value.rank)
    )
    return s.g.op("Squeeze", value, found) if found else value


def ravel(s: LayerCall, x: Operand) -> Value:
    """Flatten to one axis."""
    return reshape(s.g, tensor(s, x), -1)


def broadcast_to(s: LayerCall, x: Operand, shape: list[int]) -> Value:
    """Repeat along axes of size 1."""
    return expand(s.g, tensor(s, x), *shape)


def pad(
    s: LayerCall,
    x: Operand,
    pad_width: object,
    *,
    mode: str = "constant",
    constant_values: float | None = None,
) -> Value:
    """Pad with values."""
    value = tensor(s, x)
    pairs = np.broadcast_to(np.asarray(pad_width, "int64"), (value.rank, 2))
    if mode == "symmetric":
        return _mirrored(s, value, pairs.tolist())
    if mode not in ("constant", "reflect", "edge"):
        raise s.unsupported("mode", mode, "constant, reflect, symmetric and edge are")
    edges = [*pairs[:, 0].tolist(), *pairs[:, 1].tolist()]

    def padded(x: Value) -> Value:
        return s.g.op(
            "Pad",
            x,
            edges,
            None if mode != "constant" else np.asarray(constant_values or 0, x.dtype),
            mode=mode,
        )

    return widely(s.g, padded, value)


def _mirrored(s: LayerCall, value: Value, pairs: list[list[int]]) -> Value:
    """Pad with mirrored values, the edge included."""
    for axis, (before, after) in enumerate(pairs):
        if before or after:
            count = known(value.shape[axis], "values")
            s.g.reserve_constants("indices", before + count + after)
            positions = np.pad(np.arange(count), (before, after), mode="symmetric")
            value = s.g.op("Gather", value, positions, axis=axis)
    return value


def full_like(s: LayerCall, x: Operand, fill_value: float, *, dtype: str | None = None) -> Value:
    """One number in the shape of another tensor."""
    value = tensor(s, x)
    return expand(
        s.g,
        s.g.const(np.full([1] * value.rank, fill_value, number_type(s, dtype or value.dtype))),
        *sizes(value),
    )


def zeros_like(s: LayerCall, x: Operand, *, dtype: str | None = None) -> Value:
    """Zeros in the shape of another tensor."""
    return full_like(s, x, 0, dtype=dtype)


def ones_like(s: LayerCall, x: Operand, *, dtype: str | None = None) -> Value:
    """Ones in the shape of another tensor."""
    return full_like(s, x, 1, dtype=dtype)


def tril(s: LayerCall, x: Operand, *, k: int = 0) -> Value:
    """0 above a diagonal."""
    return widely(s.g, lambda v: s.g.op("Trilu", v, np.int64(k), upper=0), tensor(s, x))


def triu(s: LayerCall, x: Operand, *, k: int = 0) -> Value:
    """0 below a diagonal."""
    return widely(s.g, lambda v: s.g.op("Trilu", v, np.int64(k), upper=1), tensor(s, x))


OPERATIONS = {
    "BroadcastTo": Operation(broadcast_to),
    "ExpandDims": Operation(expand_dims),
    "FullLike": Operation(full_like),
    "Moveaxis": Operation(moveaxis),
    "OnesLike": Operation(ones_like),
    "Pad": Operation(pad),
    "Ravel": Operation(ravel),
    "Reshape": Operation(reshape_),
    "Squeeze": Operation(squeeze),
    "Swapaxes": Operation(swapaxes),
    "Transpose": Operation(transpose),
    "Tril": Operation(tril),
    "Triu": Operation(triu),
    "ZerosLike": Operation(zeros_like),
}
