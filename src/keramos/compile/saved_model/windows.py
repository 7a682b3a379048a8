"""Rows for ONNX operators with windows over space, which TensorFlow computes with channels last."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keramos.compile.saved_model.graph_def import Type
from keramos.types.attributes import integers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from keramos.compile.keras_writer import Node
    from keramos.compile.saved_model.graph_def import Edge
    from keramos.compile.saved_model.writer import Row, Writer

_PLANE = 2
_FAR = float(np.finfo("float32").min)


class _Space(NamedTuple):
    """Windows of a node by the axes of space: what one covers, its steps, the places around."""

    windows: Sequence[int]
    strides: Sequence[int]
    before: Sequence[int]
    after: Sequence[int]
    same: bool


def _numbers(n: Node, name: str, count: int, default: int) -> list[int]:
    found = n.attributes.get(name)
    return [default] * count if found is None else integers(found, name)


def _space(n: Node, sizes: Sequence[int | None], windows: Sequence[int]) -> _Space:
    """``windows`` count what dilated ones cover; ``sizes`` are those of space."""
    axes = len(windows)
    strides, pads = _numbers(n, "strides", axes, 1), _numbers(n, "pads", 2 * axes, 0)
    wanted = []
    for size, window, stride in zip(sizes, windows, strides, strict=True):
        if size is None and stride > 1:
            wanted.append(-1)
        else:
            left = window - 1 if size is None else (-(-size // stride) - 1) * stride + window - size
            wanted.append(max(left, 0))
    before, after = pads[:axes], pads[axes:]
    same = before == [total // 2 for total in wanted] and after == [
        total - total // 2 for total in wanted
    ]
    if n.attributes.get("auto_pad") == "SAME_UPPER":
        same = True
    return _Space(windows, strides, before, after, same)


def _last(w: Writer, x: Edge, axes: int) -> Edge:
    """Channels last, with at least two axes of space."""
    y = w.g.transpose(x, [0, *range(2, axes + 2), 1])
    return w.expand(y, 1) if axes == 1 else y


def _first(w: Writer, y: Edge, axes: int) -> Edge:
    """As ONNX has it again."""
    y = w.squeeze(y, [1]) if axes == 1 else y
    return w.g.transpose(y, [0, axes + 1, *range(1, axes + 1)])


def _wide(numbers: Sequence[int], fill: int) -> list[int]:
    """One number for each axis of space, of which there are at least two."""
    return [fill, *numbers] if len(numbers) == 1 else list(numbers)


def _padded(w: Writer, x: Edge, space: _Space, value: float) -> tuple[Edge, str]:
    """The input with places around, and TensorFlow's word for the padding that is left."""
    if space.same:
        return x, "SAME"
    if not any((*space.before, *space.after)):
        return x, "VALID"
    pairs = list(zip(_wide(space.before, 0), _wide(space.after, 0), strict=True))
    edges = w.g.const(np.array([(0, 0), *pairs, (0, 0)], "int32"))
    types = {"T": Type(x.dtype), "Tpaddings": Type("int32")}
    return w.g.op("PadV2", x, edges, w.number(x, value), **types), "VALID"


def _dilated(kernel: NDArray[np.generic], gaps: Sequence[int]) -> NDArray[np.generic]:
    """A kernel (out, in, space) with zeros between its numbers."""
    sizes = [(size - 1) * gap + 1 for size, gap in zip(kernel.shape[2:], gaps, strict=True)]
    wide = np.zeros((*kernel.shape[:2], *sizes), kernel.dtype)
    wide[(slice(None), slice(None), *(slice(None, None, gap) for gap in gaps))] = kernel
    return wide


def _kernel(n: Node) -> NDArray[np.generic]:
    kernel = n.value(1).const
    if kernel is None:
        raise n.refused("with a kernel that is computed")
    return kernel


def _conv(w: Writer, n: Node) -> Edge:
    kernel, group = _kernel(n), n.number("group", 1)
    axes = kernel.ndim - 2
    kernel = _dilated(kernel, _numbers(n, "dilations", axes, 1))
    space = _space(n, n.value(0).shape[2:], kernel.shape[2:])
    x, padding = _padded(w, _last(w, w.input(n, 0), axes), space, 0.0)
    if group == 1:
        y = _convolved(w, x, kernel, space, padding)
    elif kernel.shape[1] == 1 and axes <= _PLANE and len(set(space.strides)) == 1:
        y = _depthwise(w, x, kernel, (group, space.strides[0]), padding)
    else:
        lengths = w.g.const(np.array([kernel.shape[1]] * group, "int32"))
        types = {"T": Type(x.dtype), "Tlen": Type("int32"), "num_split": group}
        last = w.g.scalar(max(axes, _PLANE) + 1, "int32")
        parts = w.g.ops("SplitV", (x, lengths, last), [x.dtype] * group, types)
        halves = np.split(kernel, group)
        done = [
            _convolved(w, part, own, space, padding)
            for part, own in zip(parts, halves, strict=True)
        ]
        y = w.concat(done, max(axes, _PLANE) + 1)
    if len(n.inputs) > 2 and n.inputs[2] is not None:
        y = w.binary("AddV2", y, w.input(n, 2))
    return _first(w, y, axes)


