"""Layers of keras.layers.merging: several tensors of fitting shapes -> one.

Masks: in current Keras a step counts where it counts in any input, and only if all inputs have
masks; ``Legacy.merged_masks`` has the older rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.onnx.shapes import front_axis
from keramos.compile.onnx.sizes import expand, size
from keramos.errors import MismatchError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.lowering.record import Build
    from keramos.compile.onnx.graph import Value


def _masked(s: LayerCall) -> list[Value]:
    """The masks that matter; the result's mask is set."""
    rule = s.layer.legacy.merged_masks
    masks = [mask for mask in s.masks if mask is not None]
    if rule == "none" or not masks or (rule == "any" and len(masks) < len(s.inputs)):
        return []
    word = "Or" if rule == "any" else "And"
    joined = masks[0]
    for mask in masks[1:]:
        joined = s.g.op(word, joined, mask)
    s.out_mask = joined
    return masks


def _aligned(s: LayerCall) -> list[Value]:
    """Inputs of one rank and one kind of number: Keras puts missing axes after the rows."""
    rank = max(x.rank for x in s.inputs)
    floats = any(x.dtype == "float32" for x in s.inputs)
    values = [s.g.cast(x, "float32") if floats and x.dtype != "float32" else x for x in s.inputs]
    return [
        s.g.op("Unsqueeze", x, list(range(1, 1 + rank - x.rank))) if x.rank < rank else x
        for x in values
    ]


def _folded(s: LayerCall, kind: str, inputs: Sequence[Value]) -> Value:
    y = inputs[0]
    for x in inputs[1:]:
        y = s.g.op(kind, y, x)
    return y


def _plain(kind: str) -> Callable[..., Value]:
    """A merge in which masked steps take part like others."""

    def build(s: LayerCall) -> Value:
        _masked(s)
        return _folded(s, kind, _aligned(s))

    return build


def subtract(s: LayerCall) -> Value:
    """The second of two tensors taken from the first."""
    if len(s.inputs) != 2:
        raise MismatchError("two inputs are needed", received=str(len(s.inputs)))
    return _plain("Sub")(s)


def average(s: LayerCall) -> Value:
    """Mean."""
    _masked(s)
    return s.g.op("Mean", *_aligned(s))


def multiply(s: LayerCall) -> Value:
    """Product. In Keras 3 masked steps of an input count as 1, and steps masked everywhere give
    0.
    """
    both = _masked(s)
    if s.layer.legacy.merged_masks != "any" or not any(s.masks):
        return _folded(s, "Mul", _aligned(s))
    g = s.g
    factors = [
        x if mask is None else g.op("Where", g.op("Unsqueeze", mask, [-1]), x, 1.0)
        for x, mask in zip(_aligned(s), s.masks, strict=True)
    ]
    y = _folded(s, "Mul", factors)
    return g.op("Where", g.op("Unsqueeze", s.out_mask, [-1]), y, 0.0) if both else y  # type: ignore[arg-type] # one mask


def _extreme(kind: str) -> Callable[..., Value]:
    """Largest or smallest. In Keras 3 a masked step of one input gives way to that of the other."""

    def build(s: LayerCall) -> Value:
        _masked(s)
        inputs = _aligned(s)
        if s.layer.legacy.merged_masks != "any" or not any(s.masks):
            return s.g.op(kind, *inputs)
        y, seen = inputs[0], s.masks[0]
        for x, mask in zip(inputs[1:], s.masks[1:], strict=True):
            y, seen = _choose(s, kind, (y, seen), (x, mask))
        return y

    return build


def _choose(
    s: LayerCall, kind: str, first: tuple[Value, Value | None], second: tuple[Value, Value | None]
) -> tuple[Value, Value | None]:
    """The extreme of two where both count, else the one that counts; the second counts before the
    first.
    """
    (y, seen), (x, mask), g = first, second, s.g
    if mask is not None:
        x = g.op("Where", g.op("Unsqueeze", mask, [-1]), x, y)
    if seen is not None:
        y = g.op("Where", g.op("Unsqueeze", seen, [-1]), y, x)
    return g.op(kind, y, x), g.op(
        "Or", seen, mask
    ) if seen is not None and mask is not None else None


def concatenate(s: LayerCall, *, axis: int = -1) -> Value:
    """Joined along one axis; masks are joined along it too, and a tensor without one counts
    everywhere.
    """
    y, rule = s.g.op("Concat", *s.inputs, axis=axis), s.layer.legacy.merged_masks
    if rule == "none" or not any(s.masks):
        return y
    g, last = s.g, axis in (-1, y.rank - 1)
    masks = [_mask_or_all(s, x, mask) for x, mask in zip(s.inputs, s.masks, strict=True)]
    if not last:
        s.out_mask = g.op("Concat", *masks, axis=axis)
    elif rule == "all":
        s.out_mask = _folded(s, "And", masks)
    else:
        s.out_mask = _folded(s, "Or", masks)
    return y


def _mask_or_all(s: LayerCall, x: Value, mask: Value | None) -> Value:
    if mask is not None:
        return mask
    ones = s.g.const(np.ones((1,) * (x.rank - 1), bool))
    return expand(s.g, ones, *(size(x, axis) for axis in range(x.rank - 1)))


def batch_dot(s: LayerCall, a: Value, b: Value, axes: int | list[int]) -> Value:
    """Sums of products along one axis of each, row by row; two vectors give one column."""
    pair = [axes, axes] if isinstance(axes, int) else axes
    i, j = front_axis(pair[0], a.rank), front_axis(pair[1], b.rank)
    if None not in (a.shape[i], b.shape[j]) and a.shape[i] != b.shape[j]:
        raise MismatchError(f"axis {i} of {a.shape} and axis {j} of {b.shape} do not fit together")
    first, second = list("abcdefg"[: a.rank]), ["a", *"hijklmn"[: b.rank - 1]]
    second[j] = first[i]
    out = [letter for letter in (*first, *second[1:]) if letter != first[i]]
    y = s.g.op("Einsum", a, b, equation=f"{''.join(first)},{''.join(second)}->{''.join(out)}")
    return y if y.rank > 1 else s.g.op("Unsqueeze", y, [1])


def dot(s: LayerCall, *, axes: int | list[int], normalize: bool = False) -> Value:
    """Products along an axis of each input, which may be brought to length 1 before."""
    a, b = _two(s)
    pair = [axes, axes] if isinstance(axes, int) else axes
    if 0 in pair:
        raise s.unsupported("axes", axes, "an axis behind the rows is")
    if normalize:
        a, b = (_unit(s, x, front_axis(axis, x.rank)) for x, axis in zip((a, b), pair, strict=True))
    return batch_dot(s, a, b, pair)


def _two(s: LayerCall) -> tuple[Value, ...]:
    if len(s.inputs) != 2:
        raise MismatchError("two inputs are needed", received=str(len(s.inputs)))
    return s.inputs


def _unit(s: LayerCall, x: Value, axis: int) -> Value:
    squares = s.g.op("ReduceSum", s.g.op("Mul", x, x), [axis])
    return s.g.op("Div", x, s.g.op("Sqrt", s.g.op("Max", squares, 1e-12)))


LAYERS: dict[str, Build] = {
    "Add": _plain("Add"),
    "Average": average,
    "Concatenate": concatenate,
    "Dot": dot,
    "Maximum": _extreme("Max"),
    "Minimum": _extreme("Min"),
    "Multiply": multiply,
    "Subtract": subtract,
    "TFDConcat": concatenate,
}
