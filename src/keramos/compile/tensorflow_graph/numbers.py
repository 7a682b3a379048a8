"""Operations of numbers that no function of keras.ops computes as TensorFlow does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.operations import linalg
from keramos.compile.operations.values import as_float, cast_to
from keramos.compile.tensorflow_graph.operands import Known
from keramos.errors import UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keramos.compile.onnx.graph import Value
    from keramos.compile.tensorflow_graph.operands import NodeCall, Operand

    Row = Callable[[NodeCall], tuple[Operand, ...]]


def _operator(kind: str) -> Row:
    """An operator of ONNX with the operands in their order."""

    def build(n: NodeCall) -> tuple[Operand, ...]:
        return (n.g.op(kind, *(n.value(i) for i in range(len(n.operands)))),)

    return build


def _einsum(n: NodeCall) -> tuple[Operand, ...]:
    parts = [n.value(i) for i in range(len(n.operands))]
    return (linalg.einsum(n.s, *parts, subscripts=str(n.attributes["equation"])),)


def _bucketize(n: NodeCall) -> tuple[Operand, ...]:
    """How many boundaries are at or below each number."""
    g, x = n.g, as_float(n.s, n.value(0))
    edges = np.array(n.reals("boundaries"), x.dtype)
    reached = g.op("GreaterOrEqual", g.op("Unsqueeze", x, [x.rank]), edges)
    counts = g.op("ReduceSum", cast_to(g, reached, "int32"), [x.rank], keepdims=0)
    return (counts,)


def _bincount(n: NodeCall) -> tuple[Operand, ...]:
    """How often each whole number below a size is in a row, or whether it is."""
    g, x, weights = n.g, cast_to(n.g, n.value(0), "int64"), n.value(2)
    hot = g.op("Equal", g.op("Unsqueeze", x, [x.rank]), _bins(n))
    ones = cast_to(g, hot, weights.dtype)
    if n.attribute("binary_output", default=False):
        found = g.op("ReduceMax", ones, [x.rank - 1], keepdims=0)
    else:
        if weights.shape != (0,):
            ones = g.op("Mul", ones, g.op("Unsqueeze", weights, [weights.rank]))
        found = g.op("ReduceSum", ones, [x.rank - 1], keepdims=0)
    return (found,)


def _bins(n: NodeCall) -> Value:
    """The numbers of all bins, of which a run may know how many there are."""
    g, known = n.g, n.maybe_known(1)
    if known is not None:
        size = int(known.ravel()[0])
        g.reserve_constants("bins", size)
        return g.const(np.arange(size, dtype="int64"))
    end = g.op("Reshape", cast_to(g, n.value(1), "int64"), np.empty(0, "int64"))
    return g.ops("Range", np.int64(0), end, np.int64(1), outputs=1, like=[("int64", (None,))])[0]


def _cross_entropy(n: NodeCall) -> tuple[Operand, ...]:
    """The loss of each row; its gradient is for training and not computed."""
    g, scores, wanted = n.g, as_float(n.s, n.value(0)), n.value(1)
    loss = g.op("Mul", wanted, g.op("LogSoftmax", scores, axis=-1))
    return (g.op("Neg", g.op("ReduceSum", loss, [scores.rank - 1], keepdims=0)),)


def _truncated_remainder(n: NodeCall) -> tuple[Operand, ...]:
    return (n.g.op("Mod", n.value(0), n.value(1), fmod=1),)


def _truncated_quotient(n: NodeCall) -> tuple[Operand, ...]:
    a, b = n.value(0), n.value(1)
    if a.dtype.startswith("float"):
        raise UnsupportedModelError("only whole numbers are supported", received=a.dtype)
    return (n.g.op("Div", a, b),)  # ONNX cuts the fraction of whole numbers off


def _div(n: NodeCall) -> tuple[Operand, ...]:
    """Division of TensorFlow 1, which cuts the fraction of whole numbers off."""
    return (n.g.op("Div", n.value(0), n.value(1)),)


def _xlog1py(n: NodeCall) -> tuple[Operand, ...]:
    g, x, y = n.g, n.value(0), n.value(1)
    product = g.op("Mul", x, g.op("Log", g.op("Add", y, 1)))
    return (g.op("Where", g.op("Equal", x, 0), g.op("Mul", x, 0), product),)


def _select(n: NodeCall) -> tuple[Operand, ...]:
    """The first where a condition holds; a condition of one axis chooses rows."""
    g, condition, x, y = n.g, n.value(0), n.value(1), n.value(2)
    if condition.rank == 1 and x.rank > 1:
        condition = g.op("Unsqueeze", condition, list(range(1, x.rank)))
    return (g.op("Where", condition, x, y),)


def _where(n: NodeCall) -> tuple[Operand, ...]:
    """The places of values that are not 0, one a row."""
    g, x = n.g, n.value(0)
    found = g.ops("NonZero", x, outputs=1, like=[("int64", (x.rank, None))])[0]
    return (g.op("Transpose", found, perm=[1, 0]),)


def _linspace(n: NodeCall) -> tuple[Operand, ...]:
    (count,) = n.ints(2, "the number of values")
    n.g.reserve_constants("values", count)
    if count < 2:
        return (n.g.op("Unsqueeze", n.value(0), [0]),)
    steps = (np.arange(count) / (count - 1)).astype(n.value(0).dtype)
    distance = n.g.op("Sub", n.value(1), n.value(0))
    return (n.g.op("Add", n.value(0), n.g.op("Mul", distance, steps)),)


def _diagonal(n: NodeCall) -> tuple[Operand, ...]:
    """A matrix with the last axis on its diagonal."""
    g, x = n.g, n.value(0)
    if len(n.operands) > 1 and n.ints(1, "the diagonal") != [0]:
        raise UnsupportedModelError("only the main diagonal is supported", option="k")
    size = x.shape[-1]
    if size is None:
        raise UnsupportedModelError("the size of the diagonal must be known")
    n.g.reserve_constants("a diagonal", size, size)
    eye = np.eye(size, dtype="?")
    return (g.op("Where", eye, g.op("Unsqueeze", x, [x.rank]), np.zeros((), x.dtype)),)


def _broadcast_args(n: NodeCall) -> tuple[Operand, ...]:
    """The shape that two shapes broadcast to."""
    one, other = (n.known(i, "a shape") for i in (0, 1))
    found = np.broadcast_shapes(tuple(one.tolist()), tuple(other.tolist()))
    return (Known.of(np.array(found, one.dtype)),)


def _summed(n: NodeCall) -> tuple[Operand, ...]:
    return (n.g.op("Sum", *(n.value(i) for i in range(len(n.operands)))),)


def _concat(n: NodeCall) -> tuple[Operand, ...]:
    """Of TensorFlow 1, whose first input is the axis."""
    (axis,) = n.ints(0, "the axis")
    return (n.g.op("Concat", *(n.value(i) for i in range(1, len(n.operands))), axis=axis),)


ROWS: Mapping[str, Row] = {
    "AccumulateNV2": _summed,
    "Acosh": _operator("Acosh"),
    "Asinh": _operator("Asinh"),
    "Atanh": _operator("Atanh"),
    "BiasAddV1": _operator("Add"),
    "BitwiseAnd": _operator("BitwiseAnd"),
    "BitwiseOr": _operator("BitwiseOr"),
    "BitwiseXor": _operator("BitwiseXor"),
    "BroadcastArgs": _broadcast_args,
    "Bucketize": _bucketize,
    "Concat": _concat,
    "DenseBincount": _bincount,
    "Div": _div,
    "Einsum": _einsum,
    "Inv": _operator("Reciprocal"),
    "LinSpace": _linspace,
    "LogicalXor": _operator("Xor"),
    "MatrixDiag": _diagonal,
    "MatrixDiagV2": _diagonal,
    "MatrixDiagV3": _diagonal,
    "Select": _select,
    "SoftmaxCrossEntropyWithLogits": _cross_entropy,
    "TruncateDiv": _truncated_quotient,
    "TruncateMod": _truncated_remainder,
    "Where": _where,
    "Xlog1py": _xlog1py,
}
"""Operation -> what compiles it."""
