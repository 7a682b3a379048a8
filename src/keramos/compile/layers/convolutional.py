"""Layers of keras.layers.convolutional.

Kernels are (space..., in / groups, out) in Keras and (out, in / groups, space...) in ONNX.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.compile.lowering.activation import activate
from keramos.compile.lowering.spatial import as_before, channels_first, each, known, pads, trimmed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.lowering.record import Build
    from keramos.compile.lowering.spatial import Sizes
    from keramos.compile.onnx.graph import Graph, Value


def _biased(s: LayerCall, y: Value, units: int, *, use_bias: bool, activation: object) -> Value:
    """y, channels first, plus a bias a channel, then the activation in the layer's own layout."""
    if use_bias:
        y = s.g.op("Add", y, s.float_weight("bias").reshape(units, *[1] * (y.rank - 2)))
    data_format = str(s.layer.config.get("data_format") or "channels_last")
    return activate(s.g, as_before(s.g, y, data_format), activation, s.layer.legacy)


def convolve(
    g: Graph,
    x: Value,
    kernel: NDArray[np.generic],
    strides: list[int],
    padding: str,
    dilation: list[int],
    group: int,
    *,
    theano: bool = False,
) -> Value:
    """A convolution of x, channels first; the kernel is (out, in / group, space...)."""
    window = [(size - 1) * step + 1 for size, step in zip(kernel.shape[2:], dilation, strict=True)]
    around = pads(x, padding, window, strides, theano=theano)
    y = g.op("Conv", x, kernel, strides=strides, dilations=dilation, group=group, **around)
    return trimmed(g, y, x, strides) if theano and padding == "same" else y


def convolution(
    s: LayerCall,
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
    known(x.shape[1], "channels")  # or refuse
    kernel = s.float_weight("kernel")
    kernel = kernel.transpose(axes + 1, axes, *range(axes))
    y = convolve(
        s.g,
        x,
        kernel,
        each(strides, axes),
        padding,
        each(dilation_rate, axes),
        groups,
        theano=s.layer.legacy.theano_padding,
    )
    return _biased(s, y, filters, use_bias=use_bias, activation=activation)


def _depthwise(
    s: LayerCall,
    name: str,
    x: Value,
    sizes: list[int],
    multiplier: int,
    strides: list[int],
    padding: str,
    dilation: list[int],
) -> Value:
    """Every input channel by its own kernels (space..., in, multiplier)."""
    axes, channels = len(sizes), known(x.shape[1], "channels")
    kernel = s.float_weight(name).transpose(axes, axes + 1, *range(axes))
    return convolve(
        s.g,
        x,
        kernel.reshape(channels * multiplier, 1, *sizes),
        strides,
        padding,
        dilation,
        channels,
        theano=s.layer.legacy.theano_padding,
    )


def depthwise_convolution(
    s: LayerCall,
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
    y = _depthwise(s, "kernel", x, sizes, depth_multiplier, steps, padding, gaps)
    return _biased(s, y, known(y.shape[1], "channels"), use_bias=use_bias, activation=activation)


def separable_convolution(
    s: LayerCall,
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
    middle = _depthwise(s, "depthwise_kernel", x, sizes, depth_multiplier, steps, padding, gaps)
    point = s.float_weight("pointwise_kernel")
    y = s.g.op("Conv", middle, point.transpose(axes + 1, axes, *range(axes)))
    return _biased(s, y, filters, use_bias=use_bias, activation=activation)


def _transposed_edges(
    size: int, step: int, padding: str, extra: int | None, *, theano: bool
) -> tuple[int, int, int]:
    """How much of the full result goes before and after, and how many zeros it lacks at the end.

    ``size`` counts what a dilated kernel covers. Output sizes: ``deconv_output_length`` of Keras 2
    and 3; where they are cut from the full result: the padding of the convolution that this is the
    gradient of.
    """
    same = padding != "valid"
    if extra is None:
        beyond = 0 if same else max(size - step, 0)  # places more than input * step
        over = size - step - beyond
        total = max(size - step, 0)
    else:
        over = (2 * (size // 2) if same else 0) - extra
        last = size - over  # the output is (input - 1) * step + last
        total = max((-(-last // step) - 1) * step + size - last, 0)
    before = (size // 2 if theano else total // 2) if same else 0
    return before, max(over - before, 0), max(before - over, 0)


def transposed_convolution(
    s: LayerCall,
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
    """The gradient of a convolution: about ``strides`` output places for each input place."""
    if padding not in {"same", "valid"}:
        raise s.unsupported("padding", padding, "same and valid are")
    x, axes = channels_first(s.g, s.x, data_format), s.x.rank - 2
    sizes, steps, gaps = each(kernel_size, axes), each(strides, axes), each(dilation_rate, axes)
    extra = [None] * axes if output_padding is None else _listed(output_padding, axes)
    kernel = s.float_weight("kernel").transpose(axes + 1, axes, *range(axes))
    theano = s.layer.legacy.theano_padding
    edges = [
        _transposed_edges((size - 1) * gap + 1, step, padding, more, theano=theano)
        for size, gap, step, more in zip(sizes, gaps, steps, extra, strict=True)
    ]
    before, after, lacking = (list(column) for column in zip(*edges, strict=True))
    y = s.g.op(
        "ConvTranspose",
        x,
        kernel,
        strides=steps,
        dilations=gaps,
        pads=[*before, *after],
        output_padding=lacking,
    )
    return _biased(s, y, filters, use_bias=use_bias, activation=activation)


def _listed(value: Sizes, axes: int) -> list[int | None]:
    """One number an axis, 0 included."""
    return [value] * axes if isinstance(value, int) else [int(size) for size in value]


LAYERS: dict[str, Build] = {
    **{f"Conv{n}D": convolution for n in (1, 2, 3)},
    **{f"Conv{n}DTranspose": transposed_convolution for n in (1, 2, 3)},
    **{f"DepthwiseConv{n}D": depthwise_convolution for n in (1, 2)},
    **{f"SeparableConv{n}D": separable_convolution for n in (1, 2)},
}
