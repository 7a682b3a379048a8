"""Convolutions and pooling as calls of keras.ops, which has channels last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.compile.keras_writer import stored_array
from keramos.compile.onnx.tensor_types import ints

if TYPE_CHECKING:
    from keramos.compile.keras_writer import Node, Write, Writer
    from keramos.types.network import TensorRef


def _one(sizes: object) -> object:
    return sizes[0] if isinstance(sizes, list) and len(set(sizes)) == 1 else sizes


def convolved(w: Writer, n: Node) -> TensorRef:
    """Write a convolution."""
    kernel, axes = n.value(1), n.value(0).rank - 2
    if kernel.const is None or len(n.inputs) > 2:
        raise n.refused("with a computed kernel")
    array = kernel.const.transpose(*range(2, axes + 2), 1, 0)
    groups = n.number("group", 1)
    if groups > 1 and groups != n.value(0).shape[1]:
        raise n.refused("in groups")
    if groups > 1:
        array = array.reshape(*array.shape[:-2], groups, -1)
    # Keras takes lists for tuples in Conv alone, so equal steps are one number.
    steps, gaps = (_one(n.attributes.get(name, 1)) for name in ("strides", "dilations"))
    y = w.call(
        "Conv" if groups == 1 else "DepthwiseConv",
        _channels_last(w, n, 0.0),
        stored_array(array),
        strides=steps,
        padding="valid",
        data_format="channels_last",
        dilation_rate=gaps,
    )
    return w.call("Transpose", y, axes=[0, axes + 1, *range(1, axes + 1)])


def pooled(kind: str) -> Write:
    """What writes a pooling layer's operator: ``AveragePool`` or ``MaxPool``."""

    def write(w: Writer, n: Node) -> TensorRef:
        axes = n.value(0).rank - 2
        y = w.call(
            kind,
            w.call("Transpose", w.item(n.value(0)), axes=[0, *range(2, axes + 2), 1]),
            pool_size=n.attributes["kernel_shape"],
            strides=n.attributes.get("strides", [1] * axes),
            padding=_padding(n, axes),
            data_format="channels_last",
        )
        return w.call("Transpose", y, axes=[0, axes + 1, *range(1, axes + 1)])

    return write


def _padding(n: Node, axes: int) -> str:
    """Keras' word for the edges of a window: ``same`` halves what is missing, the rest behind."""
    edges = ints(n.attributes.get("pads") or [0] * 2 * axes)
    if not any(edges):
        return "valid"
    steps = ints(n.attributes.get("strides", [1] * axes))
    for axis, (step, width) in enumerate(
        zip(steps, ints(n.attributes["kernel_shape"]), strict=True)
    ):
        size = n.value(0).shape[axis + 2]
        if size is None and step != 1:
            raise n.refused("whose edges the input tells")
        begins = range(0, size or 1, step)
        lacks = max(begins[-1] + width - (size or 1), 0)
        if [edges[axis], edges[axis + axes]] != [lacks // 2, lacks - lacks // 2]:
            raise n.refused("with edges of this kind")
    return "same"


def _channels_last(w: Writer, n: Node, fill: float) -> TensorRef:
    axes, x = n.value(0).rank - 2, w.item(n.value(0))
    edges = n.attributes.get("pads")
    if isinstance(edges, list) and any(edges):
        width = [[0, 0], [0, 0], *([edges[i], edges[i + axes]] for i in range(axes))]
        x = w.call("Pad", x, named={"constant_values": fill}, pad_width=width, mode="constant")
    return w.call("Transpose", x, axes=[0, *range(2, axes + 2), 1])