def _convolved(
    w: Writer, x: Edge, kernel: NDArray[np.generic], space: _Space, padding: str
) -> Edge:
    """A convolution, channels last; the kernel is (out, in, space)."""
    axes = kernel.ndim - 2
    moved = kernel.transpose(*range(2, axes + 2), 1, 0)
    wide = moved[None] if axes == 1 else moved
    more = {} if axes > _PLANE else {"use_cudnn_on_gpu": True}
    return w.g.op(
        "Conv2D" if axes <= _PLANE else "Conv3D",
        x,
        w.g.const(wide),
        T=Type(x.dtype),
        strides=[1, *_wide(space.strides, 1), 1],
        padding=padding,
        data_format="NHWC" if axes <= _PLANE else "NDHWC",
        dilations=[1] * (max(axes, _PLANE) + 2),
        **more,
    )


def _depthwise(
    w: Writer, x: Edge, kernel: NDArray[np.generic], of: tuple[int, int], padding: str
) -> Edge:
    """Each channel by itself; ``of`` is the number of channels and the stride of all axes."""
    channels, stride = of
    axes = kernel.ndim - 2
    times = kernel.shape[0] // channels
    own = kernel.reshape(channels, times, *kernel.shape[2:])
    moved = own.transpose(*range(2, axes + 2), 0, 1)
    return w.g.op(
        "DepthwiseConv2dNative",
        x,
        w.g.const(moved[None] if axes == 1 else moved),
        T=Type(x.dtype),
        strides=[1, stride, stride, 1],
        padding=padding,
        data_format="NHWC",
        dilations=[1, 1, 1, 1],
    )


def _conv_transposed(w: Writer, n: Node) -> Edge:
    kernel = _kernel(n)
    axes = kernel.ndim - 2
    if n.number("group", 1) != 1:
        raise n.refused("in groups")
    kernel = _dilated(kernel, _numbers(n, "dilations", axes, 1))
    strides, pads = _numbers(n, "strides", axes, 1), _numbers(n, "pads", 2 * axes, 0)
    more = _numbers(n, "output_padding", axes, 0)
    x = _last(w, w.input(n, 0), axes)
    rank = max(axes, _PLANE)
    grown = [size - stride for size, stride in zip(kernel.shape[2:], strides, strict=True)]
    sizes = w.g.ints(*_wide(grown, 0))
    lengths = w.part(w.shape(x, "int32"), 1, rank + 1)
    space = w.binary("AddV2", w.binary("Mul", lengths, w.g.ints(*_wide(strides, 1))), sizes)
    space = w.binary("AddV2", space, w.g.ints(*_wide(more, 0)))
    shape = w.concat([w.size(x, 0), space, w.g.ints(kernel.shape[1])], 0)
    y = _spread(w, x, kernel, shape, strides)
    return _first(w, _cropped(w, y, pads, axes), axes)


def _spread(
    w: Writer, x: Edge, kernel: NDArray[np.generic], shape: Edge, strides: Sequence[int]
) -> Edge:
    """A transposed convolution without padding; the kernel is (in, out, space)."""
    axes = kernel.ndim - 2
    moved = kernel.transpose(*range(2, axes + 2), 1, 0)
    plane = axes <= _PLANE
    kernel_edge = w.g.const(moved[None] if axes == 1 else moved)
    inputs = (shape, kernel_edge, x)
    more = {"use_cudnn_on_gpu": True} if plane else {"Tshape": Type("int32")}
    return w.g.op(
        "Conv2DBackpropInput" if plane else "Conv3DBackpropInputV2",
        *inputs,
        dtype=x.dtype,
        T=Type(x.dtype),
        strides=[1, *_wide(strides, 1), 1],
        padding="VALID",
        data_format="NHWC" if plane else "NDHWC",
        dilations=[1] * (max(axes, _PLANE) + 2),
        **more,
    )


