"""Operations that keep the best of overlapping boxes, and places of maxima.

Source: tensorflow/core/kernels/image/non_max_suppression_op.cc, maxpooling_op.cc.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.lowering.spatial import known
from keramos.compile.operations.values import cast_to
from keramos.compile.tensorflow_graph.arrays import shape_of, vector
from keramos.compile.tensorflow_graph.operands import numpy_type
from keramos.errors import UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keramos.compile.onnx.graph import Value
    from keramos.compile.tensorflow_graph.operands import NodeCall, Operand

    Row = Callable[[NodeCall], tuple[Operand, ...]]

_NEVER = np.float32(-np.inf)


def _suppressed(n: NodeCall, boxes: Value, scores: Value, given: list[Value]) -> Value:
    """(kept, 3) image, class and box of what is kept, best first within a class. ``given`` are how
    many are kept of a class, and thresholds.
    """
    kinds = ("int64", "float32", "float32")
    limits = [
        n.g.op("Reshape", cast_to(n.g, one, kind), [1])
        for one, kind in zip(given, kinds, strict=False)
    ]
    like = [("int64", (None, 3))]
    return n.g.ops("NonMaxSuppression", boxes, scores, *limits, outputs=1, like=like)[0]


def _kept(n: NodeCall) -> Value:
    """Numbers of the boxes that are kept, as one axis of int64."""
    g = n.g
    boxes, scores = g.op("Unsqueeze", n.value(0), [0]), g.op("Unsqueeze", n.value(1), [0, 1])
    if n.op == "NonMaxSuppression":
        overlap = g.const(np.array(n.real("iou_threshold", 0.5), "f4"))
        given = [n.value(2), overlap]
    else:
        given = [n.value(i) for i in range(2, min(len(n.operands), 5))]
    found = _suppressed(n, boxes, scores, given)
    return g.op("Squeeze", g.op("Slice", found, [2], [3], [1]), [1])


def _indices(n: NodeCall) -> tuple[Operand, ...]:
    return (cast_to(n.g, _kept(n), "int32"),)


def _padded(n: NodeCall) -> tuple[Operand, ...]:
    """Indices, of version 5 their scores, and how many there are, with zeros behind if asked."""
    g = n.g
    soft = len(n.operands) > 5
    if soft and n.known(5, "the softness").any():
        raise UnsupportedModelError("only hard suppression is supported", option="soft_nms_sigma")
    kept = _kept(n)
    count = g.op("Shape", kept, start=0, end=1)
    scores = g.op("Gather", n.value(1), kept, axis=0)
    if n.attribute("pad_to_max_output_size", default=False):
        kept, scores = (_lengthened(n, one, count) for one in (kept, scores))
    indices = cast_to(g, kept, "int32")
    valid = g.op("Squeeze", cast_to(g, count, "int32"), [0])
    return (indices, scores, valid) if n.op.endswith("V5") else (indices, valid)


def _lengthened(n: NodeCall, x: Value, count: Value) -> Value:
    """A tensor of one axis with zeros behind it, up to how many may be kept."""
    g, known_most = n.g, n.maybe_known(2)
    size = None if known_most is None else int(known_most.item())
    most = g.op("Reshape", cast_to(g, n.value(2), "int64"), [1])
    lacking = g.op("Concat", np.zeros(1, "int64"), g.op("Sub", most, count), axis=0)
    zero, like = np.zeros((), x.dtype), [(x.dtype, (size,))]
    return g.ops("Pad", x, lacking, zero, mode="constant", outputs=1, like=like)[0]


def _combined(n: NodeCall) -> tuple[Operand, ...]:
    """The best boxes of all classes of each image, with zeros where there are fewer."""
    g, boxes, scores = n.g, n.value(0), n.value(1)
    rows, count, shared, _ = shape_of(g, boxes)
    classes = scores.shape[-1]
    if classes is None or shared not in (1, classes):
        raise UnsupportedModelError("the number of classes must be known")
    by_class = g.op("Transpose", scores, perm=[0, 2, 1])
    if shared == 1:
        listed = g.op("Squeeze", boxes, [2])
        found = _suppressed(n, listed, by_class, [n.value(i) for i in (2, 4, 5)])
    else:
        flat = g.op("Transpose", boxes, perm=[0, 2, 1, 3])
        one_each = _reshaped(n, flat, [-1, count, 4])
        alone = _reshaped(n, by_class, [-1, 1, count])
        found = _suppressed(n, one_each, alone, [n.value(i) for i in (2, 4, 5)])
        listed = _reshaped(n, flat, [rows, -1, 4])
    best, places, valid = _best(n, by_class, found, shared, classes)
    number = vector(g, [count])
    chosen = g.op("Mod", places, number) if shared == 1 else places
    like = [(boxes.dtype, (boxes.shape[0], places.shape[1], 4))]
    at = g.op("Unsqueeze", chosen, [2])
    taken = g.ops("GatherND", listed, at, batch_dims=1, outputs=1, like=like)[0]
    if n.attribute("clip_boxes", default=True):
        taken = g.op("Min", g.op("Max", taken, np.float32(0)), np.float32(1))
    zero = np.float32(0)
    return (
        g.op("Where", g.op("Unsqueeze", valid, [2]), taken, zero),
        g.op("Where", valid, best, zero),
        g.op("Where", valid, cast_to(g, g.op("Div", places, number), "float32"), zero),
        g.op("ReduceSum", cast_to(g, valid, "int32"), [1], keepdims=0),
    )


def _best(
    n: NodeCall, by_class: Value, found: Value, shared: object, classes: int
) -> tuple[Value, Value, Value]:
    """Of each image the best scores, their places among (class, box), and which of them there are;
    all (images, most).
    """
    g, (_, _, count) = n.g, shape_of(n.g, by_class)
    (total,) = n.ints(3, "how many boxes are kept")
    if n.attribute("pad_per_class", default=False):
        total = min(total, n.ints(2, "how many boxes of a class are kept")[0] * classes)
    factors = vector(g, [classes, 1] if shared == 1 else [1, 0])
    pair = g.op("ReduceSum", g.op("Mul", g.op("Slice", found, [0], [2], [1]), factors), [1])
    places = g.op("Add", g.op("Mul", pair, vector(g, [count])), g.op("Slice", found, [2], [3], [1]))
    flat = _reshaped(n, by_class, [-1])
    kept = g.op("Squeeze", g.op("Gather", flat, places, axis=0), [1])
    size = g.op("Shape", flat)
    empty = g.ops("Expand", _NEVER, size, outputs=1, like=[("float32", (None,))])[0]
    marked = g.op("ScatterND", empty, places, kept)
    table = g.ops(
        "Reshape",
        marked,
        vector(g, [-1, g.op("Mul", vector(g, [count]), classes)]),
        outputs=1,
        like=[("float32", (by_class.shape[0], None))],
    )[0]
    kind = [("float32", (by_class.shape[0], None))]
    wide = g.ops("Pad", table, [0, 0, 0, total], _NEVER, mode="constant", outputs=1, like=kind)[0]
    shape = (by_class.shape[0], total)
    best, at = g.ops(
        "TopK", wide, [total], axis=1, outputs=2, like=[("float32", shape), ("int64", shape)]
    )
    valid = g.op("Greater", best, _NEVER)
    return best, g.op("Where", valid, at, np.int64(0)), valid


def _maxima(n: NodeCall) -> tuple[Operand, ...]:
    """The maximum of each window and its place: (row * columns + column) * channels + channel."""
    g, x = n.g, n.value(0)
    window, steps = (n.integers(name)[1:3] for name in ("ksize", "strides"))
    same = n.attribute("padding", "VALID") == "SAME"
    rows, columns, channels = (known(size, "sizes") for size in x.shape[1:])
    counts = [
        -(-size // step) if same else (size - width) // step + 1
        for size, width, step in zip((rows, columns), window, steps, strict=True)
    ]
    shape = (x.shape[0], channels, *counts)
    found, at = g.ops(
        "MaxPool",
        g.op("Transpose", x, perm=[0, 3, 1, 2]),
        kernel_shape=window,
        strides=steps,
        auto_pad="SAME_UPPER" if same else "VALID",
        outputs=2,
        like=[(x.dtype, shape), ("int64", shape)],
    )
    inside = g.op("Transpose", g.op("Mod", at, rows * columns), perm=[0, 2, 3, 1])
    g.reserve_constants("channels", channels)
    places = g.op("Add", g.op("Mul", inside, channels), np.arange(channels))
    if n.attribute("include_batch_in_index", default=False):
        image = g.op("Div", g.op("Transpose", at, perm=[0, 2, 3, 1]), rows * columns * channels)
        places = g.op("Add", places, g.op("Mul", image, rows * columns * channels))
    dtype = numpy_type(n.attribute("Targmax", "int64"))
    return g.op("Transpose", found, perm=[0, 2, 3, 1]), cast_to(g, places, dtype)


def _reshaped(n: NodeCall, x: Value, sizes: list[object]) -> Value:
    stated = tuple(one if isinstance(one, int) and one >= 0 else None for one in sizes)
    shape = vector(n.g, sizes)  # type: ignore[arg-type] # sizes are numbers or tensors
    return n.g.ops("Reshape", x, shape, outputs=1, like=[(x.dtype, stated)])[0]


ROWS: Mapping[str, Row] = {
    "CombinedNonMaxSuppression": _combined,
    "MaxPoolWithArgmax": _maxima,
    "NonMaxSuppression": _indices,
    "NonMaxSuppressionV2": _indices,
    "NonMaxSuppressionV3": _indices,
    "NonMaxSuppressionV4": _padded,
    "NonMaxSuppressionV5": _padded,
}
"""Operation -> what compiles it."""
