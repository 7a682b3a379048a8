"""Operations that resize, cut and recolour images as TensorFlow's own kernels do.

Source: tensorflow/core/kernels/image/{resize_bicubic,resize_area,crop_and_resize}_op.cc,
scale_and_translate_op.cc, adjust_{hue,saturation}_op.cc.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.lowering.resample import KERNELS, matrix, resample
from keramos.compile.lowering.spatial import known
from keramos.compile.operations import images
from keramos.compile.operations.values import as_float, cast_to
from keramos.errors import UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from keramos.compile.lowering.resample import Kernel
    from keramos.compile.onnx.graph import Value
    from keramos.compile.tensorflow_graph.operands import NodeCall, Operand

    Row = Callable[[NodeCall], tuple[Operand, ...]]
    Numbers = NDArray[np.float64]

_STEPS = 1024
"""Bicubic weights are looked up in a table of so many steps a pixel."""

_SHARPNESS = -0.75
_KERNELS = {
    "gaussian": "gaussian",
    "keyscubic": "bicubic",
    "lanczos3": "lanczos3",
    "lanczos5": "lanczos5",
    "mitchellcubic": "mitchellcubic",
    "triangle": "bilinear",
}
"""Name of a kernel of ScaleAndTranslate -> its name among those of resizing."""


def _ratio(n: NodeCall, old: int, new: int) -> np.float32:
    """Old pixels for each new one."""
    if n.attribute("align_corners", default=False) and new > 1:
        return np.float32((old - 1) / (new - 1))
    return np.float32(old / new)


def _sides(n: NodeCall, weights: Callable[[NodeCall, int, int], Numbers]) -> tuple[Operand, ...]:
    """Both sides of images as weighted sums of what they were."""
    x = as_float(n.s, n.value(0))
    for axis, new in zip((1, 2), n.ints(1, "the size"), strict=True):
        old = known(x.shape[axis], "pixels")
        n.g.reserve_constants("a resizing", old, new)
        x = resample(n.g, x, axis, weights(n, old, new))
    return (x,)


def _cubic(n: NodeCall, old: int, new: int) -> Numbers:
    """Weights of four pixels; those beyond the edge are the edge's."""
    if n.attribute("half_pixel_centers", default=False):
        if n.attribute("align_corners", default=False):
            raise UnsupportedModelError(
                "half pixels and aligned corners exclude each other", option="align_corners"
            )
        return matrix(n.g, old, new, "bicubic")
    places = np.arange(new, dtype="f4") * _ratio(n, old, new)
    first = np.floor(places).astype(int)
    share = np.rint((places - first) * np.float32(_STEPS)) / _STEPS
    found = np.zeros((new, old))
    for step in (-1, 0, 1, 2):
        at = np.clip(first + step, 0, old - 1)
        np.add.at(found, (np.arange(new), at), _cubic_weight(np.abs(share - step)))
    return found


def _cubic_weight(distance: Numbers) -> Numbers:
    """Keys' cubic with a = -3/4."""
    d, a = distance, _SHARPNESS
    near = (a + 2) * d**3 - (a + 3) * d**2 + 1
    return np.where(d <= 1, near, a * (d**3 - 5 * d**2 + 8 * d - 4))


def _area(n: NodeCall, old: int, new: int) -> Numbers:
    """Means over the stretch of old pixels that each new one covers."""
    ratio = float(_ratio(n, old, new))
    begin = np.arange(new)[:, None] * ratio
    places = np.arange(int(np.ceil(new * ratio)) + 1)
    cover = np.minimum(begin + ratio, places + 1) - np.maximum(begin, places)
    found = np.zeros((new, old))
    np.add.at(found.T, np.minimum(places, old - 1), np.maximum(cover, 0).T / ratio)
    return found


def _scaled(n: NodeCall) -> tuple[Operand, ...]:
    """Resizing by a kernel from edge to edge, as ``tf.image.resize`` asks for it."""
    kernel = _KERNELS.get(str(n.attribute("kernel_type", "lanczos3")))
    if kernel is None:
        raise UnsupportedModelError(
            f"only the kernels {', '.join(_KERNELS)} are supported",
            option="kernel_type",
            received=repr(n.attribute("kernel_type", "lanczos3"))[:80],
        )
    scale, moved = (n.known(i, what) for i, what in ((2, "the scale"), (3, "the shift")))
    sizes = [known(n.value(0).shape[axis], "pixels") for axis in (1, 2)]
    whole = np.array(n.ints(1, "the size"), "f4") / np.array(sizes, "f4")
    if moved.any() or not np.allclose(scale, whole, rtol=1e-6):
        raise UnsupportedModelError("only the whole picture is resized", received=str(scale)[:80])
    return _sides(n, lambda n, old, new: _spread(n, old, new, KERNELS[kernel]))


def _spread(n: NodeCall, old: int, new: int, kernel: Kernel) -> Numbers:
    """Weights of the pixels that a kernel reaches, with places in single precision: of a pixel just
    at its edge, rounding decides.
    """
    step = np.float32(1) / np.float32(np.float32(new) / np.float32(old))
    smooth = bool(n.attribute("antialias", default=True))
    wide = max(step, np.float32(1)) if smooth else np.float32(1)
    half, reach = np.float32(0.5), np.float32(kernel.radius) * wide
    places = ((np.arange(new, dtype="f4") + half) * step)[:, None]
    pixels = np.arange(old, dtype="f4")
    first, last = np.ceil(places - reach - half), np.floor(places + reach - half)
    found = kernel.weight(np.abs((pixels + half - places) * (np.float32(1) / wide)))
    found = np.where((first <= pixels) & (pixels <= last), found, 0).astype("f8")
    return np.asarray(found / found.sum(axis=1, keepdims=True))


