"""Windows over space: layouts and pads as Keras means them, as ONNX wants them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keramos.errors import UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.compile.onnx.graph import Graph, Value

Sizes = int | list[int]
OpenSizes = int | list[int | None]
"""With None for what only the input tells."""


def each(value: Sizes | None, axes: int) -> list[int]:
    """One number an axis.

    Raises:
        UnsupportedModelError: there are more or fewer.
    """
    if isinstance(value, int) or value is None:
        return [value or 1] * axes
    if len(value) != axes:
        raise UnsupportedModelError(
            f"one number for each of {axes} axes of space is needed", received=str(value)[:80]
        )
    return [int(size) for size in value]


def channels_first(g: Graph, x: Value, data_format: str | None) -> Value:
    """X as ONNX wants it: rows, channels, space."""
    if data_format == "channels_first":
        return x
    return g.op("Transpose", x, perm=[0, x.rank - 1, *range(1, x.rank - 1)])


def as_before(g: Graph, y: Value, data_format: str | None) -> Value:
    """The layout of the layer again."""
    if data_format == "channels_first":
        return y
    return g.op("Transpose", y, perm=[0, *range(2, y.rank), 1])


def pads(
    x: Value, padding: str, window: Sequence[int], strides: Sequence[int], *, theano: bool = False
) -> dict[str, Any]:  # splatted into ONNX attributes of several types
    """ONNX attributes for a padding; ``window`` counts what a dilated kernel covers, x is channels
    first.

    ``same`` is TensorFlow's: the output has ceil(n / stride) places, the odd pad goes to the end;
    with ``theano`` both sides get size // 2.

    Raises:
        UnsupportedModelError: the padding has no such meaning here.
    """
    if padding == "valid":
        return {}
    if padding == "causal":
        return {"pads": [window[0] - 1, 0]}
    if padding == "same" and theano:
        return {"pads": [size // 2 for size in window] * 2}
    if padding != "same":
        raise UnsupportedModelError(
            "the padding is not supported; valid, same and causal are",
            option="padding",
            received=repr(padding),
        )
    before, after = [], []
    for size, width, stride in zip(x.shape[2:], window, strides, strict=True):
        if size is None and stride != 1:
            return {"auto_pad": "SAME_UPPER"}
        total = (
            width - 1 if size is None else max((-(-size // stride) - 1) * stride + width - size, 0)
        )
        before.append(total // 2)
        after.append(total - total // 2)
    return {"pads": before + after}


def trimmed(g: Graph, y: Value, x: Value, strides: Sequence[int]) -> Value:
    """The first ceil(places / stride) of Theano's results, which pads both sides alike."""
    ends = [
        -(-known(size, "places") // stride)
        for size, stride in zip(x.shape[2:], strides, strict=True)
    ]
    axes = list(range(2, y.rank))
    return g.op("Slice", y, [0] * len(axes), ends, axes)


def known(size: int | None, what: str) -> int:
    """A size that must be known when compiling.

    Raises:
        UnsupportedModelError: it is free.
    """
    if size is None:
        raise UnsupportedModelError(f"the number of {what} must be known")
    return size


def adaptive(g: Graph, x: Value, kind: str, counts: Sequence[int], first: int) -> Value:
    """Reductions of ``counts`` windows along each axis from ``first`` on; i of m covers floor(i n /
    m) to ceil((i + 1) n / m).
    """
    for axis, count in enumerate(counts, first):
        n = known(x.shape[axis], "places")
        g.reserve_nodes(2 * count)
        bounds = ((i * n // count, -(-(i + 1) * n // count)) for i in range(count))
        parts = [g.op("Slice", x, [start], [stop], [axis]) for start, stop in bounds]
        x = g.op("Concat", *(g.op(kind, part, [axis], keepdims=1) for part in parts), axis=axis)
    return x
