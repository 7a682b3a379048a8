"""ONNX nodes -> calls of keras.ops: how TensorFlow's functions and replacements are written for
current Keras, which has neither.

Each row of ``FUNCTIONS`` writes one ONNX operator. What a row cannot express is refused by name;
``convert`` compares the answers of what is written with those of the file.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.keras_windows import convolved, pooled
from keramos.compile.onnx.element_types import NAMES
from keramos.compile.onnx.tensor_types import ints
from keramos.types.network import TensorRef

if TYPE_CHECKING:
    from keramos.compile.keras_writer import Node, Write, Writer

_FAR = 1 << 30  # ends of slices beyond this mean the end of the axis


def _plain(kind: str) -> Write:
    return lambda w, n: w.call(kind, *(w.item(n.value(i)) for i in range(len(n.inputs))))


def _many(kind: str) -> Write:
    def write(w: Writer, n: Node) -> TensorRef:
        first, *rest = (w.item(n.value(i)) for i in range(len(n.inputs)))
        for other in rest:
            first = w.call(kind, first, other)
        return first if isinstance(first, TensorRef) else w.call("Copy", first)

    return write


def _reduced(kind: str) -> Write:
    def write(w: Writer, n: Node) -> TensorRef:
        axes = n.numbers(1)
        return w.call(
            kind, w.item(n.value(0)), axis=axes or None, keepdims=bool(n.number("keepdims", 1))
        )

    return write


def _norm(w: Writer, n: Node) -> TensorRef:
    square = w.call("Square", w.item(n.value(0)))
    total = w.call("Sum", square, axis=n.numbers(1), keepdims=bool(n.number("keepdims", 1)))
    return w.call("Sqrt", total)


def _extreme(kind: str) -> Write:
    def write(w: Writer, n: Node) -> TensorRef:
        keepdims = bool(n.number("keepdims", 1))
        found = w.call(kind, w.item(n.value(0)), axis=n.number("axis"), keepdims=keepdims)
        return w.call("Cast", found, dtype="int64")

    return write


def _axis(kind: str, default: int = -1) -> Write:
    return lambda w, n: w.call(kind, w.item(n.value(0)), axis=n.number("axis", default))


def _cast(w: Writer, n: Node) -> TensorRef:
    return w.call("Cast", w.item(n.value(0)), dtype=NAMES[n.number("to")])


def _divide(w: Writer, n: Node) -> TensorRef:
    if not n.value(0).dtype.startswith("float"):
        raise n.refused("of whole numbers")
    return w.call("TrueDivide", w.item(n.value(0)), w.item(n.value(1)))


def _mod(w: Writer, n: Node) -> TensorRef:
    kind = "Fmod" if n.number("fmod") else "Mod"
    return w.call(kind, w.item(n.value(0)), w.item(n.value(1)))


def _clip(w: Writer, n: Node) -> TensorRef:
    found = w.item(n.value(0))
    for place, kind in ((1, "Maximum"), (2, "Minimum")):
        if place < len(n.inputs) and n.inputs[place] is not None:
            found = w.call(kind, found, w.item(n.value(place)))
    return found if isinstance(found, TensorRef) else w.call("Copy", found)


def _concatenated(w: Writer, n: Node) -> TensorRef:
    parts = [w.item(n.value(i)) for i in range(len(n.inputs))]
    return w.call("Concatenate", parts, axis=n.number("axis"))


def _transposed(w: Writer, n: Node) -> TensorRef:
    return w.call("Transpose", w.item(n.value(0)), axes=n.attributes["perm"])


def _reshaped(w: Writer, n: Node) -> TensorRef:
    shape = [-1 if size is None else size for size in n.outputs[0].shape]
    if shape.count(-1) > 1:
        raise n.refused("to a shape with several free sizes")
    return w.call("Reshape", w.item(n.value(0)), newshape=shape)


def _squeezed(w: Writer, n: Node) -> TensorRef:
    axes = n.numbers(1)
    found = w.item(n.value(0))
    for axis in sorted((a % n.value(0).rank for a in axes or ()), reverse=True):
        found = w.call("Squeeze", found, axis=axis)
    return found if axes and isinstance(found, TensorRef) else w.call("Squeeze", found)


def _unsqueezed(w: Writer, n: Node) -> TensorRef:
    found = w.item(n.value(0))
    for axis in sorted(a % n.outputs[0].rank for a in n.numbers(1) or ()):
        found = w.call("ExpandDims", found, axis=axis)
    return found if isinstance(found, TensorRef) else w.call("Copy", found)


def _sliced(w: Writer, n: Node) -> TensorRef:
    rank, starts, ends = n.value(0).rank, n.numbers(1) or [], n.numbers(2) or []
    axes, steps = n.numbers(3) or [*range(len(starts))], n.numbers(4) or [1] * len(starts)
    parts: list[object] = [_part(None, None, None)] * rank
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        parts[axis % rank] = _part(
            None if abs(start) >= _FAR else start, None if abs(end) >= _FAR else end, step
        )
    return w.call("GetItem", w.item(n.value(0)), parts)


def _part(start: int | None, stop: int | None, step: int | None) -> dict[str, object]:
    return {
        "class_name": "__slice__",
        "config": {"start": start, "stop": stop, "step": step},
    }


def _taken(w: Writer, n: Node) -> TensorRef:
    return w.call("Take", w.item(n.value(0)), w.item(n.value(1)), axis=n.number("axis"))


def _tiled(w: Writer, n: Node) -> TensorRef:
    return w.call("Tile", w.item(n.value(0)), repeats=n.numbers(1))


def _expanded(w: Writer, n: Node) -> TensorRef:
    before, after = n.value(0).shape, n.outputs[0].shape
    aligned = (*[1] * (len(after) - len(before)), *before)
    pairs = list(zip(aligned, after, strict=True))
    if any(new is None and old is not None for old, new in pairs):
        return _like(w, n)
    found = w.item(n.value(0))
    for _ in range(len(after) - len(before)):
        found = w.call("ExpandDims", found, axis=0)
    repeats = [1 if old != 1 or new is None else new for old, new in pairs]
    return w.call("Tile", found, repeats=repeats)


def _like(w: Writer, n: Node) -> TensorRef:
    """One number for every place of a tensor whose sizes are asked for."""
    like, number = w.sized.get(n.value(1).name), n.value(0).const
    if like is None or number is None or number.size != 1 or like.shape != n.outputs[0].shape:
        raise n.refused("over the rows")
    zeros = w.call("ZerosLike", w.item(like), dtype=n.value(0).dtype)
    return w.call("Add", zeros, number.item())


_PADS = frozenset({"constant", "reflect", "edge", "wrap"})


def _padded(w: Writer, n: Node) -> TensorRef:
    rank, edges = n.value(0).rank, n.numbers(1) or []
    mode = str(n.attributes.get("mode", "constant"))
    if min(edges, default=0) < 0 or len(edges) != 2 * rank or mode not in _PADS:
        raise n.refused("of this kind")
    width = [[edges[axis], edges[axis + rank]] for axis in range(rank)]
    fill = n.inputs[2] if len(n.inputs) > 2 else None
    return w.call(
        "Pad",
        w.item(n.value(0)),
        named={} if fill is None else {"constant_values": w.item(fill)},
        pad_width=width,
        mode=mode,
    )


def _split(w: Writer, n: Node) -> list[TensorRef]:
    axis = n.number("axis")
    sizes: list[int | None] = [*(n.numbers(1) or ())]
    sizes = sizes or [value.shape[axis] for value in n.outputs]
    if None in sizes:
        raise n.refused("of parts whose sizes the input tells")
    ends = np.cumsum(ints(sizes))[:-1].tolist()
    made = w.call("Split", w.item(n.value(0)), indices_or_sections=ends, axis=axis)
    return [TensorRef(made.layer, 0, place) for place in range(len(n.outputs))]


def _top(w: Writer, n: Node) -> list[TensorRef]:
    rank, count = n.value(0).rank, n.numbers(1)
    if not count:
        raise n.refused("of a count that is not constant")
    order = [*range(rank)]
    axis = n.number("axis", -1) % rank
    order[axis], order[-1] = order[-1], order[axis]
    largest = n.number("largest", 1)
    x = w.call("Transpose", w.item(n.value(0)), axes=order)
    x = x if largest else w.call("Negative", x)
    made = w.call("TopK", x, k=count[0], sorted=True)
    values = made if largest else w.call("Negative", made)
    places = w.call("Cast", TensorRef(made.layer, 0, 1), dtype="int64")
    return [w.call("Transpose", part, axes=order) for part in (values, places)]


def _gelu(w: Writer, n: Node) -> TensorRef:
    return w.call("Gelu", w.item(n.value(0)), approximate=n.attributes.get("approximate") == "tanh")


def _blocks(kind: str) -> Write:
    def write(w: Writer, n: Node) -> TensorRef:
        x = w.call("Transpose", w.item(n.value(0)), axes=[0, 2, 3, 1])
        size = n.number("blocksize")
        y = w.call(kind, x, block_size=size, data_format="channels_last")
        return w.call("Transpose", y, axes=[0, 3, 1, 2])

    return write


def _absolute_sum(w: Writer, n: Node) -> TensorRef:
    size = w.call("Abs", w.item(n.value(0)))
    return w.call("Sum", size, axis=n.numbers(1), keepdims=bool(n.number("keepdims", 1)))


def _triangle(w: Writer, n: Node) -> TensorRef:
    (k,) = n.numbers(1) or [0]
    return w.call("Triu" if n.number("upper", 1) else "Tril", w.item(n.value(0)), k=k)


def _updated(w: Writer, n: Node) -> TensorRef:
    if n.attributes.get("reduction", "none") != "none":
        raise n.refused("that adds")
    return w.call("ScatterUpdate", *(w.item(n.value(place)) for place in range(3)))


def _summed(w: Writer, n: Node) -> TensorRef:
    (axis,) = n.numbers(1) or [0]
    x = w.item(n.value(0))
    turned = w.call("Flip", x, axis=axis) if n.number("reverse") else x
    total = w.call("Cumsum", turned, axis=axis)
    total = w.call("Subtract", total, turned) if n.number("exclusive") else total
    return w.call("Flip", total, axis=axis) if n.number("reverse") else total


def _one_hot(w: Writer, n: Node) -> TensorRef:
    depth, values = n.numbers(1), n.value(2).const
    if not depth or values is None:
        raise n.refused("of a depth that is not constant")
    off, on = values.tolist()
    dtype, axis = values.dtype.name, n.number("axis", -1)
    hot = w.call("OneHot", w.item(n.value(0)), num_classes=depth[0], axis=axis, dtype=dtype)
    return (
        hot if (off, on) == (0, 1) else w.call("Where", w.call("Cast", hot, dtype="bool"), on, off)
    )


def _einsum(w: Writer, n: Node) -> TensorRef:
    operands = [w.item(n.value(i)) for i in range(len(n.inputs))]
    return w.call("Einsum", *operands, subscripts=n.attributes["equation"])


def _elu(w: Writer, n: Node) -> TensorRef:
    return w.call("Elu", w.item(n.value(0)), alpha=n.attributes.get("alpha", 1.0))


def _leaky(w: Writer, n: Node) -> TensorRef:
    slope = n.attributes.get("alpha", 0.01)
    return w.call("LeakyRelu", w.item(n.value(0)), negative_slope=slope)


def _flat(w: Writer, n: Node) -> TensorRef:
    sizes = n.value(0).shape[1:]
    if n.number("axis", 1) != 1 or None in sizes:
        raise n.refused("of this kind")
    return w.call("Reshape", w.item(n.value(0)), newshape=[-1, prod(ints(sizes))])


_SAME = {
    "Equal": "Equal", "Greater": "Greater", "GreaterOrEqual": "GreaterEqual", "Less": "Less",
    "LessOrEqual": "LessEqual", "And": "LogicalAnd", "Or": "LogicalOr", "Xor": "LogicalXor",
    "Not": "LogicalNot", "Sub": "Subtract", "Pow": "Power", "MatMul": "Matmul", "Where": "Where",
    "Abs": "Abs", "Neg": "Negative", "Exp": "Exp", "Log": "Log", "Sqrt": "Sqrt", "Sin": "Sin",
    "Cos": "Cos", "Tan": "Tan", "Asin": "Arcsin", "Acos": "Arccos", "Atan": "Arctan",
    "Sinh": "Sinh", "Cosh": "Cosh", "Tanh": "Tanh", "Asinh": "Arcsinh", "Acosh": "Arccosh",
    "Atanh": "Arctanh", "Erf": "Erf", "Floor": "Floor", "Ceil": "Ceil", "Round": "Round",
    "Sign": "Sign", "Reciprocal": "Reciprocal", "Sigmoid": "Sigmoid", "Relu": "Relu",
    "Softplus": "Softplus", "Softsign": "Softsign", "IsNaN": "Isnan", "IsInf": "Isinf",
    "Selu": "Selu", "BitwiseAnd": "BitwiseAnd", "BitwiseOr": "BitwiseOr",
    "BitwiseXor": "BitwiseXor", "BitwiseNot": "BitwiseInvert",
}  # fmt: skip

FUNCTIONS: dict[str, Write] = {
    **{kind: _plain(function) for kind, function in _SAME.items()},
    "Add": _many("Add"),
    "ArgMax": _extreme("Argmax"),
    "ArgMin": _extreme("Argmin"),
    "AveragePool": pooled("AveragePool"),
    "Cast": _cast,
    "Clip": _clip,
    "Concat": _concatenated,
    "Conv": convolved,
    "CumSum": _summed,
    "DepthToSpace": _blocks("DepthToSpace"),
    "Div": _divide,
    "Einsum": _einsum,
    "Elu": _elu,
    "Expand": _expanded,
    "Flatten": _flat,
    "Gather": _taken,
    "Gelu": _gelu,
    "LeakyRelu": _leaky,
    "LogSoftmax": _axis("LogSoftmax"),
    "Max": _many("Maximum"),
    "MaxPool": pooled("MaxPool"),
    "Min": _many("Minimum"),
    "Mod": _mod,
    "Mul": _many("Multiply"),
    "OneHot": _one_hot,
    "Pad": _padded,
    "ReduceL1": _absolute_sum,
    "ReduceL2": _norm,
    "ReduceLogSumExp": _reduced("Logsumexp"),
    "ReduceMax": _reduced("Max"),
    "ReduceMean": _reduced("Mean"),
    "ReduceMin": _reduced("Min"),
    "ReduceProd": _reduced("Prod"),
    "ReduceSum": _reduced("Sum"),
    "Reshape": _reshaped,
    "ScatterND": _updated,
    "Slice": _sliced,
    "Softmax": _axis("Softmax"),
    "SpaceToDepth": _blocks("SpaceToDepth"),
    "Split": _split,
    "Squeeze": _squeezed,
    "Sum": _many("Add"),
    "Tile": _tiled,
    "TopK": _top,
    "Transpose": _transposed,
    "Trilu": _triangle,
    "Unsqueeze": _unsqueezed,
}
"""ONNX operator -> what writes it as functions of keras.ops."""
