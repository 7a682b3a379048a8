"""Layers of keras.layers.preprocessing.image_preprocessing. Random ones do nothing when predicting.

Keras equalises histograms while training only, too, and bounds the number of boxes, of which images
have none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.layers.clahe import clahe
from keramos.compile.layers.regularization import unchanged
from keramos.compile.lowering.resample import matrix, resample
from keramos.compile.lowering.spatial import known
from keramos.keras_layers import image

if TYPE_CHECKING:
    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.lowering.record import Build
    from keramos.compile.onnx.graph import Value


def _height_axis(data_format: str | None) -> int:
    return 2 if data_format == "channels_first" else 1


def _cut(s: LayerCall, x: Value, axis: int, start: int, size: int) -> Value:
    return s.g.op("Slice", x, [start, 0], [start + size, 2**62], [axis, 0])


def _cropped(s: LayerCall, x: Value, axis: int, height: int, width: int) -> Value:
    """The largest middle part with the proportions of the new size."""
    tall, wide = known(x.shape[axis], "rows"), known(x.shape[axis + 1], "columns")
    new_tall = max(min(tall, int(np.float32(wide * height) / np.float32(width))), 1)
    new_wide = max(min(wide, int(np.float32(tall * width) / np.float32(height))), 1)
    x = _cut(s, x, axis, (tall - new_tall) // 2, new_tall)
    return _cut(s, x, axis + 1, (wide - new_wide) // 2, new_wide)


def _padded(s: LayerCall, x: Value, axis: int, height: int, width: int, fill: float) -> Value:
    """Edges of one value, alike on both sides, until the proportions are those of the new size."""
    tall, wide = known(x.shape[axis], "rows"), known(x.shape[axis + 1], "columns")
    more_tall = (max(tall, int(np.float32(wide * height) / np.float32(width))) - tall) // 2
    more_wide = (max(wide, int(np.float32(tall * width) / np.float32(height))) - wide) // 2
    pads = [0] * x.rank
    pads[axis], pads[axis + 1] = more_tall, more_wide
    return s.g.op("Pad", x, [*pads, *pads], np.asarray(fill, x.dtype))


def resized(
    s: LayerCall,
    x: Value,
    axis: int,
    height: int,
    width: int,
    method: str,
    *,
    antialias: bool = False,
) -> Value:
    """Rows (at ``axis``) and columns (after it) changed to another number."""
    legacy = s.layer.legacy
    kernel = legacy.resize_kernel or method
    for at, size in ((axis, height), (axis + 1, width)):
        old, points = known(x.shape[at], "places"), legacy.bilinear_points
        weights = matrix(s.g, old, size, kernel, antialias=antialias, points=points)
        x = resample(s.g, x, at, weights)
    return x


def resizing(
    s: LayerCall,
    *,
    height: int,
    width: int,
    interpolation: str = "bilinear",
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    antialias: bool = False,
    data_format: str | None = "channels_last",
) -> Value:
    """Images in another size; proportions are kept if wanted, by cropping or by edges."""
    axis = _height_axis(data_format)
    x = s.x
    if crop_to_aspect_ratio:
        x = _cropped(s, x, axis, height, width)
    elif pad_to_aspect_ratio:
        if fill_mode != "constant":
            raise s.unsupported("fill_mode", fill_mode, "constant is")
        x = _padded(s, x, axis, height, width, fill_value)
    return resized(s, x, axis, height, width, interpolation.lower(), antialias=antialias)


def center_crop(
    s: LayerCall, *, height: int, width: int, data_format: str | None = "channels_last"
) -> Value:
    """The middle of images; smaller ones are resized."""
    axis = _height_axis(data_format)
    tall, wide = known(s.x.shape[axis], "rows"), known(s.x.shape[axis + 1], "columns")
    if tall >= height and wide >= width:
        return _cut(
            s,
            _cut(s, s.x, axis, (tall - height) // 2, height),
            axis + 1,
            (wide - width) // 2,
            width,
        )
    return resized(s, _cropped(s, s.x, axis, height, width), axis, height, width, "bilinear")


def random_crop(
    s: LayerCall,
    *,
    height: int,
    width: int,
    data_format: str | None = "channels_last",
) -> Value:
    """Nothing when predicting; versions before Keras 3.8 crop or resize."""
    how = _WHEN_PREDICTING[s.layer.legacy.random_crop]
    return how(s, s.x, _height_axis(data_format), height, width)


def _keep(_s: LayerCall, x: Value, _axis: int, _height: int, _width: int) -> Value:
    return x


def _crop_and_resize(s: LayerCall, x: Value, axis: int, height: int, width: int) -> Value:
    """TensorFlow 2.7 to 2.21, Keras 3.0 to 3.5."""
    return resized(s, _cropped(s, x, axis, height, width), axis, height, width, "bilinear")


def _cut_then_resize(s: LayerCall, x: Value, axis: int, height: int, width: int) -> Value:
    """Keras 3.6 and 3.7: cut where the middle with the new proportions begins; what is too small is
    resized.
    """
    for at, size, other in ((axis, height, width), (axis + 1, width, height)):
        here, across = (known(s.x.shape[place], "places") for place in (at, 2 * axis + 1 - at))
        middle = max(min(here, int(float(across * size) / other)), 1)
        start = int(float(here - middle) / 2)
        x = _cut(s, x, at, start, min(size, here - start))
    small = x.shape[axis : axis + 2] != (height, width)
    return resized(s, x, axis, height, width, "bilinear") if small else x


def _resize_then_cut(s: LayerCall, x: Value, axis: int, height: int, width: int) -> Value:
    """TensorFlow up to 2.6: the shorter side as long as wanted, then the middle."""
    tall, wide = known(x.shape[axis], "rows"), known(x.shape[axis + 1], "columns")
    new_tall, new_wide = (
        (int(width * tall / wide), width) if tall / wide > height / width else (height, 0)
    )
    new_wide = new_wide or int(height * wide / tall)
    x = resized(s, x, axis, new_tall, new_wide, "bilinear")
    x = _cut(s, x, axis, int((new_tall - height) / 2), height)
    return _cut(s, x, axis + 1, int((new_wide - width) / 2), width)


_WHEN_PREDICTING = {
    "": _keep,
    "crop_and_resize": _crop_and_resize,
    "cut_then_resize": _cut_then_resize,
    "resize_then_cut": _resize_then_cut,
}
"""``Legacy.random_crop`` -> what a version does when predicting."""


def auto_contrast(
    s: LayerCall,
    *,
    value_range: tuple[float, float] = (0, 255),
    data_format: str | None = "channels_last",
) -> Value:
    """The values of each channel stretched over the whole range; a channel of one value stays."""
    if data_format == "channels_first":
        raise s.unsupported("data_format", data_format, "channels_last is")
    g, (low, high) = s.g, value_range
    if not low < high:
        raise s.unsupported("value_range", value_range, "a smaller and a larger number are")
    least, most = (g.op(kind, s.x, [1, 2], keepdims=1) for kind in ("ReduceMin", "ReduceMax"))
    flat = g.op("Equal", least, most)
    spread = g.op("Where", flat, 1.0, g.op("Sub", most, least))
    y = g.op(
        "Add",
        g.op("Mul", g.op("Div", g.op("Sub", s.x, least), spread), float(high - low)),
        float(low),
    )
    return g.op("Where", flat, s.x, y)


LAYERS: dict[str, Build] = {
    **dict.fromkeys(image.LAYERS, unchanged),
    "AutoContrast": auto_contrast,
    "CenterCrop": center_crop,
    "ContrastLimitedAdaptiveHistogramEqualization": clahe,
    "RandomCrop": random_crop,
    "Resizing": resizing,
}
"""All other layers of this family change images while training only."""
