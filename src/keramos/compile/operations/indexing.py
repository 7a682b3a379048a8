"""Functions of keras.ops that select values by their index: slices, gathers, flips, rolls."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from keramos.compile.lowering.record import Operation
from keramos.compile.onnx.graph import Value
from keramos.compile.onnx.sizes import expand, reshape, size, sizes
from keramos.compile.operations.values import axes_of, cast_to, tensor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.operations.values import Operand

END = 2**62
"""A slice that ends here runs to the end of its axis, in ONNX."""


def flip(s: LayerCall, x: Operand, *, axis: int | list[int] | None = None) -> Value:
    """Reverse along axes."""
    value = tensor(s, x)
    axes = axes_of(axis, value.rank)
    return s.g.op("Slice", value, [-1] * len(axes), [-END] * len(axes), axes, [-1] * len(axes))


def flip_along(axis: int) -> Callable[..., Value]:
    """The function that reverses its argument along an axis."""

    def build(s: LayerCall, x: Operand) -> Value:
        return flip(s, x, axis=axis)

    return build


def roll(
    s: LayerCall, x: Operand, shift: int | list[int], *, axis: int | list[int] | None = None
) -> Value:
    """Shift along axes; values that leave at one end enter at the other."""
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
                s.g.op("Slice", value, [a], [b], [at]) for a, b in ((-step, END), (0, -step))
            )
            value = s.g.op("Concat", end, front, axis=at)
    return value


def take(s: LayerCall, x: Operand, indices: Operand, *, axis: int | None = None) -> Value:
    """The values at indices along an axis."""
    value = tensor(s, x)
    if axis is None:
        value, axis = reshape(s.g, value, -1), 0
    return s.g.op("Gather", value, cast_to(s.g, tensor(s, indices), "int64"), axis=axis)


def take_along_axis(
    s: LayerCall, x: Operand, indices: Operand, *, axis: int | None = None
) -> Value:
    """The values at indices along an axis, which differ from row to row."""
    value, positions = tensor(s, x), cast_to(s.g, tensor(s, indices), "int64")
    if axis is None:
        value, axis = reshape(s.g, value, -1), 0
    axis %= value.rank
    wide = [size(positions if i == axis else value, i) for i in range(value.rank)]
    return s.g.op("GatherElements", value, expand(s.g, positions, *wide), axis=axis)


def neighbours(s: LayerCall, value: Value, axis: int) -> tuple[Value, Value]:
    """Every value but the first along an axis, and the value before each."""
    later = s.g.op("Slice", value, [1], [END], [axis])
    return later, s.g.op("Slice", value, [0], [-1], [axis])


def diff(s: LayerCall, a: Operand, *, n: int = 1, axis: int = -1) -> Value:
    """Differences between neighbours, n times."""
    value = tensor(s, a)
    s.g.reserve_nodes(3 * n)
    for _ in range(n):
        value = s.g.op("Sub", *neighbours(s, value, axis))
    return value


ELLIPSIS = {"class_name": "__ellipsis__", "config": {}}
"""An ellipsis as Keras 3 writes it."""


def slice_part(**config: object) -> dict[str, object]:
    """A slice as Keras 3 writes it, from ``start``, ``stop`` and ``step``."""
    return {"class_name": "__slice__", "config": config}


def get_item(s: LayerCall, x: Operand, key: object) -> Value:
    """x[key] with numbers, slices, an ellipsis and new axes, as Keras writes them."""
    value = tensor(s, x)
    parts = list(key) if isinstance(key, list | tuple) else [key]
    around = sum(1 for part in parts if part is None or _class_of(part) == "__ellipsis__")
    filled = [slice_part()] * (value.rank - len(parts) + around)
    at = next((i for i, part in enumerate(parts) if _class_of(part) == "__ellipsis__"), None)
    parts = [*parts, *filled] if at is None else [*parts[:at], *filled, *parts[at + 1 :]]
    return _sliced(s, value, parts)


def _class_of(part: object) -> object:
    return part.get("class_name") if isinstance(part, dict) else None


def _sliced(s: LayerCall, value: Value, parts: Sequence[object]) -> Value:
    """One part an axis; a number drops its axis, None adds one."""
    cuts: list[tuple[int, int, int, int]] = []
    dropped, new = [], []
    axis = kept = 0
    for part in parts:
        if part is None:
            new.append(kept)
            kept += 1
            continue
        start, end, step = _range(s, part)
        if (start, end, step) != (0, END, 1):
            cuts.append((start, end, axis, step))
        if isinstance(part, int):
            dropped.append(axis)
        else:
            kept += 1
        axis += 1
    y = (
        s.g.op("Slice", value, *(list(column) for column in zip(*cuts, strict=True)))
        if cuts
        else value
    )
    y = s.g.op("Squeeze", y, dropped) if dropped else y
    return s.g.op("Unsqueeze", y, new) if new else y


def _range(s: LayerCall, part: object) -> tuple[int, int, int]:
    if isinstance(part, int) and not isinstance(part, bool):
        return part, part + 1 if part != -1 else END, 1
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
        return start or 0, END if end is None else end, step
    return -1 if start is None else start, -END if end is None else end, step


def slice_(s: LayerCall, inputs: Operand, start_indices: list[int], shape: list[int]) -> Value:
    """The block of a given shape at given start indices."""
    value = tensor(s, inputs)
    ends = [
        END if size == -1 else start + size
        for start, size in zip(start_indices, shape, strict=True)
    ]
    return s.g.op("Slice", value, list(start_indices), ends, list(range(value.rank)))


OPERATIONS = {
    "Diff": Operation(diff),
    "Flip": Operation(flip),
    "Fliplr": Operation(flip_along(1)),
    "Flipud": Operation(flip_along(0)),
    "GetItem": Operation(get_item),
    "Roll": Operation(roll),
    "Slice": Operation(slice_),
    "Take": Operation(take),
    "TakeAlongAxis": Operation(take_along_axis),
}
