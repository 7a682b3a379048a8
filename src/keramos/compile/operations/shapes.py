"""Functions of keras.ops that move values about: shapes, joins, slices."""

from __future__ import annotations

from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING, cast

import numpy as np

from keramos.compile.lowering.record import Operation
from keramos.compile.lowering.spatial import known
from keramos.compile.onnx.graph import Value
from keramos.compile.onnx.sizes import expand, reshape, size, sizes
from keramos.compile.operations.values import (
    axes_of,
    cast_to,
    number_type,
    tensor,
    together,
    widely,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.onnx.sizes import Size
    from keramos.compile.operations.values import Operand

_ALL = 2**62  # "to the end" in ONNX


def _listed(s: LayerCall, xs: object) -> list[Value]:
    return together(s, *(xs if isinstance(xs, list | tuple) else [xs]))


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
    """Axes in another order, by default reversed."""
    value = tensor(s, x)
    order = list(reversed(range(value.rank))) if axes is None else axes_of(axes, value.rank)
    return s.g.op("Transpose", value, perm=order)


def swapaxes(s: LayerCall, x: Operand, axis1: int, axis2: int) -> Value:
    """Two axes exchanged."""
    value = tensor(s, x)
    order = list(range(value.rank))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return s.g.op("Transpose", value, perm=order)


def moveaxis(
    s: LayerCall, x: Operand, source: int | list[int], destination: int | list[int]
) -> Value:
    """Axes moved to other places."""
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
    """New axes of size 1."""
    value = tensor(s, x)
    count = len(axis) if isinstance(axis, list) else 1
    return s.g.op("Unsqueeze", value, axes_of(axis, value.rank + count))


def squeeze(s: LayerCall, x: Operand, *, axis: int | list[int] | None = None) -> Value:
    """Axes of size 1 left out."""
    value = tensor(s, x)
    found = (
        [i for i, n in enumerate(value.shape) if n == 1]
        if axis is None
        else axes_of(axis, value.rank)
    )
    return s.g.op("Squeeze", value, found) if found else value


def ravel(s: LayerCall, x: Operand) -> Value:
    """All values in one row."""
    return reshape(s.g, tensor(s, x), -1)


def concatenate(s: LayerCall, xs: list[Operand], *, axis: int | None = 0) -> Value:
    """Joined along an axis."""
    values = _listed(s, xs)
    if axis is None:
        values, axis = [reshape(s.g, value, -1) for value in values], 0
    return s.g.op("Concat", *values, axis=axis)


def stack(s: LayerCall, x: list[Operand], *, axis: int = 0) -> Value:
    """Joined along a new axis."""
    values = _listed(s, x)
    at = axis % (values[0].rank + 1)
    return s.g.op("Concat", *(s.g.op("Unsqueeze", value, [at]) for value in values), axis=at)


def vstack(s: LayerCall, xs: list[Operand]) -> Value:
    """Joined along the first axis."""
    return concatenate(
        s,
        [value if value.rank > 1 else expand_dims(s, value, 0) for value in _listed(s, xs)],
        axis=0,
    )


def hstack(s: LayerCall, xs: list[Operand]) -> Value:
    """Joined along the second axis, or the only one."""
    values = _listed(s, xs)
    return concatenate(s, list(values), axis=0 if values[0].rank == 1 else 1)


def append(s: LayerCall, x1: Operand, x2: Operand, *, axis: int | None = None) -> Value:
    """The second after the first."""
    return concatenate(s, [x1, x2], axis=axis)


def split(
    s: LayerCall, x: Operand, indices_or_sections: int | list[int], *, axis: int = 0
) -> tuple[Value, ...]:
    """Equal parts, or parts between given places."""
    value = tensor(s, x)
    total = known(value.shape[axis], "values to split")
    if isinstance(indices_or_sections, int):
        s.g.reserve_nodes(indices_or_sections)
        if total % indices_or_sections:
            raise s.unsupported(
                "indices_or_sections", indices_or_sections, f"{total} cannot be split so"
            )
        parts = [total // indices_or_sections] * indices_or_sections
    else:
        edges = [0, *indices_or_sections, total]
        parts = [end - start for start, end in pairwise(edges)]
    return s.g.ops("Split", value, parts, outputs=len(parts), axis=axis)


def unstack(
    s: LayerCall, x: Operand, *, num: int | None = None, axis: int = 0
) -> tuple[Value, ...]:
    """One tensor for each place of an axis."""
    value = tensor(s, x)
    count = num or known(value.shape[axis], "places to unstack")
    s.g.reserve_nodes(count)
    parts = s.g.ops("Split", value, [1] * count, outputs=count, axis=axis)
    return tuple(s.g.op("Squeeze", part, [axis % value.rank]) for part in parts)


def tile(s: LayerCall, x: Operand, repeats: int | list[int]) -> Value:
    """Repeated as a whole."""
    value = tensor(s, x)
    listed = [repeats] if isinstance(repeats, int) else list(repeats)
    more = [1] * (value.rank - len(listed))
    if len(listed) > value.rank:
        value = s.g.op("Unsqueeze", value, list(range(len(listed) - value.rank)))
    return s.g.op("Tile", value, [*more, *listed])


def repeat(s: LayerCall, x: Operand, repeats: int | list[int], *, axis: int | None = None) -> Value:
    """Every value repeated."""
    value = tensor(s, x)
    if axis is None:
        value, axis = reshape(s.g, value, -1), 0
    axis %= value.rank
    if isinstance(repeats, list):
        s.g.reserve_constants("places", sum(repeats))
        return s.g.op("Gather", value, np.repeat(np.arange(len(repeats)), repeats), axis=axis)
    wide = s.g.op(
        "Tile",
        s.g.op("Unsqueeze", value, [axis + 1]),
        [1] * (axis + 1) + [repeats] + [1] * (value.rank - axis - 1),
    )
    here = value.shape[axis]
    shape: list[Size] = sizes(value)
    shape[axis] = -1 if here is None else here * repeats
    return reshape(s.g, wide, *shape)


def flip(s: LayerCall, x: Operand, *, axis: int | list[int] | None = None) -> Value:
    """Reversed along axes."""
    value = tensor(s, x)
    axes = axes_of(axis, value.rank)
    return s.g.op("Slice", value, [-1] * len(axes), [-_ALL] * len(axes), axes, [-1] * len(axes))


def roll(
    s: LayerCall, x: Operand, shift: int | list[int], *, axis: int | list[int] | None = None
) -> Value:
    """Shifted in a circle."""
    value = tensor(s, x)
    if axis is None:
        return reshape(s.g, roll(s, reshape(s.g, value, -1), shift, axis=0), *sizes(value))
    axes = axes_of(axis, value.rank)
    for at, wanted in zip(
        axes, [shift] * len(axes) if isinstance(shift, int) else shift, strict=True
    ):
        step = wanted % max(value.shape[at] or 1, 1) if value.shape[at] is not None else wanted
        if step:
            end, front = (
                s.g.op("Slice", value, [a], [b], [at]) for a, b in ((-step, _ALL), (0, -step))
            )
            value = s.g.op("Concat", end, front, axis=at)
    return value


def take(s: LayerCall, x: Operand, indices: Operand, *, axis: int | None = None) -> Value:
    """Values at places along an axis."""
    value = tensor(s, x)
    if axis is None:
        value, axis = reshape(s.g, value, -1), 0
    return s.g.op("Gather", value, cast_to(s.g, tensor(s, indices), "int64"), axis=axis)


def take_along_axis(
    s: LayerCall, x: Operand, indices: Operand, *, axis: int | None = None
) -> Value:
    """Values at places of their own in every row."""
    value, places = tensor(s, x), cast_to(s.g, tensor(s, indices), "int64")
    if axis is None:
        value, axis = reshape(s.g, value, -1), 0
    axis %= value.rank
    wide = [size(places if i == axis else value, i) for i in range(value.rank)]
    return s.g.op("GatherElements", value, expand(s.g, places, *wide), axis=axis)


def broadcast_to(s: LayerCall, x: Operand, shape: list[int]) -> Value:
    """Repeated along axes of size 1."""
    return expand(s.g, tensor(s, x), *shape)


def pad(
    s: LayerCall,
    x: Operand,
    pad_width: object,
    *,
    mode: str = "constant",
    constant_values: float | None = None,
) -> Value:
    """Values around."""
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
    """Values around, mirrored with the edge itself."""
    for axis, (before, after) in enumerate(pairs):
        if before or after:
            count = known(value.shape[axis], "values")
            s.g.reserve_constants("places", before + count + after)
            places = np.pad(np.arange(count), (before, after), mode="symmetric")
            value = s.g.op("Gather", value, places, axis=axis)
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


def diff(s: LayerCall, a: Operand, *, n: int = 1, axis: int = -1) -> Value:
    """Differences between neighbours, n times."""
    value = tensor(s, a)
    s.g.reserve_nodes(3 * n)
    for _ in range(n):
        later, earlier = (s.g.op("Slice", value, [i], [j], [axis]) for i, j in ((1, _ALL), (0, -1)))
        value = s.g.op("Sub", later, earlier)
    return value


def get_item(s: LayerCall, x: Operand, key: object) -> Value:
    """x[key] with numbers, slices, an ellipsis and new axes, as Keras writes them."""
    value = tensor(s, x)
    parts = list(key) if isinstance(key, list | tuple) else [key]
    around = sum(1 for part in parts if part is None or _class_of(part) == "__ellipsis__")
    filled = [{"class_name": "__slice__", "config": {}}] * (value.rank - len(parts) + around)
    at = next((i for i, part in enumerate(parts) if _class_of(part) == "__ellipsis__"), None)
    parts = [*parts, *filled] if at is None else [*parts[:at], *filled, *parts[at + 1 :]]
    return _sliced(s, value, parts)


def _class_of(part: object) -> object:
    return part.get("class_name") if isinstance(part, dict) else None


def _sliced(s: LayerCall, value: Value, parts: Sequence[object]) -> Value:
    """One part an axis; a number drops its axis, None adds one."""
    cuts: list[tuple[int, int, int, int]] = []
    gone, new = [], []
    axis = kept = 0
    for part in parts:
        if part is None:
            new.append(kept)
            kept += 1
            continue
        start, end, step = _range(s, part)
        if (start, end, step) != (0, _ALL, 1):
            cuts.append((start, end, axis, step))
        if isinstance(part, int):
            gone.append(axis)
        else:
            kept += 1
        axis += 1
    y = (
        s.g.op("Slice", value, *(list(column) for column in zip(*cuts, strict=True)))
        if cuts
        else value
    )
    y = s.g.op("Squeeze", y, gone) if gone else y
    return s.g.op("Unsqueeze", y, new) if new else y


def _range(s: LayerCall, part: object) -> tuple[int, int, int]:
    if isinstance(part, int) and not isinstance(part, bool):
        return part, part + 1 if part != -1 else _ALL, 1
    if not isinstance(part, dict) or _class_of(part) != "__slice__":
        raise s.unsupported(
            "key", part, "numbers, slices with numbers, an ellipsis and new axes are"
        )
    words = cast("dict[str, int | None]", part["config"])
    if any(isinstance(word, Value) for word in words.values()):
        raise s.unsupported("key", "a slice with a tensor", "slices with numbers are")
    step = words.get("step") or 1
    start, end = words.get("start"), words.get("stop")
    if step > 0:
        return start or 0, _ALL if end is None else end, step
    return -1 if start is None else start, -_ALL if end is None else end, step


def slice_(s: LayerCall, inputs: Operand, start_indices: list[int], shape: list[int]) -> Value:
    """A block that begins at some place and has some shape."""
    value = tensor(s, inputs)
    ends = [
        _ALL if size == -1 else start + size
        for start, size in zip(start_indices, shape, strict=True)
    ]
    return s.g.op("Slice", value, list(start_indices), ends, list(range(value.rank)))


OPERATIONS = {
    "Append": Operation(append),
    "BroadcastTo": Operation(broadcast_to),
    "Concatenate": Operation(concatenate),
    "Diff": Operation(diff),
    "ExpandDims": Operation(expand_dims),
    "Flip": Operation(flip),
    "FullLike": Operation(full_like),
    "GetItem": Operation(get_item),
    "Hstack": Operation(hstack),
    "Moveaxis": Operation(moveaxis),
    "OnesLike": Operation(ones_like),
    "Pad": Operation(pad),
    "Ravel": Operation(ravel),
    "Repeat": Operation(repeat),
    "Reshape": Operation(reshape_),
    "Roll": Operation(roll),
    "Slice": Operation(slice_),
    "Split": Operation(split),
    "Squeeze": Operation(squeeze),
    "Stack": Operation(stack),
    "Swapaxes": Operation(swapaxes),
    "Take": Operation(take),
    "TakeAlongAxis": Operation(take_along_axis),
    "Tile": Operation(tile),
    "Transpose": Operation(transpose),
    "Tril": Operation(tril),
    "Triu": Operation(triu),
    "Unstack": Operation(unstack),
    "Vstack": Operation(vstack),
    "ZerosLike": Operation(zeros_like),
}
