"""Layers of keras.layers.reshaping."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, cast

import numpy as np

from keramos.compile.layers.image import resized
from keramos.compile.lowering.spatial import each, known
from keramos.errors import MismatchError, UnsupportedModelError

if TYPE_CHECKING:
    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.lowering.record import Build
    from keramos.compile.lowering.spatial import Sizes
    from keramos.compile.onnx.graph import Value

Edges = int | list[int] | list[list[int]]


def flatten(s: LayerCall, *, data_format: str | None = "channels_last") -> Value:
    """All axes but the rows as one, channels last; a row of a single number becomes one column."""
    x = s.x
    if data_format == "channels_first" and x.rank > 2:
        x = s.g.op("Transpose", x, perm=[0, *range(2, x.rank), 1])
    return s.g.op("Flatten", x, axis=1)


def reshape(s: LayerCall, *, target_shape: list[int]) -> Value:
    """The same values in another shape; one size may be -1."""
    sizes = list(target_shape)
    if any(size < 1 and size != -1 for size in sizes):
        raise MismatchError(
            "the shape holds a size below 1", option="target_shape", received=str(sizes)
        )
    if sizes.count(-1) > 1:
        raise MismatchError(
            "the shape leaves more than one size open",
            option="target_shape",
            received=str(sizes),
        )
    if None not in s.x.shape[1:]:
        held, rest = (
            prod(cast("tuple[int, ...]", s.x.shape[1:])),
            prod([size for size in sizes if size != -1]),
        )
        if -1 in sizes:
            sizes[sizes.index(-1)] = held // max(rest, 1)
        if prod(sizes) != held:
            raise MismatchError(
                f"the shape does not fit {held:,} values a row, {s.x.shape[1:]}",
                option="target_shape",
                received=str(target_shape),
            )
    return s.g.op("Reshape", s.x, [0, *sizes])  # 0 keeps the rows apart, whatever the sizes come to


def permute(s: LayerCall, *, dims: list[int]) -> Value:
    """Axes in another order; they count from 1."""
    return s.g.op("Transpose", s.x, perm=[0, *dims])


def repeat_vector(s: LayerCall, *, n: int) -> Value:
    """Each row n times along a new second axis."""
    return s.g.op("Tile", s.g.op("Unsqueeze", s.x, [1]), [1, n, 1])


def _edges(value: Edges, axes: int) -> list[tuple[int, int]]:
    """(before, after) an axis from Keras' forms: a number, a number an axis, or a pair an axis.

    Raises:
        UnsupportedModelError: the value is none of these.
    """
    listed = cast("list[int | list[int]]", [value] * axes if isinstance(value, int) else value)
    if axes == 1 and all(isinstance(part, int) for part in listed) and isinstance(value, list):
        listed = [cast("list[int]", value)]
    pairs = [(part, part) if isinstance(part, int) else part for part in listed]
    if len(pairs) != axes or any(len(pair) != 2 for pair in pairs):
        raise UnsupportedModelError(
            f"a number, or a pair for each of {axes} axes, is needed", received=str(value)[:80]
        )
    return [(before, after) for before, after in pairs]


def _space(s: LayerCall, data_format: str | None) -> list[int]:
    return (
        list(range(2, s.x.rank))
        if data_format == "channels_first"
        else list(range(1, s.x.rank - 1))
    )


def zero_padding(
    s: LayerCall, *, padding: Edges = 1, data_format: str | None = "channels_last"
) -> Value:
    """Zeros around."""
    axes = _space(s, data_format)
    edges = dict(zip(axes, _edges(padding, len(axes)), strict=True))
    before, after = ([edges.get(axis, (0, 0))[end] for axis in range(s.x.rank)] for end in (0, 1))
    return s.g.op("Pad", s.x, [*before, *after])


def cropped(
    s: LayerCall, *, cropping: Edges = 1, data_format: str | None = "channels_last"
) -> Value:
    """Places at the edges left out."""
    axes = _space(s, data_format)
    edges = _edges(cropping, len(axes))
    for axis, (before, after) in zip(axes, edges, strict=True):
        size = s.x.shape[axis]
        if size is not None and before + after >= size:
            raise MismatchError(
                f"cropping leaves nothing of the {size} positions along axis {axis}",
                option="cropping",
                received=str(cropping),
            )
    ends = [-after if after else 2**62 for _, after in edges]
    return s.g.op("Slice", s.x, [before for before, _ in edges], ends, axes)


def cropping_1d(s: LayerCall, *, cropping: Edges = 1) -> Value:
    """Steps at both ends left out."""
    return cropped(s, cropping=cropping)


def up_sampling_1d(s: LayerCall, *, size: Sizes = 2) -> Value:
    """Every step repeated ``size`` times."""
    return up_sampling_3d(s, size=size)


def up_sampling_2d(
    s: LayerCall,
    *,
    size: Sizes = 2,
    data_format: str | None = "channels_last",
    interpolation: str = "nearest",
) -> Value:
    """Every place repeated ``size`` times along each axis of space, or places in between."""
    if interpolation == "nearest" and not s.layer.legacy.resize_kernel:
        return up_sampling_3d(s, size=size, data_format=data_format)
    at = 2 if data_format == "channels_first" else 1
    tall, wide = (known(s.x.shape[axis], "places") for axis in (at, at + 1))
    factor = each(size, 2)
    return resized(s, s.x, at, tall * factor[0], wide * factor[1], interpolation)


def up_sampling_3d(
    s: LayerCall, *, size: Sizes = 2, data_format: str | None = "channels_last"
) -> Value:
    """Every place repeated ``size`` times along each axis of space, however many there are."""
    axes = _space(s, data_format)
    factors = dict(zip(axes, each(size, len(axes)), strict=True))
    scales = np.array([factors.get(axis, 1) for axis in range(s.x.rank)], "float32")
    return s.g.op(
        "Resize",
        s.x,
        None,
        scales,
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )


LAYERS: dict[str, Build] = {
    "Cropping1D": cropping_1d,
    "Cropping2D": cropped,
    "Cropping3D": cropped,
    "UpSampling1D": up_sampling_1d,
    "UpSampling2D": up_sampling_2d,
    "UpSampling3D": up_sampling_3d,
    **{f"ZeroPadding{n}D": zero_padding for n in (1, 2, 3)},
    "Flatten": flatten,
    "Permute": permute,
    "RepeatVector": repeat_vector,
    "Reshape": reshape,
}
