"""Layers of keras.layers.convolutional.

Kernels are (space..., in / groups, out) in Keras and (out, in / groups, space...) in ONNX.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.compile.activation import activate
from keramos.compile.lowering import Lowering
from keramos.compile.spatial import as_before, channels_first, each, known, pads

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from keramos.compile.graph import Graph, Value
    from keramos.compile.site import Site
    from keramos.compile.spatial import Sizes


def _biased(s: Site, y: Value, units: int, *, use_bias: bool, activation: object) -> Value:
    """y, channels first, plus a bias a channel, then the activation in the layer's own layout."""
    if use_bias:
        y = s.g.op("Add", y, s.float_weight("bias", (units,)).reshape(units, *[1] * (y.rank - 2)))
    data_format = str(s.layer.config.get("data_format") or "channels_last")
    return activate(s.g, as_before(s.g, y, data_format), activation)


def convolve(
    g: Graph, x: Value, kernel: NDArray[np.generic], strides: list[int], padding: str, dilation: list[int], group: int
) -> Value:
    """A convolution of x, channels first; the kernel is (out, in / group, space...)."""
    window = [(size - 1) * step + 1 for size, step in zip(kernel.shape[2:], dilation, strict=True)]
    around = pads(x, padding, window, strides)
    return g.op("Conv", x, kernel, strides=strides, dilations=dilation, group=group, **around)


def convolution(
    s: Site,
    *,
    filters: int,
    kernel_size: list[int],
    strides: Sizes = 1,
    padding: str = "valid",
    data_format: str | None = "channels_last",
    dilation_rate: Sizes = 1,
    groups: int = 1,
    activation: object = None,
    use_bias: bool = True,
) -> Value:
    """Each output channel is a sum over a window of a group of input channels."""
    x, axes = channels_first(s.g, s.x, data_format), s.x.rank - 2
    sizes = each(kernel_size, axes)
    kernel = s.float_weight("kernel", (*sizes, known(x.shape[1], "channels") // groups, filters))
    kernel = kernel.transpose(axes + 1, axes, *range(axes))
    y = convolve(s.g, x, kernel, each(strides, axes), padding, each(dilation_rate, axes), groups)
    return _biased(s, y, filters, use_bias=use_bias, activation=activation)


def _depthwise(
    s: Site, x: Value, sizes: list[int], multiplier: int, strides: list[int], padding: str, dilation: list[int]
) -> Value:
    """Every input channel by its own kernels (space..., in, multiplier)."""
    axes, channels = len(sizes), known(x.shape[1], "channels")
    kernel = s.float_weight("depthwise kernel", (*sizes, channels, multiplier)).transpose(axes, axes + 1, *range(axes))
    return convolve(s.g, x, kernel.reshape(channels * multiplier, 1, *sizes), strides, padding, dilation, channels)


def depthwise_convolution(
    s: Site,
    *,
    kernel_size: list[int],
    strides: Sizes = 1,
    padding: str = "valid",
    depth_multiplier: int = 1,
    data_format: str | None = "channels_last",
    dilation_rate: Sizes = 1,
    activation: object = None,
    use_bias: bool = True,
) -> Value:
    """Each input channel has ``depth_multiplier`` kernels of its own."""
    x, axes = channels_first(s.g, s.x, data_format), s.x.rank - 2
    sizes, steps, gaps = each(kernel_size, axes), each(strides, axes), each(dilation_rate, axes)
    y = _depthwise(s, x, sizes, depth_multiplier, steps, padding, gaps)
    return _biased(s, y, known(y.shape[1], "channels"), use_bias=use_bias, activation=activation)


def separable_convolution(
    s: Site,
    *,
    filters: int,
    kernel_size: list[int],
    strides: Sizes = 1,
    padding: str = "valid",
    data_format: str | None = "channels_last",
    dilation_rate: Sizes = 1,
    depth_multiplier: int = 1,
    activation: object = None,
    use_bias: bool = True,
) -> Value:
    """A depthwise convolution, then one over channels alone."""
    x, axes = channels_first(s.g, s.x, data_format), s.x.rank - 2
    sizes, steps, gaps = each(kernel_size, axes), each(strides, axes), each(dilation_rate, axes)
    middle = _depthwise(s, x, sizes, depth_multiplier, steps, padding, gaps)
    point = s.float_weight("pointwise kernel", (*[1] * axes, middle.shape[1], filters))
    y = s.g.op("Conv", middle, point.transpose(axes + 1, axes, *range(axes)))
    return _biased(s, y, filters, use_bias=use_bias, activation=activation)


def transposed_convolution(
    s: Site,
    *,
    filters: int,
    kernel_size: list[int],
    strides: Sizes = 1,
    padding: str = "valid",
    output_padding: Sizes | None = None,
    data_format: str | None = "channels_last",
    dilation_rate: Sizes = 1,
    activation: object = None,
    use_bias: bool = True,
) -> Value:
    """The gradient of a convolution: n * stride places for same, max(kernel - stride, 0) more for valid."""
    if output_padding is not None or padding not in {"same", "valid"}:
        raise s.unsupported("output_padding", output_padding, f"only None with padding same or valid is, not {padding}")
    x, axes = channels_first(s.g, s.x, data_format), s.x.rank - 2
    sizes, steps, gaps = each(kernel_size, axes), each(strides, axes), each(dilation_rate, axes)
    kernel = s.float_weight("kernel", (*sizes, filters, x.shape[1])).transpose(axes + 1, axes, *range(axes))
    spare = [(size - 1) * gap + 1 - step for size, gap, step in zip(sizes, gaps, steps, strict=True)]
    cut = [max(size, 0) if padding == "same" else 0 for size in spare]
    y = s.g.op(
        "ConvTranspose",
        x,
        kernel,
        strides=steps,
        dilations=gaps,
        pads=[*(size // 2 for size in cut), *(size - size // 2 for size in cut)],
        output_padding=[max(-size, 0) for size in spare],
    )
    return _biased(s, y, filters, use_bias=use_bias, activation=activation)


LAYERS = {
    **dict.fromkeys(("Conv1D", "Conv2D", "Conv3D"), Lowering(convolution, floats=True)),
    **dict.fromkeys(
        ("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"), Lowering(transposed_convolution, floats=True)
    ),
    **dict.fromkeys(("DepthwiseConv1D", "DepthwiseConv2D"), Lowering(depthwise_convolution, floats=True)),
    **dict.fromkeys(("SeparableConv1D", "SeparableConv2D"), Lowering(separable_convolution, floats=True)),
}
