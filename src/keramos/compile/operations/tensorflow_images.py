"""TensorFlow's functions of images and windows; sizes come as 1, one a side, or one an axis with
the outer ones.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.lowering.record import Operation
from keramos.compile.lowering.resample import matrix, resample
from keramos.compile.lowering.spatial import known
from keramos.compile.operations import convolution, images
from keramos.compile.operations.indexing import flip_along
from keramos.compile.operations.values import as_float, axes_of, tensor

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.onnx.graph import Value
    from keramos.compile.operations.values import Operand

    Steps = int | list[int]


def _layout(data_format: str | None) -> str:
    return "channels_first" if (data_format or "NHWC").startswith("NC") else "channels_last"


def _sides(s: LayerCall, sizes: Steps | None, rank: int, data_format: str | None) -> list[int]:
    """One size for each spatial axis; those of rows and channels must be 1."""
    listed = [sizes or 1] if isinstance(sizes, int) or sizes is None else list(sizes)
    if len(listed) == 1:
        return listed * (rank - 2)
    if len(listed) == rank - 2:
        return listed
    inner = listed[2:] if _layout(data_format) == "channels_first" else listed[1:-1]
    outer = listed[:2] if _layout(data_format) == "channels_first" else [listed[0], listed[-1]]
    if outer != [1, 1]:
        raise s.unsupported("strides", sizes, "1 for rows and channels is")
    return inner


def _pool(kind: str) -> Callable[..., Value]:
    def build(
        s: LayerCall,
        x: Operand,
        ksize: Steps,
        strides: Steps,
        padding: str,
        *,
        data_format: str | None = None,
    ) -> Value:
        value = tensor(s, x)
        window, steps = (_sides(s, sizes, value.rank, data_format) for sizes in (ksize, strides))
        pool = convolution.OPERATIONS[kind].build
        return pool(
            s, value, window, strides=steps, padding=padding, data_format=_layout(data_format)
        )  # type: ignore[return-value] # one tensor

    return build


def _conv(convolve: Callable[..., Value]) -> Callable[..., Value]:
    """A convolution; the kernel has the axes of the function in keras.ops."""

    def build(
        s: LayerCall,
        x: Operand,
        kernel: Operand,
        strides: Steps,
        padding: str,
        *,
        data_format: str | None = None,
        dilations: Steps | None = None,
    ) -> Value:
        value = tensor(s, x)
        steps, gaps = (_sides(s, sizes, value.rank, data_format) for sizes in (strides, dilations))
        return convolve(
            s,
            value,
            kernel,
            strides=steps,
            padding=padding,
            data_format=_layout(data_format),
            dilation_rate=gaps,
        )

    return build


def _blocks(kind: str) -> Callable[..., Value]:
    def build(
        s: LayerCall, x: Operand, block_size: int, *, data_format: str | None = None
    ) -> Value:
        if _layout(data_format) != "channels_last":
            raise s.unsupported("data_format", data_format, "NHWC is")
        return convolution.OPERATIONS[kind].build(s, x, block_size)  # type: ignore[return-value] # one tensor

    return build


def extract_patches(
    s: LayerCall,
    images: Operand,
    sizes: list[int],
    strides: list[int],
    rates: list[int],
    padding: str,
) -> Value:
    """The values of every window, flattened into channels."""
    value = tensor(s, images)
    window, steps, gaps = (_sides(s, item, value.rank, None) for item in (sizes, strides, rates))
    return convolution.extract_patches(
        s, value, window, strides=steps, dilation_rate=gaps, padding=padding
    )


def resize(
    s: LayerCall,
    images: Operand,
    size: list[int],
    *,
    method: str = "bilinear",
    preserve_aspect_ratio: bool = False,
    antialias: bool = False,
) -> Value:
    """Resize images; the result is float32 except for nearest, which keeps the dtype."""
    x = tensor(s, images)
    if preserve_aspect_ratio or x.rank != 4 or not all(isinstance(side, int) for side in size):
        raise s.unsupported(
            "preserve_aspect_ratio", preserve_aspect_ratio, "several images in a fixed size are"
        )
    if method == "nearest":
        return _gather_pixels(s, x, [_half(*pair) for pair in _changes(s, x, size)])
    y = as_float(s, x)
    for axis, wanted in zip((1, 2), size, strict=True):
        weights = matrix(s.g, known(x.shape[axis], "pixels"), wanted, method, antialias=antialias)
        y = resample(s.g, y, axis, weights)
    return y


def _changes(s: LayerCall, x: Value, size: list[int]) -> list[tuple[int, int]]:
    s.g.reserve_constants("indices", max(size))
    return [
        (known(x.shape[axis], "pixels"), wanted) for axis, wanted in zip((1, 2), size, strict=True)
    ]


def _half(old: int, new: int) -> np.ndarray:
    return np.minimum(
        np.floor((np.arange(new, dtype="float32") + 0.5) * np.float32(old / new)), old - 1
    )


def _from_start(old: int, new: int) -> np.ndarray:
    return np.minimum(np.floor(np.arange(new, dtype="float32") * np.float32(old / new)), old - 1)


def _corners(old: int, new: int) -> np.ndarray:
    """Pixels whose first and last are those of the image."""
    step = np.float32((old - 1) / max(new - 1, 1))
    found: np.ndarray = np.arange(new, dtype="float32") * step
    return np.minimum(np.floor(found + 0.5), old - 1)


def _gather_pixels(s: LayerCall, x: Value, positions: list[np.ndarray]) -> Value:
    for axis, found in zip((1, 2), positions, strict=True):
        x = s.g.op("Gather", x, found.astype("int64"), axis=axis)
    return x


def resize_nearest(
    s: LayerCall,
    images: Operand,
    size: list[int],
    *,
    align_corners: bool = False,
    half_pixel_centers: bool = False,
) -> Value:
    """Resize by copying the nearest pixel."""
    x = tensor(s, images)
    positions = _half if half_pixel_centers else _corners if align_corners else _from_start
    return _gather_pixels(s, x, [positions(*pair) for pair in _changes(s, x, size)])


def resize_bilinear(
    s: LayerCall,
    images: Operand,
    size: list[int],
    *,
    align_corners: bool = False,
    half_pixel_centers: bool = False,
) -> Value:
    """Resize by bilinear interpolation."""
    x = as_float(s, images)
    points = "corners" if align_corners else "half_pixel" if half_pixel_centers else "from_start"
    for axis, (old, new) in zip((1, 2), _changes(s, x, size), strict=True):
        x = resample(s.g, x, axis, matrix(s.g, old, new, "bilinear", points=points))
    return x


def crop_to_box(
    s: LayerCall, image: Operand, top: int, left: int, height: int, width: int
) -> Value:
    """Crop images."""
    x = tensor(s, image)
    return s.g.op("Slice", x, [top, left], [top + height, left + width], [x.rank - 3, x.rank - 2])


def pad_to_box(s: LayerCall, image: Operand, top: int, left: int, height: int, width: int) -> Value:
    """Pad images with zeros."""
    x = tensor(s, image)
    below, right = (
        size - known(x.shape[axis], "rows and columns") - before
        for size, axis, before in ((height, x.rank - 3, top), (width, x.rank - 2, left))
    )
    return images.pad_images(
        s, x, top_padding=top, left_padding=left, bottom_padding=below, right_padding=right
    )


def adjust_contrast(s: LayerCall, images: Operand, contrast_factor: float) -> Value:
    """Scale the difference from the mean of each channel."""
    g, x = s.g, as_float(s, images)
    mean = g.op("ReduceMean", x, [x.rank - 3, x.rank - 2])
    return g.op("Add", g.op("Mul", g.op("Sub", x, mean), float(contrast_factor)), mean)


def grayscale_to_rgb(s: LayerCall, images: Operand) -> Value:
    """Repeat the channel three times."""
    x = tensor(s, images)
    return s.g.op("Tile", x, [*[1] * (x.rank - 1), 3])


def standardized(s: LayerCall, image: Operand) -> Value:
    """Standardize each image; its deviation is at least 1 / sqrt(values)."""
    g, x = s.g, as_float(s, image)
    axes = axes_of([-3, -2, -1], x.rank)
    count = prod([known(x.shape[axis], "values") for axis in axes])
    distance = g.op("Sub", x, g.op("ReduceMean", x, axes))
    deviation = g.op("Sqrt", g.op("ReduceMean", g.op("Mul", distance, distance), axes))
    return g.op("Div", distance, g.op("Max", deviation, 1 / count**0.5))


def response_normalized(
    s: LayerCall,
    x: Operand,
    *,
    depth_radius: int = 5,
    bias: float = 1.0,
    alpha: float = 1.0,
    beta: float = 0.5,
) -> Value:
    """X / (bias + alpha * sum of squares of neighbouring channels) ** beta."""
    g, value, width = s.g, as_float(s, x), 2 * depth_radius + 1
    first = g.op("Transpose", value, perm=[0, 3, 1, 2])
    like = [(first.dtype, first.shape)]
    y = g.ops(
        "LRN",
        first,
        outputs=1,
        like=like,
        alpha=float(alpha * width),
        beta=beta,
        bias=bias,
        size=width,
    )[0]
    return g.op("Transpose", y, perm=[0, 2, 3, 1])


OPERATIONS = {
    "tf.adjust_contrast": Operation(adjust_contrast),
    "tf.avg_pool": Operation(_pool("AveragePool")),
    "tf.conv": Operation(_conv(convolution.conv)),
    "tf.crop_to_box": Operation(crop_to_box),
    "tf.depth_to_space": Operation(_blocks("DepthToSpace")),
    "tf.depthwise_conv": Operation(_conv(convolution.depthwise_conv)),
    "tf.extract_patches": Operation(extract_patches),
    "tf.flip_left_right": Operation(flip_along(-2)),
    "tf.flip_up_down": Operation(flip_along(-3)),
    "tf.grayscale_to_rgb": Operation(grayscale_to_rgb),
    "tf.lrn": Operation(response_normalized),
    "tf.max_pool": Operation(_pool("MaxPool")),
    "tf.pad_to_box": Operation(pad_to_box),
    "tf.resize": Operation(resize),
    "tf.resize_bilinear": Operation(resize_bilinear),
    "tf.resize_nearest": Operation(resize_nearest),
    "tf.space_to_depth": Operation(_blocks("SpaceToDepth")),
    "tf.standardized": Operation(standardized),
}
