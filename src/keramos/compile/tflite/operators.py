"""TensorFlow's operations as builtin operators of TensorFlow Lite: one row an operation.

Source: tensorflow/compiler/mlir/lite/schema/schema.fbs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keramos.compile.tflite.flatbuffer import Numbers, Scalar
from keramos.types.attributes import integer, integers, real

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from keramos.compile.saved_model.graph_def import Edge, NodeDef
    from keramos.compile.tflite.flatbuffer import Item

TENSOR_TYPES = {
    "float32": 0,
    "float16": 1,
    "int32": 2,
    "uint8": 3,
    "int64": 4,
    "bool": 6,
    "int16": 7,
    "int8": 9,
    "float64": 10,
    "uint64": 12,
    "uint32": 15,
    "uint16": 16,
}
"""TensorFlow Lite's TensorType by numpy's names."""

_PADDING = {"SAME": 0, "VALID": 1}


class Operator(NamedTuple):
    """A builtin operator: its code, its inputs, and the kind and fields of its options.

    An input is an edge of the graph, an array, or None where it is left out.
    """

    code: int
    inputs: Sequence[Edge | NDArray[np.generic] | None]
    options: int = 0
    fields: dict[int, Item | None] | None = None


class Source(NamedTuple):
    """A node of TensorFlow's graph. ``constant`` gives the array of an input that is one."""

    node: NodeDef
    constant: Callable[[Edge], NDArray[np.generic] | None]

    @property
    def inputs(self) -> list[Edge]:
        """The edges that it takes."""
        return list(self.node.inputs)

    def number(self, place: int) -> int:
        """A constant input that is one whole number."""
        found = self.constant(self.inputs[place])
        if found is None:
            raise KeyError(f"input {place} of {self.node.kind} is computed")
        return integer(found.item(), f"input {place}")

    def listed(self, name: str) -> list[int]:
        """Whole numbers of an attribute."""
        return integers(self.node.attributes[name], name)

    def integer(self, name: str) -> Scalar:
        """A whole number of an attribute as a field."""
        return Scalar("i", integer(self.node.attributes[name], name))

    def flag(self, name: str) -> Scalar:
        """A boolean attribute as a field."""
        return Scalar("?", bool(self.node.attributes[name]))


Row = Callable[[Source], Operator]


def _plain(code: int, options: int = 0) -> Row:
    fields: dict[int, Item | None] | None = {} if options else None
    return lambda s: Operator(code, s.inputs, options, fields)


def _int32(s: Source, place: int) -> Edge | NDArray[np.generic]:
    """A constant input in 32 bits, which shapes and bounds must have."""
    found = s.constant(s.inputs[place])
    if found is None:
        return s.inputs[place]
    ends = np.iinfo("int32")
    return np.asarray(np.clip(found.astype("int64"), ends.min, ends.max), "int32")


def _reshape(s: Source) -> Operator:
    return Operator(22, [s.inputs[0], _int32(s, 1)], 17, {})


def _strided_slice(s: Source) -> Operator:
    bounds = [_int32(s, place) for place in (1, 2, 3)]
    masks = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
    fields: dict[int, Item | None] = {place: s.integer(name) for place, name in enumerate(masks)}
    return Operator(45, [s.inputs[0], *bounds], 32, fields)


def _reduced(code: int) -> Row:
    return lambda s: Operator(code, s.inputs, 27, {0: s.flag("keep_dims")})


def _concat(s: Source) -> Operator:
    return Operator(2, s.inputs[:-1], 10, {0: Scalar("i", s.number(-1))})


def _gather(s: Source) -> Operator:
    fields: dict[int, Item | None] = {0: Scalar("i", s.number(2)), 1: s.integer("batch_dims")}
    return Operator(36, s.inputs[:2], 23, fields)


def _cast(s: Source) -> Operator:
    kinds = (TENSOR_TYPES[str(s.node.attributes[key])] for key in ("SrcT", "DstT"))
    return Operator(53, s.inputs, 37, {i: Scalar("b", kind) for i, kind in enumerate(kinds)})


def _matmul(s: Source) -> Operator:
    kernel = s.constant(s.inputs[1])
    if kernel is None or kernel.dtype != np.float32:
        return _batch_matmul(s)
    moved = np.ascontiguousarray(kernel.T)
    return Operator(9, [s.inputs[0], moved, None], 8, {0: Scalar("b", 0)})


def _batch_matmul(s: Source) -> Operator:
    return Operator(126, s.inputs, 101, {0: Scalar("?", 0), 1: Scalar("?", 0)})


def _kernel(s: Source) -> NDArray[np.generic]:
    found = s.constant(s.inputs[1])
    if found is None:
        raise KeyError(f"the kernel of {s.node.kind} is computed")
    return found


def _windows(s: Source) -> dict[int, Item | None]:
    strides = s.listed("strides")
    padding = _PADDING[str(s.node.attributes["padding"])]
    return {0: Scalar("b", padding), 1: Scalar("i", strides[2]), 2: Scalar("i", strides[1])}


def _conv(s: Source) -> Operator:
    kernel = np.ascontiguousarray(_kernel(s).transpose(3, 0, 1, 2))
    bias = np.zeros(len(kernel), "float32")
    gaps: dict[int, Item | None] = {4: Scalar("i", 1), 5: Scalar("i", 1)}
    return Operator(3, [s.inputs[0], kernel, bias], 1, {**_windows(s), **gaps})


