"""Layers of keras.layers.preprocessing for numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.onnx.shapes import front_axis
from keramos.errors import MismatchError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.lowering.record import Build
    from keramos.compile.onnx.graph import Value

_LEAST = 1e-7  # keras.config.epsilon()


def rescaling(s: LayerCall, *, scale: object, offset: object = 0.0) -> Value:
    """X * scale + offset; both numbers or vectors over the last axis."""
    y = s.x if s.x.dtype.startswith("float") else s.g.cast(s.x, "float32")
    factor, shift = np.asarray(scale, y.dtype), np.asarray(offset, y.dtype)
    _check_columns(s, "scale", factor)
    _check_columns(s, "offset", shift)
    if np.any(factor != 1):
        y = s.g.op("Mul", y, factor)
    return s.g.op("Add", y, shift) if np.any(shift != 0) else y


def _check_columns(s: LayerCall, option: str, numbers: NDArray[np.generic]) -> None:
    """One number, or one for each place of the last axes."""
    ends = s.x.shape[-numbers.ndim :] if numbers.ndim else ()
    fits = numbers.ndim <= s.x.rank and all(
        own == 1 or size in (None, own) for own, size in zip(numbers.shape, ends, strict=False)
    )
    if not fits or not numbers.size:
        raise s.unsupported(
            option, numbers.tolist(), f"one number, or one for each of {s.x.shape}, is"
        )


def _statistic(s: LayerCall, given: object, role: str, axes: list[int]) -> NDArray[np.generic]:
    """A statistic over the kept axes, so that it broadcasts against x. It may lack the first, or
    have size 1 there.
    """
    values = s.weight(role).astype("float64") if given is None else np.asarray(given, "float64")
    kept = [s.x.shape[i] for i in axes]
    sizes = [1] * (len(kept) - values.ndim) + list(values.shape)
    if len(sizes) != len(kept) or any(
        own not in (1, size) for own, size in zip(sizes, kept, strict=True)
    ):
        raise MismatchError(
            f"{role} does not have the sizes of the kept axes, {kept}",
            received=f"shape {values.shape}",
        )
    places = dict(zip(axes, sizes, strict=True))
    return values.reshape([places.get(i, 1) for i in range(s.x.rank)])


def normalization(
    s: LayerCall,
    *,
    axis: int | list[int] | None = -1,
    mean: object = None,
    variance: object = None,
    invert: bool = False,
) -> Value:
    """(x - mean) / sqrt(variance), by the statistics of each place along the axes; or back."""
    axes = (
        []
        if axis is None
        else sorted(front_axis(i, s.x.rank) for i in ([axis] if isinstance(axis, int) else axis))
    )
    center = _statistic(s, mean, "mean", axes).astype("float32")
    squares = _statistic(s, variance, "variance", axes).astype(float)
    if (squares < 0).any():
        raise MismatchError("the variance is negative")
    spread = np.maximum(np.sqrt(squares), _LEAST).astype("float32")
    if mean is None:
        s.weight("count")
    if invert:
        return s.g.op("Add", s.g.op("Mul", s.x, spread), center)
    return s.g.op("Div", s.g.op("Sub", s.x, center), spread)


def discretization(
    s: LayerCall,
    *,
    bin_boundaries: Sequence[float] | None = None,
    output_mode: str = "int",
    sparse: bool = False,
) -> Value:
    """How many boundaries are at or below each number, or an encoding of that; NaN is above all of
    them.
    """
    if sparse:
        raise s.unsupported("sparse", sparse, "dense results are")
    if bin_boundaries is None or list(bin_boundaries) != sorted(bin_boundaries):
        raise s.unsupported(
            "bin_boundaries", bin_boundaries, "ascending numbers, given or learned, are"
        )
    g, bounds = s.g, np.asarray(bin_boundaries, "float32")
    reached = g.op("Not", g.op("Less", g.op("Unsqueeze", s.x, [-1]), bounds))
    index = g.op("ReduceSum", g.cast(reached, "int64"), [-1], keepdims=0)
    from keramos.compile.lowering.encode import encode  # noqa: PLC0415 (start-up time)

    return encode(s, index, len(bounds) + 1, output_mode)


def category_encoding(
    s: LayerCall,
    *,
    num_tokens: int,
    output_mode: str = "multi_hot",
    sparse: bool = False,
) -> Value:
    """Whole numbers as one_hot, multi_hot or counts, which ``count_weights`` of the call may weigh.

    A number outside 0 to ``num_tokens`` - 1 counts as nothing; before Keras 3 it is an error.
    """
    if sparse:
        raise s.unsupported("sparse", sparse, "dense results are")
    if num_tokens < 1:
        raise s.unsupported("num_tokens", num_tokens, "at least 1 is")
    index = s.g.cast(s.x, "int64")
    from keramos.compile.lowering.encode import check_inside, encode  # noqa: PLC0415 (start-up time)

    if s.layer.legacy.range_is_checked:
        check_inside(s, index, num_tokens)
    weights = s.tensor("count_weights") or (s.inputs[1] if len(s.inputs) > 1 else None)
    if output_mode == "int":
        raise s.unsupported("output_mode", output_mode, "one_hot, multi_hot and count are")
    return encode(s, index, num_tokens, output_mode, weights=weights)


LAYERS: dict[str, Build] = {
    "CategoryEncoding": category_encoding,
    "Discretization": discretization,
    "Normalization": normalization,
    "Rescaling": rescaling,
}
