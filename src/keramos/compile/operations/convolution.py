"""Functions of keras.ops for convolution, pooling, patches, and blocks of space and depth."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.lowering.record import Operation
from keramos.compile.lowering.spatial import adaptive, as_before, channels_first, each, known, pads
from keramos.compile.onnx.sizes import reshape, size
from keramos.compile.operations.values import as_float, cast_to, tensor

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.lowering.spatial import Sizes
    from keramos.compile.onnx.graph import Value
    from keramos.compile.operations.values import Operand


def _pool(kind: str) -> Callable[..., Value]:
    def build(
        s: LayerCall,
        inputs: Operand,
        pool_size: Sizes,
        *,
        strides: Sizes | None = None,
        padding: str = "valid",
        data_format: str | None = "channels_last",
    ) -> Value:
        x = channels_first(s.g, as_float(s, inputs), data_format)
        window = each(pool_size, x.rank - 2)
        steps = each(strides, x.rank - 2) if strides is not None else window
        y = s.g.op(
            kind, x, kernel_shape=window, strides=steps, **pads(x, padding.lower(), window, steps)
        )
        return as_before(s.g, y, data_format)

    return build


def _adaptive(kind: str) -> Callable[..., Value]:
    """Pool over a given number of windows of nearly equal size."""

    def build(
        s: LayerCall,
        inputs: Operand,
        output_size: Sizes,
        *,
        data_format: str | None = "channels_last",
    ) -> Value:
        x = as_float(s, inputs)
        first = 2 if data_format == "channels_first" else 1
        return adaptive(s.g, x, kind, each(output_size, x.rank - 2), first)

    return build


def _convolved(
    s: LayerCall,
    x: Value,
    kernel: Value,
    strides: Sizes,
    padding: str,
    dilation: Sizes,
    groups: int = 1,
) -> Value:
    """Convolve x, channels first, with a kernel (out, in / groups, space...)."""
    steps, gaps = each(strides, x.rank - 2), each(dilation, x.rank - 2)
    widths = [known(width, "kernel sizes") for width in kernel.shape[2:]]
    window = [(width - 1) * gap + 1 for width, gap in zip(widths, gaps, strict=True)]
    around = pads(x, padding.lower(), window, steps)
    return s.g.op("Conv", x, kernel, strides=steps, dilations=gaps, group=groups, **around)


def conv(
    s: LayerCall,
    inputs: Operand,
    kernel: Operand,
    *,
    strides: Sizes = 1,
    padding: str = "valid",
    data_format: str | None = "channels_last",
    dilation_rate: Sizes = 1,
) -> Value:
    """A convolution; the kernel is (space..., in / groups, out)."""
    x, weights = channels_first(s.g, as_float(s, inputs), data_format), as_float(s, kernel)
    axes = x.rank - 2
    groups = known(x.shape[1], "channels") // known(weights.shape[-2], "channels of the kernel")
    weights = s.g.op("Transpose", weights, perm=[axes + 1, axes, *range(axes)])
    return as_before(
        s.g, _convolved(s, x, weights, strides, padding, dilation_rate, groups), data_format
    )


def _by_channel(
    s: LayerCall, x: Value, kernel: Operand, strides: Sizes, padding: str, dilation: Sizes
) -> Value:
    """Convolve each channel of x with its own kernels (space..., in, multiplier)."""
    weights, axes = as_float(s, kernel), x.rank - 2
    channels = known(x.shape[1], "channels")
    weights = s.g.op("Transpose", weights, perm=[axes, axes + 1, *range(axes)])
    widths = [known(width, "kernel sizes") for width in weights.shape[2:]]
    weights = reshape(
        s.g, weights, channels * known(weights.shape[1], "kernels of a channel"), 1, *widths
    )
    return _convolved(s, x, weights, strides, padding, dilation, channels)


def depthwise_conv(
    s: LayerCall,
    inputs: Operand,
    kernel: Operand,
    *,
    strides: Sizes = 1,
    padding: str = "valid",
    data_format: str | None = "channels_last",
    dilation_rate: Sizes = 1,
) -> Value:
    """Convolve each channel with its own kernels (space..., in, multiplier)."""
    x = channels_first(s.g, as_float(s, inputs), data_format)
    return as_before(s.g, _by_channel(s, x, kernel, strides, padding, dilation_rate), data_format)


def separable_conv(
    s: LayerCall,
    inputs: Operand,
    depthwise_kernel: Operand,
    pointwise_kernel: Operand,
    *,
    strides: Sizes = 1,
    padding: str = "valid",
    data_format: str | None = "channels_last",
    dilation_rate: Sizes = 1,
) -> Value:
    """A depthwise convolution, then a pointwise one."""
    x = channels_first(s.g, as_float(s, inputs), data_format)
    axes = x.rank - 2
    middle = _by_channel(s, x, depthwise_kernel, strides, padding, dilation_rate)
    point = s.g.op("Transpose", as_float(s, pointwise_kernel), perm=[axes + 1, axes, *range(axes)])
    return as_before(s.g, _convolved(s, middle, point, 1, "valid", 1), data_format)


def _pieces(
    s: LayerCall, x: Value, window: list[int], strides: Sizes, padding: str, dilation: Sizes
) -> Value:
    """The values of every window of x, channels first, as channels: positions first, then
    channels.
    """
    channels = known(x.shape[1], "channels")
    count = channels * prod(window)
    s.g.reserve_constants("windows", count, count)
    one = np.eye(count, dtype=x.dtype).reshape(count, *window, channels)
    one = np.moveaxis(one, -1, 1)
    return _convolved(s, x, s.g.const(np.ascontiguousarray(one)), strides, padding, dilation)


def extract_patches(
    s: LayerCall,
    images: Operand,
    size: Sizes,
    *,
    strides: Sizes | None = None,
    dilation_rate: Sizes = 1,
    padding: str = "valid",
    data_format: str | None = "channels_last",
) -> Value:
    """The values of every window, flattened into channels."""
    x = channels_first(s.g, as_float(s, images), data_format)
    window = each(size, 2 if isinstance(size, int) else len(size))
    if x.rank != len(window) + 2:
        raise s.unsupported(
            "size", size, f"several images or volumes are; received shape {x.shape}"
        )
    y = _pieces(s, x, window, strides if strides is not None else window, padding, dilation_rate)
    return as_before(s.g, y, data_format)


def unfold(
    s: LayerCall,
    x: Operand,
    kernel_size: Sizes,
    *,
    dilation: Sizes = 1,
    padding: Sizes = 0,
    stride: Sizes = 1,
) -> Value:
    """(rows, channels, height, width) -> (rows, channels x window size, windows)."""
    value = as_float(s, x)
    edges = [padding] * 2 if isinstance(padding, int) else padding
    value = s.g.op("Pad", value, [0, 0, *edges, 0, 0, *edges])
    window, channels = each(kernel_size, 2), known(value.shape[1], "channels")
    y = _pieces(s, value, window, stride, "valid", dilation)
    area = prod(window)
    windows = prod([known(n, "windows") for n in y.shape[2:]])
    y = reshape(s.g, y, size(value, 0), area, channels, windows)
    return reshape(
        s.g, s.g.op("Transpose", y, perm=[0, 2, 1, 3]), size(value, 0), area * channels, windows
    )


def _blocks(kind: str) -> Callable[..., Value]:
    """Depth to space or back; depth is ordered by row of a block, column, channel."""

    def build(
        s: LayerCall, x: Operand, block_size: int, *, data_format: str | None = "channels_last"
    ) -> Value:
        value = channels_first(s.g, tensor(s, x), data_format)
        rows, depth, *sides = value.shape
        more = kind == "DepthToSpace"
        area, channels = block_size**2, known(depth, "channels")
        shape = (
            rows,
            channels // area if more else channels * area,
            *(
                side if side is None else side * block_size if more else side // block_size
                for side in sides
            ),
        )
        y = s.g.ops(kind, value, outputs=1, blocksize=block_size, like=[(value.dtype, shape)])[0]
        return as_before(s.g, y, data_format)

    return build


def sobel_edges(
    s: LayerCall, images: Operand, *, data_format: str | None = "channels_last"
) -> Value:
    """Vertical and horizontal gradients of every channel, as the last axis; edges are reflected."""
    x = channels_first(s.g, as_float(s, images), data_format)
    rows, channels = size(x, 0), known(x.shape[1], "channels")
    s.g.reserve_constants("edges", channels, 18)
    across = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], "float32")
    kernel = np.tile(np.stack([across.T, across])[:, None], (channels, 1, 1, 1))
    wide = s.g.op("Pad", x, [0, 0, 1, 1, 0, 0, 1, 1], mode="reflect")
    y = _convolved(s, wide, s.g.const(kernel), 1, "valid", 1, channels)
    y = reshape(s.g, y, rows, channels, 2, *(size(x, axis) for axis in (2, 3)))
    first = data_format == "channels_first"
    return s.g.op("Transpose", y, perm=[0, 1, 3, 4, 2] if first else [0, 3, 4, 1, 2])


def gaussian_blur(
    s: LayerCall,
    images: Operand,
    *,
    kernel_size: Sizes = 3,
    sigma: float | list[float] = 1.0,
    data_format: str | None = "channels_last",
) -> Value:
    """A Gaussian filter; sigma is horizontal first, then vertical, as in Keras."""
    x, window = channels_first(s.g, as_float(s, images), data_format), each(kernel_size, 2)
    if window[0] != window[1]:
        raise s.unsupported("kernel_size", kernel_size, "square windows are")
    across, down = sigma if isinstance(sigma, list) else [sigma, sigma]
    channels = known(x.shape[1], "channels")
    s.g.reserve_constants("a bell", channels, *window)
    offsets = np.arange(window[0]) - (window[0] - 1) / 2
    bells = [np.exp(-0.5 * (offsets / deviation) ** 2) for deviation in (down, across)]
    bell = np.outer(*(item / item.sum() for item in bells)).astype("float32")
    kernel = s.g.const(np.tile(bell, (channels, 1, 1, 1)))
    return as_before(s.g, _convolved(s, x, kernel, 1, "same", 1, channels), data_format)


def grayscale(s: LayerCall, images: Operand, *, data_format: str | None = "channels_last") -> Value:
    """Brightness of colours: 0.2989 red + 0.587 green + 0.114 blue."""
    value = tensor(s, images)
    axis = value.rank - 3 if data_format == "channels_first" else value.rank - 1
    if value.shape[axis] == 1:
        return value
    weights = np.array([0.2989, 0.587, 0.114], "float32").reshape(
        [3, *[1] * (value.rank - 1 - axis)]
    )
    y = s.g.op("ReduceSum", s.g.op("Mul", as_float(s, value), weights), [axis], keepdims=1)
    return cast_to(s.g, y, value.dtype)


OPERATIONS = {
    "AdaptiveAveragePool": Operation(_adaptive("ReduceMean")),
    "AdaptiveMaxPool": Operation(_adaptive("ReduceMax")),
    "AveragePool": Operation(_pool("AveragePool")),
    "Conv": Operation(conv),
    "DepthToSpace": Operation(_blocks("DepthToSpace")),
    "DepthwiseConv": Operation(depthwise_conv),
    "ExtractPatches": Operation(extract_patches),
    "GaussianBlur": Operation(gaussian_blur),
    "MaxPool": Operation(_pool("MaxPool")),
    "RGBToGrayscale": Operation(grayscale),
    "SeparableConv": Operation(separable_conv),
    "SobelEdges": Operation(sobel_edges),
    "SpaceToDepth": Operation(_blocks("SpaceToDepth")),
    "Unfold": Operation(unfold),
}
