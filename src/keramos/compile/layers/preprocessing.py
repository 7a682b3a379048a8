"""Layers of keras.layers.preprocessing for numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.encode import demand_inside, encode
from keramos.compile.lowering import Lowering
from keramos.errors import MismatchError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from keramos.compile.graph import Value
    from keramos.compile.site import Site

_LEAST = 1e-7  # keras.config.epsilon()


def rescaling(s: Site, *, scale: object, offset: object = 0.0) -> Value:
    """X * scale + offset; both numbers or vectors over the last axis."""
    y = s.x if s.x.dtype.startswith("float") else s.g.op("Cast", s.x, to=1)
    factor, shift = np.asarray(scale, y.dtype), np.asarray(offset, y.dtype)
    if np.any(factor != 1):
        y = s.g.op("Mul", y, factor)
    return s.g.op("Add", y, shift) if np.any(shift != 0) else y


def _statistic(s: Site, given: object, role: str, axes: list[int]) -> NDArray[np.generic]:
    """A statistic over the kept axes, so that it broadcasts against x."""
    values = s.weight(role).astype("float64") if given is None else np.asarray(given, "float64")
    shape = [s.x.shape[i] or 1 if i in axes else 1 for i in range(s.x.rank)]
    if values.size not in (1, int(np.prod(shape))):
        raise MismatchError(f"{role} holds {values.size} numbers, the kept axes need {int(np.prod(shape))}")
    return values.reshape(shape if values.size > 1 else [1] * s.x.rank)


def normalization(
    s: Site,
    *,
    axis: int | list[int] | None = -1,
    mean: object = None,
    variance: object = None,
    invert: bool = False,
) -> Value:
    """(x - mean) / sqrt(variance), by the statistics of each place along the axes; or back."""
    axes = [] if axis is None else [i % s.x.rank for i in ([axis] if isinstance(axis, int) else axis)]
    center = _statistic(s, mean, "mean", axes).astype("float32")
    spread = np.maximum(np.sqrt(_statistic(s, variance, "variance", axes)), _LEAST).astype("float32")
    if mean is None:
        s.weight("count")
    if invert:
        return s.g.op("Add", s.g.op("Mul", s.x, spread), center)
    return s.g.op("Div", s.g.op("Sub", s.x, center), spread)


def discretization(
    s: Site, *, bin_boundaries: Sequence[float], output_mode: str = "int", sparse: bool = False
) -> Value:
    """How many boundaries are at or below each number, or an encoding of that."""
    if sparse:
        raise s.unsupported("sparse", sparse, "dense results are")
    g, bounds = s.g, np.sort(np.asarray(bin_boundaries, "float32"))
    reached = g.op("GreaterOrEqual", g.op("Unsqueeze", s.x, [-1]), bounds)
    index = g.op("ReduceSum", g.op("Cast", reached, to=7), [-1], keepdims=0)
    return encode(s, index, len(bounds) + 1, output_mode)


def category_encoding(
    s: Site, *, num_tokens: int, output_mode: str = "multi_hot", sparse: bool = False, keep_last_axis: bool = False
) -> Value:
    """Whole numbers as one_hot, multi_hot or counts, which ``count_weights`` of the call may weigh."""
    if sparse:
        raise s.unsupported("sparse", sparse, "dense results are")
    index = s.g.op("Cast", s.x, to=7)
    demand_inside(s, index, num_tokens)
    weights = s.tensor("count_weights") or (s.inputs[1] if len(s.inputs) > 1 else None)
    return encode(s, index, num_tokens, output_mode, weights=weights, keep_last_axis=keep_last_axis)


LAYERS = {
    "CategoryEncoding": Lowering(category_encoding, calls=("count_weights",)),
    "Discretization": Lowering(discretization, ignored=("num_bins", "epsilon"), floats=True),
    "Normalization": Lowering(normalization, floats=True),
    "Rescaling": Lowering(rescaling, mask="keep"),
}