def _crop_and_resize(n: NodeCall) -> tuple[Operand, ...]:
    """The parts of images in boxes, each resized; a row for each box."""
    g, x, boxes, which = n.g, as_float(n.s, n.value(0)), n.value(1), n.value(2)
    g.runtime_check(g.op("GreaterOrEqual", which, 0), "a box belongs to no image")
    chosen = g.op("Gather", x, cast_to(g, which, "int64"), axis=0)
    method = str(n.attribute("method", "bilinear"))
    if method not in ("bilinear", "nearest"):
        raise UnsupportedModelError(
            "only bilinear and nearest are supported", option="method", received=method
        )
    inside = []
    for axis, new in zip((1, 2), n.ints(3, "the size"), strict=True):
        old = known(x.shape[axis], "pixels")
        places = _places(n, boxes, axis, old, new)
        last = np.float32(old - 1)
        fits = (g.op("GreaterOrEqual", places, np.float32(0)), g.op("LessOrEqual", places, last))
        inside.append(g.op("And", *fits))
        equation = "ayh,ahwc->aywc" if axis == 1 else "axw,aywc->ayxc"
        chosen = g.op("Einsum", _weights(n, places, old, method), chosen, equation=equation)
    rows, columns = inside
    kept = g.op("And", g.op("Unsqueeze", rows, [2, 3]), g.op("Unsqueeze", columns, [1, 3]))
    beyond = np.float32(n.real("extrapolation_value", 0.0))
    return (g.op("Where", kept, chosen, beyond),)


def _places(n: NodeCall, boxes: Value, axis: int, old: int, new: int) -> Value:
    """(boxes, new) places along an axis, of which boxes give the ends as shares."""
    g, last = n.g, np.float32(old - 1)
    begin, end = (g.op("Slice", boxes, [at], [at + 1], [1]) for at in (axis - 1, axis + 1))
    if new == 1:
        middle = g.op("Mul", g.op("Add", begin, end), np.float32(0.5))
        return g.op("Mul", middle, last)
    step = g.op("Div", g.op("Mul", g.op("Sub", end, begin), last), np.float32(new - 1))
    g.reserve_constants("places", new)
    return g.op("Add", g.op("Mul", begin, last), g.op("Mul", step, np.arange(new, dtype="f4")))


def _weights(n: NodeCall, places: Value, old: int, method: str) -> Value:
    """(boxes, new, old) share of each pixel in each place."""
    g = n.g
    g.reserve_constants("places", old)
    pixels = np.arange(old, dtype="f4")
    if method == "nearest":
        near = g.op("Floor", g.op("Add", places, np.float32(0.5)))
        return cast_to(g, g.op("Equal", g.op("Unsqueeze", near, [2]), pixels), "float32")
    distance = g.op("Abs", g.op("Sub", g.op("Unsqueeze", places, [2]), pixels))
    return g.op("Max", g.op("Sub", np.float32(1), distance), np.float32(0))


def _hue(n: NodeCall) -> tuple[Operand, ...]:
    """Colours turned on their circle; the largest and the smallest channel stay."""
    g, x = n.g, as_float(n.s, n.value(0))
    axis = [x.rank - 1]
    high, low = (g.op(kind, x, axis) for kind in ("ReduceMax", "ReduceMin"))
    hue = g.op("Slice", images.rgb_to_hsv(n.s, x), [0], [1], axis)
    turned = g.op("Mod", g.op("Add", hue, n.value(1)), np.float32(1), fmod=1)
    turned = g.op("Where", g.op("Less", turned, 0.0), g.op("Add", turned, 1.0), turned)
    one = g.op("Add", g.op("Mul", turned, 0.0), 1.0)
    pure = images.hsv_to_rgb(n.s, g.op("Concat", turned, one, one, axis=x.rank - 1))
    return (g.op("Add", low, g.op("Mul", g.op("Sub", high, low), pure)),)


def _saturation(n: NodeCall) -> tuple[Operand, ...]:
    """The distance of colours from gray times a factor, at most as far as it goes."""
    g, x = n.g, as_float(n.s, n.value(0))
    axis = x.rank - 1
    hue, share, value = g.ops("Split", images.rgb_to_hsv(n.s, x), [1, 1, 1], outputs=3, axis=axis)
    share = g.op("Min", g.op("Max", g.op("Mul", share, n.value(1)), 0.0), 1.0)
    return (images.hsv_to_rgb(n.s, g.op("Concat", hue, share, value, axis=axis)),)


ROWS: Mapping[str, Row] = {
    "AdjustHue": _hue,
    "AdjustSaturation": _saturation,
    "CropAndResize": _crop_and_resize,
    "ResizeArea": lambda n: _sides(n, _area),
    "ResizeBicubic": lambda n: _sides(n, _cubic),
    "ScaleAndTranslate": _scaled,
}
"""Operation -> what compiles it."""
