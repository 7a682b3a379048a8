"""Operations of images and windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.lowering.spatial import as_before, channels_first, known
from keramos.compile.operations import convolution
from keramos.compile.operations.values import as_float, cast_to
from keramos.compile.tensorflow_graph.arrays import shape_of, vector
from keramos.errors import UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keramos.compile.onnx.graph import Value
    from keramos.compile.tensorflow_graph.operands import Array, NodeCall, Operand

    Row = Callable[[NodeCall], tuple[Operand, ...]]


def _layout(n: NodeCall, default: str = "NHWC") -> str:
    word = str(n.attribute("data_format", default))
    return "channels_first" if word.startswith("NC") else "channels_last"


def _per_side(n: NodeCall, name: str, rank: int) -> list[int]:
    """One number for each side; those of rows and channels must be 1."""
    listed = n.integers(name, [1] * rank)
    first = _layout(n) == "channels_first"
    inner, outer = (listed[2:], listed[:2]) if first else (listed[1:-1], [listed[0], listed[-1]])
    if len(listed) != rank or outer != [1, 1]:
        raise UnsupportedModelError(
            "only 1 for rows and channels is supported", option=name, received=str(listed)
        )
    return list(inner)


def _batch_norm(n: NodeCall) -> tuple[Operand, ...]:
    """Normalised by the stored statistics, or by those of the batch where the graph says so."""
    g, x = n.g, as_float(n.s, n.value(0))
    scale, offset, mean, variance = (n.value(i) for i in range(1, 5))
    epsilon = n.real("epsilon", 1e-4)
    axis = 1 if _layout(n) == "channels_first" else x.rank - 1
    stored = [one for i in range(1, 5) if (one := n.maybe_known(i)) is not None]
    if not n.attribute("is_training", default=True) and len(stored) == 4:
        return _scaled(n, x, axis, stored), mean, variance
    others = [i for i in range(x.rank) if i != axis]
    if n.attribute("is_training", default=True):
        centre = g.op("ReduceMean", x, others)
        apart = g.op("Sub", x, centre)
        spread = g.op("ReduceMean", g.op("Mul", apart, apart), others)
        mean = g.op("Squeeze", centre, others)
        variance = g.op("Mul", g.op("Squeeze", spread, others), _unbiased(n, x, others))
    else:
        apart = g.op("Sub", x, _along(n, mean, axis, x.rank))
        spread = _along(n, variance, axis, x.rank)
    factor = g.op("Div", _along(n, scale, axis, x.rank), g.op("Sqrt", g.op("Add", spread, epsilon)))
    y = g.op("Add", g.op("Mul", apart, factor), _along(n, offset, axis, x.rank))
    return y, mean, variance


def _unbiased(n: NodeCall, x: Value, axes: list[int]) -> Value:
    """What makes the variance of a batch that of what the batch was drawn from."""
    g, sizes = n.g, shape_of(n.g, x)
    count = cast_to(g, g.op("ReduceProd", vector(g, [sizes[i] for i in axes]), [0]), x.dtype)
    return g.op("Div", count, g.op("Max", g.op("Sub", count, 1.0), 1.0))


def _scaled(n: NodeCall, x: Value, axis: int, stored: list[Array]) -> Value:
    """Normalised by statistics that are known while compiling."""
    scale, offset, mean, variance = stored
    epsilon = np.float32(n.real("epsilon", 1e-4))
    factor = scale / np.sqrt(variance + epsilon)
    shape = (-1, *[1] * (x.rank - axis - 1))
    around = [one.astype(x.dtype).reshape(shape) for one in (mean, factor, offset)]
    y = n.g.op("Mul", n.g.op("Sub", x, around[0]), around[1])
    return n.g.op("Add", y, around[2])


def _along(n: NodeCall, x: Value, axis: int, rank: int) -> Value:
    return n.g.op("Unsqueeze", x, list(range(1, rank - axis))) if axis != rank - 1 else x


def _edges(n: NodeCall, rank: int) -> list[int] | None:
    """Explicit paddings as ONNX has them; None for SAME and VALID."""
    if n.attribute("padding", "") != "EXPLICIT":
        return None
    listed = np.array(n.integers("explicit_paddings"), "int64").reshape(rank, 2)
    inner = listed[2:] if _layout(n) == "channels_first" else listed[1:-1]
    return [*inner[:, 0].tolist(), *inner[:, 1].tolist()]


def _padded(n: NodeCall, x: Value, fill: float = 0) -> tuple[Value, str]:
    """``x`` with explicit paddings of a value around it, and the padding that is left."""
    edges = _edges(n, x.rank)
    if edges is None:
        return x, str(n.attribute("padding", "VALID"))
    first = 2 if _layout(n) == "channels_first" else 1
    sides = x.rank - 2
    before, after = edges[:sides], edges[sides:]
    around = [0] * (2 * x.rank)
    for side in range(sides):
        around[first + side], around[x.rank + first + side] = before[side], after[side]
    return n.g.op("Pad", x, around, np.asarray(fill, x.dtype), mode="constant"), "VALID"


def _conv(n: NodeCall) -> tuple[Operand, ...]:
    return (convolved(n, convolution.conv),)


def _depthwise(n: NodeCall) -> tuple[Operand, ...]:
    return (convolved(n, convolution.depthwise_conv),)


def convolved(n: NodeCall, convolve: Callable[..., Value]) -> Value:
    """A convolution of the first two inputs."""
    if n.value(0).dtype == "float64":  # in which ONNX Runtime does not convolve
        return cast_to(n.g, _convolved(n, convolve, *_narrow(n)), "float64")
    return _convolved(n, convolve, n.value(0), n.value(1))


def _narrow(n: NodeCall) -> tuple[Value, Value]:
    x, kernel = (cast_to(n.g, n.value(i), "float32") for i in (0, 1))
    return x, kernel


def _convolved(n: NodeCall, convolve: Callable[..., Value], given: Value, kernel: Value) -> Value:
    x, padding = _padded(n, given)
    return convolve(
        n.s,
        x,
        kernel,
        strides=_per_side(n, "strides", x.rank),
        padding=padding,
        data_format=_layout(n),
        dilation_rate=_per_side(n, "dilations", x.rank),
    )


def _transposed(n: NodeCall) -> tuple[Operand, ...]:
    """Conv2DBackpropInput: from the sizes of the result, the kernel (space..., out, in) and x."""
    g, x = n.g, channels_first(n.g, as_float(n.s, n.value(2)), _layout(n))
    kernel, sizes = n.value(1), n.sizes(0)
    steps, gaps = (_per_side(n, name, x.rank) for name in ("strides", "dilations"))
    sides = x.rank - 2
    kernel = g.op("Transpose", kernel, perm=[sides + 1, sides, *range(sides)])
    wanted = [None] * x.rank if sizes is None else sizes
    inner = wanted[2:] if _layout(n) == "channels_first" else wanted[1:-1]
    ends, edges = [], _edges(n, x.rank)
    for side, size in enumerate(inner):
        width = (known(kernel.shape[2 + side], "kernel sizes") - 1) * gaps[side] + 1
        found = _output(n, x.shape[2 + side], size, steps[side], width)
        ends.append(found if edges is None else _between(found, edges[side], edges[sides + side]))
    before, after, extra = (list(part) for part in zip(*ends, strict=True))
    y = g.op(
        "ConvTranspose",
        x,
        kernel,
        strides=steps,
        dilations=gaps,
        pads=[*before, *after],
        output_padding=extra,
    )
    return (as_before(g, y, _layout(n)),)


def _between(found: tuple[int, int, int], before: int, after: int) -> tuple[int, int, int]:
    """The same with explicit pads, which the result is longer for."""
    return before, after, found[2] + before + after


def _output(
    n: NodeCall, size: int | None, wanted: object, step: int, width: int
) -> tuple[int, int, int]:
    """Pads before and after, and how much longer the result is than they make it."""
    padding = str(n.attribute("padding", "VALID"))
    if padding == "EXPLICIT" and not (isinstance(wanted, int) and size is not None):
        raise UnsupportedModelError(
            "explicit paddings need sizes that are known before the model runs", option="padding"
        )
    least = max(width - step, 0) if padding == "SAME" else 0
    if isinstance(wanted, int) and size is not None:
        # The forward convolution of the result has ``size`` places with these pads.
        total = max((size - 1) * step + width - wanted, 0) if padding == "SAME" else 0
        extra = wanted - ((size - 1) * step + width - total)
        return total // 2, total - total // 2, extra
    # Sizes that a run knows: those that Keras asks for, size * step (SAME) and no less (VALID).
    extra = max(step - width, 0)
    return least // 2, least - least // 2, extra


def _pool(kind: str, layout: str) -> Row:
    def build(n: NodeCall) -> tuple[Operand, ...]:
        x, padding = _padded(n, n.value(0), -np.inf)
        pool = convolution.OPERATIONS[kind].build
        found = pool(
            n.s,
            x,
            _per_side(n, "ksize", x.rank),
            strides=_per_side(n, "strides", x.rank),
            padding=padding,
            data_format=_layout(n, layout),
        )
        return found if isinstance(found, tuple) else (found,)

    return build


def _block(n: NodeCall, index: int) -> tuple[list[int], list[list[int]]]:
    """The sizes of blocks, and pads or crops before and after for each."""
    sizes = n.ints(1, "the block")
    around = n.ints(index, "the edges")
    return sizes, [around[2 * i : 2 * i + 2] for i in range(len(sizes))]


def _space_to_batch(n: NodeCall) -> tuple[Operand, ...]:
    """Blocks of space as rows: what dilated convolutions are made of."""
    g, x = n.g, n.value(0)
    block, pads = _block(n, 2)
    rest, axes = x.rank - len(block) - 1, len(block)
    before = [0, *(pair[0] for pair in pads), *[0] * rest]
    after = [0, *(pair[1] for pair in pads), *[0] * rest]
    x = g.op("Pad", x, [*before, *after], np.asarray(0, x.dtype), mode="constant")
    sides = [known(size, "places") for size in x.shape[1:]]
    parts = [side // size for side, size in zip(sides, block, strict=False)]
    split = [one for pair in zip(parts, block, strict=True) for one in pair]
    x = g.op("Reshape", x, [-1, *split, *sides[axes:]])
    order = [
        *range(2, 2 * axes + 1, 2),
        0,
        *range(1, 2 * axes, 2),
        *range(2 * axes + 1, 2 * axes + 1 + rest),
    ]
    y = g.op("Transpose", x, perm=order)
    return (g.op("Reshape", y, [-1, *parts, *sides[axes:]]),)


def _batch_to_space(n: NodeCall) -> tuple[Operand, ...]:
    """Rows as blocks of space again."""
    g, x = n.g, n.value(0)
    block, crops = _block(n, 2)
    axes, sides = len(block), [known(size, "places") for size in x.shape[1:]]
    rest = len(sides) - axes
    x = g.op("Reshape", x, [*block, -1, *sides])
    order = [axes]
    for axis in range(axes):
        order += [axes + 1 + axis, axis]
    order += range(2 * axes + 1, 2 * axes + 1 + rest)
    wide = [side * size for side, size in zip(sides, block, strict=False)]
    y = g.op("Reshape", g.op("Transpose", x, perm=order), [-1, *wide, *sides[axes:]])
    starts = [pair[0] for pair in crops]
    ends = [size - pair[1] for size, pair in zip(wide, crops, strict=True)]
    return (g.op("Slice", y, starts, ends, list(range(1, axes + 1))),)


ROWS: Mapping[str, Row] = {
    "BatchToSpaceND": _batch_to_space,
    "AvgPool3D": _pool("AveragePool", "NDHWC"),
    "Conv2D": _conv,
    "Conv2DBackpropInput": _transposed,
    "Conv3D": _conv,
    "Conv3DBackpropInputV2": _transposed,
    "DepthwiseConv2dNative": _depthwise,
    "FusedBatchNorm": _batch_norm,
    "FusedBatchNormV2": _batch_norm,
    "FusedBatchNormV3": _batch_norm,
    "MaxPool": _pool("MaxPool", "NHWC"),
    "MaxPool3D": _pool("MaxPool", "NDHWC"),
    "SpaceToBatchND": _space_to_batch,
}
"""Operation -> what compiles it."""