def _depthwise(s: Source) -> Operator:
    kernel = _kernel(s)
    rows, columns, channels, times = kernel.shape
    flat = kernel.reshape(1, rows, columns, channels * times)
    bias = np.zeros(channels * times, "float32")
    more: dict[int, Item | None] = {3: Scalar("i", times), 5: Scalar("i", 1), 6: Scalar("i", 1)}
    return Operator(4, [s.inputs[0], flat, bias], 2, {**_windows(s), **more})


def _conv_transposed(s: Source) -> Operator:
    kernel = np.ascontiguousarray(_kernel(s).transpose(2, 0, 1, 3))
    return Operator(67, [_int32(s, 0), kernel, s.inputs[2]], 49, _windows(s))


def _pool(code: int) -> Row:
    def row(s: Source) -> Operator:
        size = s.listed("ksize")
        more: dict[int, Item | None] = {3: Scalar("i", size[2]), 4: Scalar("i", size[1])}
        return Operator(code, s.inputs, 5, {**_windows(s), **more})

    return row


def _squeeze(s: Source) -> Operator:
    return Operator(43, s.inputs, 30, {0: Numbers("i", s.listed("squeeze_dims"))})


def _softmax(s: Source) -> Operator:
    return Operator(25, s.inputs, 9, {0: Scalar("f", 1.0)})


def _leaky_relu(s: Source) -> Operator:
    alpha = real(s.node.attributes["alpha"], "alpha")
    return Operator(98, s.inputs, 75, {0: Scalar("f", alpha)})


def _one_hot(s: Source) -> Operator:
    return Operator(85, s.inputs, 61, {0: s.integer("axis")})


def _extreme(code: int, options: int) -> Row:
    return lambda s: Operator(code, s.inputs, options, {0: Scalar("b", TENSOR_TYPES["int64"])})


def _cumulated(s: Source) -> Operator:
    return Operator(
        128, [s.inputs[0], _int32(s, 1)], 102, {0: s.flag("exclusive"), 1: s.flag("reverse")}
    )


def _split(s: Source) -> Operator:
    return Operator(102, s.inputs, 79, {0: s.integer("num_split")})


def _shape(s: Source) -> Operator:
    kind = TENSOR_TYPES[str(s.node.attributes["out_type"])]
    return Operator(77, s.inputs, 55, {0: Scalar("b", kind)})


ROWS: dict[str, Row] = {
    "Abs": _plain(101, 78),
    "AddV2": _plain(0, 11),
    "All": _reduced(140),
    "Any": _reduced(91),
    "ArgMax": _extreme(56, 40),
    "ArgMin": _extreme(79, 57),
    "AvgPool": _pool(1),
    "BatchMatMulV2": _batch_matmul,
    "BroadcastTo": _plain(130, 104),
    "Cast": _cast,
    "Ceil": _plain(104),
    "ConcatV2": _concat,
    "Conv2D": _conv,
    "Conv2DBackpropInput": _conv_transposed,
    "Cos": _plain(108, 84),
    "Cumsum": _cumulated,
    "DepthwiseConv2dNative": _depthwise,
    "Elu": _plain(111),
    "Equal": _plain(71, 53),
    "Exp": _plain(47, 33),
    "ExpandDims": _plain(70, 52),
    "Floor": _plain(8),
    "FloorMod": _plain(95, 72),
    "GatherNd": _plain(107, 83),
    "GatherV2": _gather,
    "Greater": _plain(61, 44),
    "GreaterEqual": _plain(62, 45),
    "LeakyRelu": _leaky_relu,
    "Less": _plain(58, 41),
    "LessEqual": _plain(63, 46),
    "Log": _plain(73),
    "LogSoftmax": _plain(50, 36),
    "LogicalAnd": _plain(86, 62),
    "LogicalNot": _plain(87, 63),
    "LogicalOr": _plain(84, 60),
    "MatMul": _matmul,
    "Max": _reduced(82),
    "MaxPool": _pool(17),
    "Maximum": _plain(55, 39),
    "Mean": _reduced(40),
    "Min": _reduced(89),
    "Minimum": _plain(57, 39),
    "Mul": _plain(18, 21),
    "Neg": _plain(59, 42),
    "OneHot": _one_hot,
    "PadV2": _plain(60, 43),
    "Pow": _plain(78, 56),
    "Prod": _reduced(81),
    "Range": _plain(96, 73),
    "RealDiv": _plain(42, 29),
    "Relu": _plain(19),
    "Reshape": _reshape,
    "Round": _plain(116),
    "SelectV2": _plain(123, 98),
    "Shape": _shape,
    "Sigmoid": _plain(14),
    "Sin": _plain(66),
    "Softmax": _softmax,
    "SplitV": _split,
    "Sqrt": _plain(75),
    "Square": _plain(92, 66),
    "Squeeze": _squeeze,
    "StridedSlice": _strided_slice,
    "Sub": _plain(41, 28),
    "Sum": _reduced(74),
    "Tanh": _plain(28),
    "Tile": _plain(69, 51),
    "TopKV2": _plain(48, 34),
    "Transpose": _plain(39, 26),
}
"""TensorFlow's operation -> row. Operations that are absent are refused by name."""