def _cropped(w: Writer, y: Edge, pads: Sequence[int], axes: int) -> Edge:
    """Without the places that pads cut off, channels last."""
    before, after = _wide(pads[:axes], 0), _wide(pads[axes:], 0)
    if not any(pads):
        return y
    begin, end = w.g.ints(0, *before, 0), w.g.ints(0, *(-cut for cut in after), 0)
    whole = sum(1 << axis for axis, cut in enumerate((0, *after, 0)) if not cut)
    return w.slice(y, begin, end, w.g.ints(*[1] * (len(before) + 2)), 0, whole)


def _pool(kind: str) -> Row:
    def write(w: Writer, n: Node) -> Edge:
        windows = _numbers(n, "kernel_shape", 0, 0)
        axes = len(windows)
        space = _space(n, n.value(0).shape[2:], windows)
        x = _last(w, w.input(n, 0), axes)
        fill = _FAR if kind == "MaxPool" else 0.0
        padded, padding = _padded(w, x, space, fill)
        y = _pooled(w, kind, padded, space, padding)
        if kind == "AvgPool" and padded is not x:
            ones = w.g.op("OnesLike", x, T=Type(x.dtype))
            share = _pooled(w, kind, _padded(w, ones, space, 0.0)[0], space, padding)
            y = w.binary("RealDiv", y, share)
        return _first(w, y, axes)

    return write


def _pooled(w: Writer, kind: str, x: Edge, space: _Space, padding: str) -> Edge:
    plane = len(space.windows) <= _PLANE
    return w.g.op(
        kind if plane else f"{kind}3D",
        x,
        T=Type(x.dtype),
        ksize=[1, *_wide(space.windows, 1), 1],
        strides=[1, *_wide(space.strides, 1), 1],
        padding=padding,
        data_format="NHWC" if plane else "NDHWC",
    )


def _pad(w: Writer, n: Node) -> Edge:
    x, rank = w.input(n, 0), n.value(0).rank
    amounts = n.numbers(1)
    if amounts is None or (len(n.inputs) > 3 and n.inputs[3] is not None):
        raise n.refused("of some axes only")
    pairs = list(zip(amounts[:rank], amounts[rank:], strict=True))
    if any(amount < 0 for amount in amounts):
        raise n.refused("by less than nothing")
    edges = w.g.const(np.array(pairs, "int32"))
    types = {"T": Type(x.dtype), "Tpaddings": Type("int32")}
    mode = str(n.attributes.get("mode") or "constant")
    if mode == "reflect":
        return w.g.op("MirrorPad", x, edges, mode="REFLECT", **types)
    if mode == "constant":
        given = len(n.inputs) > 2 and n.inputs[2] is not None
        value = w.reshape(w.input(n, 2), w.g.const(np.zeros(0, "int32"))) if given else None
        return w.g.op("PadV2", x, edges, value or w.number(x, 0), **types)
    for axis, (before, after) in enumerate(pairs):
        size = n.value(0).shape[axis]
        if before or after:
            if size is None or mode != "edge":
                raise n.refused(f"with mode {mode}")
            places = np.clip(np.arange(-before, size + after), 0, size - 1)
            x = w.gather(x, w.g.const(places.astype("int32")), axis)
    return x


def _resize(w: Writer, n: Node) -> Edge:
    """Each axis by itself: the places that ``asymmetric`` and ``floor`` mean."""
    known = (n.attributes.get(key) for key in ("mode", "coordinate_transformation_mode"))
    scales = n.value(2).const
    nearest = n.attributes.get("nearest_mode") == "floor"
    if tuple(known) != ("nearest", "asymmetric") or not nearest or scales is None:
        raise n.refused("otherwise than to the nearest place")
    x = w.input(n, 0)
    for axis, scale in enumerate(scales.tolist()):
        if scale != 1:
            size = w.reshape(w.size(x, axis), w.g.const(np.zeros(0, "int32")))
            length = w.binary("Mul", w.cast(size, "float32"), w.g.scalar(scale, "float32"))
            bounds = (w.g.scalar(0, "int32"), w.cast(length, "int32"), w.g.scalar(1, "int32"))
            places = w.cast(w.g.op("Range", *bounds, Tidx=Type("int32")), "float32")
            share = w.binary("RealDiv", places, w.g.scalar(scale, "float32"))
            x = w.gather(x, w.cast(w.unary("Floor", share), "int32"), axis)
    return x


WINDOWS: dict[str, Row] = {
    "AveragePool": _pool("AvgPool"),
    "Conv": _conv,
    "ConvTranspose": _conv_transposed,
    "MaxPool": _pool("MaxPool"),
    "Pad": _pad,
    "Resize": _resize,
}
