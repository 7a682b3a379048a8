"""Layers of keras.layers.normalization."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.lowering.spatial import known
from keramos.compile.onnx.shapes import front_axis
from keramos.compile.onnx.sizes import reshape, sizes
from keramos.errors import MismatchError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.lowering.record import Build
    from keramos.compile.onnx.graph import Value


def axes_of(s: LayerCall, axis: int | list[int]) -> list[int]:
    """Axes counted from the front."""
    return [front_axis(one, s.x.rank) for one in ([axis] if isinstance(axis, int) else axis)]


def _spread(s: LayerCall, axes: list[int], values: NDArray[np.generic]) -> NDArray[np.generic]:
    """A vector over ``axes`` so that it broadcasts against x."""
    return values.reshape([int(s.x.shape[i] or 1) if i in axes else 1 for i in range(s.x.rank)])


def batch_normalization(
    s: LayerCall,
    *,
    axis: int = -1,
    epsilon: float = 1e-3,
    center: bool = True,
    scale: bool = True,
) -> Value:
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta with the statistics of training, as one
    Mul and Add.
    """
    axes = axes_of(s, [*s.layer.legacy.batch_axes] or axis)
    if s.layer.legacy.batch_statistics:
        return _with_own_statistics(s, axes, epsilon)
    shape = tuple(s.x.shape[i] for i in axes)
    # tf.keras keeps the statistics of several axes in the shape in which they broadcast.
    if len(axes) > 1:
        shape = tuple(size if i in axes else 1 for i, size in enumerate(s.x.shape))
    gamma = s.weight("gamma", sizes=shape).astype(float) if scale else np.ones(1)
    beta = s.weight("beta", sizes=shape).astype(float) if center else np.zeros(1)
    mean, variance = (
        s.weight("moving_mean", sizes=shape).astype(float),
        s.weight("moving_variance", sizes=shape).astype(float),
    )
    if (variance + epsilon <= 0).any():
        raise MismatchError("moving variance + epsilon is not positive everywhere")
    factor = gamma / np.sqrt(variance + epsilon)
    y = s.g.op("Mul", s.x, _spread(s, axes, factor).astype(s.x.dtype))
    return s.g.op("Add", y, _spread(s, axes, beta - mean * factor).astype(s.x.dtype))


def _with_own_statistics(s: LayerCall, axes: list[int], epsilon: float) -> Value:
    """Statistics of the data itself: of each row over its last axis, or over all axes but those
    given.
    """
    by_row = s.layer.legacy.batch_statistics == "row"
    g, shape = s.g, tuple(s.x.shape[i] for i in axes)
    gamma, beta = s.float_weight("gamma", sizes=shape), s.float_weight("beta", sizes=shape)
    for name in ("moving_mean", "moving_variance"):
        s.weight(name, sizes=shape)  # kept in the file, but not looked at
    over = [s.x.rank - 1] if by_row else [i for i in range(s.x.rank) if i not in axes]
    distance = g.op("Sub", s.x, g.op("ReduceMean", s.x, over))
    variance = g.op("ReduceMean", g.op("Mul", distance, distance), over)
    deviation = g.op("Sqrt", g.op("Add", variance, float(epsilon)))
    if by_row:
        deviation = g.op("Add", deviation, float(epsilon))
    y = g.op("Mul", g.op("Div", distance, deviation), _spread(s, axes, gamma))
    return g.op("Add", y, _spread(s, axes, beta))


def layer_normalization(
    s: LayerCall,
    *,
    axis: int | list[int] = -1,
    epsilon: float = 1e-3,
    center: bool = True,
    scale: bool = True,
    rms_scaling: bool = False,
) -> Value:
    """(x - mean) / sqrt(variance + epsilon) over the axes of each row, then gamma and beta.

    ``rms_scaling``: x / sqrt(variance + epsilon) * gamma, as Keras 3 has it.
    """
    g, axes = s.g, axes_of(s, axis)
    shape = tuple(s.x.shape[i] for i in axes)
    mean = g.op("ReduceMean", s.x, axes)
    distance = g.op("Sub", s.x, mean)
    variance = g.op("ReduceMean", g.op("Mul", distance, distance), axes)
    y = g.op(
        "Div", s.x if rms_scaling else distance, g.op("Sqrt", g.op("Add", variance, float(epsilon)))
    )
    if scale or rms_scaling:
        y = g.op("Mul", y, _spread(s, axes, s.float_weight("gamma", sizes=shape)))
    return (
        g.op("Add", y, _spread(s, axes, s.float_weight("beta", sizes=shape)))
        if center and not rms_scaling
        else y
    )


def unit_normalization(s: LayerCall, *, axis: int | list[int] = -1) -> Value:
    """X divided by its length over the axes (at least 1e-6 of squared length, as
    keras.ops.normalize).
    """
    g = s.g
    squares = g.op("ReduceSum", g.op("Mul", s.x, s.x), axes_of(s, axis))
    return g.op("Div", s.x, g.op("Sqrt", g.op("Max", squares, 1e-12)))


def rms_normalization(s: LayerCall, *, axis: int | list[int] = -1, epsilon: float = 1e-6) -> Value:
    """X / sqrt(mean(x²) + epsilon) * scale."""
    g, axes = s.g, axes_of(s, axis)
    squares = g.op("ReduceMean", g.op("Mul", s.x, s.x), axes)
    y = g.op("Div", s.x, g.op("Sqrt", g.op("Add", squares, float(epsilon))))
    return g.op(
        "Mul", y, _spread(s, axes, s.float_weight("scale", sizes=tuple(s.x.shape[i] for i in axes)))
    )


def group_normalization(
    s: LayerCall,
    *,
    groups: int = 32,
    axis: int = -1,
    epsilon: float = 1e-3,
    center: bool = True,
    scale: bool = True,
) -> Value:
    """(x - mean) / sqrt(variance + epsilon) over groups of channels and all places, then gamma and
    beta.
    """
    g, at = s.g, front_axis(axis, s.x.rank)
    channels = known(s.x.shape[at], "channels")
    count = channels if groups == -1 else groups
    if count < 1 or channels % count:
        raise s.unsupported("groups", groups, f"a divisor of {channels} channels is")
    shape = sizes(s.x)
    x = reshape(g, s.x, *shape[:at], count, channels // count, *shape[at + 1 :])
    over = [i for i in range(1, x.rank) if i != at]
    distance = g.op("Sub", x, g.op("ReduceMean", x, over))
    variance = g.op("ReduceMean", g.op("Mul", distance, distance), over)
    y = reshape(
        g, g.op("Div", distance, g.op("Sqrt", g.op("Add", variance, float(epsilon)))), *shape
    )
    if scale:
        y = g.op("Mul", y, _spread(s, [at], s.float_weight("gamma", size=channels)))
    return g.op("Add", y, _spread(s, [at], s.float_weight("beta", size=channels))) if center else y


LAYERS: dict[str, Build] = {
    "BatchNormalization": batch_normalization,
    "GroupNormalization": group_normalization,
    "LayerNormalization": layer_normalization,
    "RMSNormalization": rms_normalization,
    "UnitNormalization": unit_normalization,
}
