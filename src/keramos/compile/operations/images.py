"""Functions of keras.ops.image that resize, cut and recolour images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.compile.lowering.record import Operation
from keramos.compile.lowering.resample import matrix, resample
from keramos.compile.lowering.spatial import known
from keramos.compile.operations.values import as_float, tensor

if TYPE_CHECKING:
    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.onnx.graph import Value
    from keramos.compile.operations.values import Operand


def resize(
    s: LayerCall,
    images: Operand,
    size: list[int],
    *,
    interpolation: str = "bilinear",
    antialias: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    data_format: str | None = "channels_last",
) -> Value:
    """Resize images."""
    x = as_float(s, images)
    if crop_to_aspect_ratio or pad_to_aspect_ratio or x.rank != 4:
        raise s.unsupported(
            "crop_to_aspect_ratio", crop_to_aspect_ratio, "plain resizing of several images is"
        )
    first = 2 if data_format == "channels_first" else 1
    for axis, wanted in zip((first, first + 1), size, strict=True):
        weights = matrix(
            s.g, known(x.shape[axis], "pixels"), wanted, interpolation.lower(), antialias=antialias
        )
        x = resample(s.g, x, axis, weights)
    return x


def _row_axis(x: Value, data_format: str | None) -> int:
    return x.rank - (2 if data_format == "channels_first" else 3)


def pad_images(
    s: LayerCall,
    images: Operand,
    *,
    top_padding: int | None = None,
    left_padding: int | None = None,
    bottom_padding: int | None = None,
    right_padding: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = "channels_last",
) -> Value:
    """Pad images with zeros; two of both paddings and the target size determine the third."""
    x = tensor(s, images)
    axis = _row_axis(x, data_format)
    before, after = [0] * x.rank, [0] * x.rank
    wanted = (
        (top_padding, bottom_padding, target_height),
        (left_padding, right_padding, target_width),
    )
    for at, (first, last, target) in enumerate(wanted, axis):
        before[at], after[at] = _edges(x, at, first, last, None if target is None else (target, 1))
    return s.g.op("Pad", x, [*before, *after])


def _edges(
    x: Value, axis: int, first: int | None, last: int | None, target: tuple[int, int] | None
) -> tuple[int, int]:
    """How much comes before and after an axis, from two of both edges and (size, sign of the
    change).
    """
    if first is not None and last is not None:
        return first, last
    size, sign = target or (0, 1)
    change = sign * (size - known(x.shape[axis], "rows and columns")) - (first or 0) - (last or 0)
    return (change, last) if last is not None else (first or 0, change)


def crop_images(
    s: LayerCall,
    images: Operand,
    *,
    top_cropping: int | None = None,
    left_cropping: int | None = None,
    bottom_cropping: int | None = None,
    right_cropping: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = "channels_last",
) -> Value:
    """Crop images; two of both croppings and the target size determine the third."""
    x = tensor(s, images)
    axis = _row_axis(x, data_format)
    wanted = (
        (top_cropping, bottom_cropping, target_height),
        (left_cropping, right_cropping, target_width),
    )
    starts, stops = [], []
    for at, (first, last, target) in enumerate(wanted, axis):
        before, after = _edges(x, at, first, last, None if target is None else (target, -1))
        starts.append(before)
        stops.append(-after if after else 2**62)
    return s.g.op("Slice", x, starts, stops, [axis, axis + 1])


def _colours(s: LayerCall, images: Operand, data_format: str | None) -> tuple[list[Value], int]:
    x = as_float(s, images)
    axis = x.rank - 3 if data_format == "channels_first" else x.rank - 1
    return list(s.g.ops("Split", x, [1, 1, 1], outputs=3, axis=axis)), axis


def rgb_to_hsv(
    s: LayerCall, images: Operand, *, data_format: str | None = "channels_last"
) -> Value:
    """Red, green and blue as hue, saturation and value, all from 0 to 1 (Smith 1978)."""
    g, ((red, green, blue), axis) = s.g, _colours(s, images, data_format)
    value = g.op("Max", g.op("Max", red, green), blue)
    spread = g.op("Sub", value, g.op("Min", g.op("Min", red, green), blue))
    flat = g.op("Equal", spread, 0.0)
    safe = g.op("Where", flat, 1.0, spread)
    hues = [
        g.op("Add", g.op("Div", g.op("Sub", a, b), safe), turn)
        for a, b, turn in ((green, blue, 0.0), (blue, red, 2.0), (red, green, 4.0))
    ]
    hue = g.op("Where", g.op("Equal", value, green), hues[1], hues[2])
    hue = g.op("Mul", g.op("Where", g.op("Equal", value, red), hues[0], hue), 1 / 6)
    hue = g.op(
        "Where", flat, 0.0, g.op("Where", g.op("Less", hue, 0.0), g.op("Add", hue, 1.0), hue)
    )
    dark = g.op("LessOrEqual", value, 0.0)
    saturation = g.op("Where", dark, 0.0, g.op("Div", spread, g.op("Where", dark, 1.0, value)))
    return g.op("Concat", hue, saturation, value, axis=axis)


def hsv_to_rgb(
    s: LayerCall, images: Operand, *, data_format: str | None = "channels_last"
) -> Value:
    """Hue, saturation and value as red, green and blue, all from 0 to 1 (Smith 1978)."""
    g, ((hue, saturation, value), axis) = s.g, _colours(s, images, data_format)
    sixths = g.op("Mul", hue, 6.0)
    ramps = (
        g.op("Sub", g.op("Abs", g.op("Sub", sixths, 3.0)), 1.0),
        g.op("Sub", 2.0, g.op("Abs", g.op("Sub", sixths, 2.0))),
        g.op("Sub", 2.0, g.op("Abs", g.op("Sub", sixths, 4.0))),
    )
    pale, parts = g.op("Sub", 1.0, saturation), []
    for ramp in ramps:
        bounded = g.op("Min", g.op("Max", ramp, 0.0), 1.0)
        parts.append(g.op("Mul", g.op("Add", pale, g.op("Mul", saturation, bounded)), value))
    return g.op("Concat", *parts, axis=axis)


OPERATIONS = {
    "CropImages": Operation(crop_images),
    "HSVToRGB": Operation(hsv_to_rgb),
    "PadImages": Operation(pad_images),
    "RGBToHSV": Operation(rgb_to_hsv),
    "Resize": Operation(resize, ignored=("fill_mode", "fill_value")),
}
