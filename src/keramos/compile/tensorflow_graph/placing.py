"""Operations that put values at places, round them, or keep a dtype that keras.ops would change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.operations import arrangements, tensorflow_arrays, tensorflow_images
from keramos.compile.operations.values import as_float, cast_to
from keramos.compile.tensorflow_graph.arrays import shape_list, shape_of, vector
from keramos.compile.tensorflow_graph.operands import numpy_type
from keramos.errors import UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keramos.compile.tensorflow_graph.operands import Array, NodeCall, Operand, Size

    Row = Callable[[NodeCall], tuple[Operand, ...]]


def _one_hot(n: NodeCall) -> tuple[Operand, ...]:
    """One value at each index and another elsewhere, in their dtype."""
    (depth,) = n.ints(1, "the depth")
    hot = tensorflow_arrays.one_hot(n.s, n.value(0), depth, axis=n.integer("axis", -1))
    g, chosen, on, off = n.g, cast_to(n.g, hot, "bool"), n.value(2), n.value(3)
    if on.dtype == "bool":  # of which ONNX Runtime chooses none
        return (g.op("Or", g.op("And", chosen, on), g.op("And", g.op("Not", chosen), off)),)
    return (g.op("Where", chosen, on, off),)


def _relu(n: NodeCall) -> tuple[Operand, ...]:
    x = n.value(0)
    return (n.g.op("Relu", x) if x.dtype.startswith("float") else n.g.op("Max", x, 0),)


def _scatter(n: NodeCall) -> tuple[Operand, ...]:
    """Values at places of zeros; those at one place are added."""
    g, updates, sizes = n.g, n.value(1), n.sizes(2)
    rank = n.value(2).shape[0]
    if rank is None:
        raise UnsupportedModelError("the number of axes must be known")
    whole = cast_to(g, n.value(2), "int64") if sizes is None else vector(g, sizes)
    shape = shape_list([-1] * rank if sizes is None else sizes)
    zero = np.zeros((), updates.dtype)
    (base,) = g.ops("Expand", zero, whole, outputs=1, like=[(updates.dtype, shape)])
    places = cast_to(g, n.value(0), "int64")
    return (g.op("ScatterND", base, places, updates, reduction="add"),)


def _sparse_product(n: NodeCall) -> tuple[Operand, ...]:
    """Of a sparse matrix, which is made dense for it: places, values and shape, then the other."""
    g, sizes, other = n.g, n.sizes(2), n.value(3)
    shape = cast_to(g, n.value(2), "int64") if sizes is None else vector(g, sizes)
    like = [(other.dtype, (None, None) if sizes is None else shape_list(sizes))]
    (empty,) = g.ops("Expand", np.zeros((), other.dtype), shape, outputs=1, like=like)
    places = cast_to(g, n.value(0), "int64")
    dense = g.op("ScatterND", empty, places, n.value(1), reduction="add")
    sides = [
        g.op("Transpose", one, perm=[1, 0]) if n.attribute(flag, default=False) else one
        for one, flag in ((dense, "adjoint_a"), (other, "adjoint_b"))
    ]
    return (g.op("MatMul", *sides),)


def _updated(reduction: str, *, negated: bool = False) -> Row:
    def build(n: NodeCall) -> tuple[Operand, ...]:
        values = n.g.op("Neg", n.value(2)) if negated else n.value(2)
        places = cast_to(n.g, n.value(1), "int64")
        return (arrangements.scatter_update(n.s, n.value(0), places, values, reduction=reduction),)

    return build


def _pad(n: NodeCall) -> tuple[Operand, ...]:
    """A value around a tensor, of a width that a run may compute."""
    g, x, sizes = n.g, n.value(0), n.sizes(1)
    fill = n.value(2) if len(n.operands) > 2 else np.zeros((), x.dtype)
    if sizes is None:
        pads = cast_to(g, n.value(1), "int64")
        widths = g.op("Reshape", g.op("Transpose", pads, perm=[1, 0]), [-1])
        shape: tuple[int | None, ...] = (None,) * x.rank
    else:
        before, after = sizes[::2], sizes[1::2]
        widths = vector(g, [*before, *after])
        shape = tuple(map(_wider, x.shape, before, after))
    return g.ops("Pad", x, widths, fill, mode="constant", outputs=1, like=[(x.dtype, shape)])


def _wider(size: int | None, before: Size, after: Size) -> int | None:
    parts = (size, before, after)
    return (
        sum(one for one in parts if isinstance(one, int))
        if all(isinstance(one, int) for one in parts)
        else None
    )


def _reversed(n: NodeCall) -> tuple[Operand, ...]:
    """The first values of each row backwards, as many as a second input says."""
    g, x = n.g, n.value(0)
    time, rows = n.integer("seq_dim", 0), n.integer("batch_dim", 0)
    order = [rows, time, *(i for i in range(x.rank) if i not in (rows, time))]
    moved = g.op("Transpose", x, perm=order)
    lengths = cast_to(g, n.value(1), "int64")
    like = [(x.dtype, moved.shape)]
    y = g.ops("ReverseSequence", moved, lengths, time_axis=1, batch_axis=0, outputs=1, like=like)[0]
    return (g.op("Transpose", y, perm=[order.index(i) for i in range(x.rank)]),)


def _diagonal_part(n: NodeCall) -> tuple[Operand, ...]:
    if n.ints(1, "the diagonal") not in ([0], [0, 0]):
        raise UnsupportedModelError("only the main diagonal is supported", option="k")
    g, x = n.g, n.value(0)
    height, width = x.shape[-2:]
    if height is None or width is None:
        raise UnsupportedModelError("the size of the matrices must be known")
    g.reserve_constants("a diagonal", height, width)
    axis = x.rank - (1 if height <= width else 2)
    alone = g.op("Where", np.eye(height, width, dtype="?"), x, np.zeros((), x.dtype))
    return (g.op("ReduceSum", alone, [axis], keepdims=0),)


def _set_diagonal(n: NodeCall) -> tuple[Operand, ...]:
    """A matrix with another main diagonal."""
    g, x, diagonal = n.g, n.value(0), n.value(1)
    if len(n.operands) > 2 and n.ints(2, "the diagonal") not in ([0], [0, 0]):
        raise UnsupportedModelError("only the main diagonal is supported", option="k")
    height, width = x.shape[-2:]
    if height is None or width is None or height > width:
        raise UnsupportedModelError("only matrices as wide as high are supported")
    g.reserve_constants("a diagonal", height, width)
    spread = g.op("Unsqueeze", diagonal, [diagonal.rank])
    return (g.op("Where", np.eye(height, width, dtype="?"), spread, x),)


def _norm(n: NodeCall) -> tuple[Operand, ...]:
    axes, keep = n.ints(1, "the axes"), int(bool(n.attribute("keep_dims", default=False)))
    if not axes:
        return (n.g.op("Abs", n.value(0)),)
    return (n.g.op("ReduceL2", n.value(0), axes, keepdims=keep),)


def _row_loss(n: NodeCall) -> tuple[Operand, ...]:
    """The loss of each row for the place of its class."""
    g, scores = n.g, as_float(n.s, n.value(0))
    places = g.op("Unsqueeze", cast_to(g, n.value(1), "int64"), [1])
    chosen = g.op("GatherElements", g.op("LogSoftmax", scores, axis=-1), places, axis=1)
    return (g.op("Neg", g.op("Squeeze", chosen, [1])),)


def _bound(kind: str) -> Row:
    """How many sorted values are below each (or not above it)."""

    def build(n: NodeCall) -> tuple[Operand, ...]:
        g, edges, x = n.g, n.value(0), n.value(1)
        pair = g.op("Unsqueeze", edges, [1]), g.op("Unsqueeze", x, [2])
        below = cast_to(g, g.op(kind, *pair), "int64")
        found = g.op("ReduceSum", below, [2], keepdims=0)
        return (cast_to(g, found, numpy_type(n.attribute("out_type", "int32"))),)

    return build


def _inverse(n: NodeCall) -> tuple[Operand, ...]:
    """Where each place is in a list of all places."""
    g, x = n.g, n.value(0)
    (size,) = shape_of(g, x)
    last = vector(g, [size])
    like = [("int64", x.shape), ("int64", x.shape)]
    _, found = g.ops("TopK", cast_to(g, x, "int64"), last, axis=0, largest=0, outputs=2, like=like)
    return (cast_to(g, found, x.dtype),)


def _quantised(n: NodeCall) -> tuple[Operand, ...]:
    """Values as quantised training sees them: rounded to steps between two bounds."""
    if n.op == "FakeQuantWithMinMaxArgs":
        low, high = (np.asarray(n.real(*one)) for one in (("min", -6.0), ("max", 6.0)))
    else:
        low, high = (n.known(i, "a bound") for i in (1, 2))
    first, steps = int(bool(n.attribute("narrow_range", default=False))), n.integer("num_bits", 8)
    last = 2**steps - 1
    scale, least, most = _nudged(np.asarray(low, "f4"), np.asarray(high, "f4"), first, last)
    g, x = n.g, n.value(0)
    inside = g.op("Max", g.op("Min", x, most), least)
    place = g.op("Div", g.op("Sub", inside, least), scale)
    rounded = g.op("Floor", g.op("Add", place, 0.5))
    return (g.op("Add", g.op("Mul", rounded, scale), least),)


def _nudged(low: Array, high: Array, first: int, last: int) -> tuple[Array, Array, Array]:
    """Step, least and greatest value, moved so that 0 is one of the steps."""
    if (low >= high).any():
        raise UnsupportedModelError("the bounds leave no room", received=f"{low}, {high}")
    scale = ((high - low) / np.float32(last - first)).astype("f4")
    zero = np.clip(np.floor(np.float32(first) - low / scale + np.float32(0.5)), first, last)
    return scale, ((first - zero) * scale).astype("f4"), ((last - zero) * scale).astype("f4")


def _contrast(n: NodeCall) -> tuple[Operand, ...]:
    factor = float(n.known(1, "the factor").item())
    return (tensorflow_images.adjust_contrast(n.s, n.value(0), factor),)


ROWS: Mapping[str, Row] = {
    "AdjustContrastv2": _contrast,
    "EuclideanNorm": _norm,
    "FakeQuantWithMinMaxArgs": _quantised,
    "FakeQuantWithMinMaxVars": _quantised,
    "FakeQuantWithMinMaxVarsPerChannel": _quantised,
    "InvertPermutation": _inverse,
    "LowerBound": _bound("Less"),
    "MatrixDiagPartV3": _diagonal_part,
    "MatrixSetDiag": _set_diagonal,
    "MatrixSetDiagV3": _set_diagonal,
    "OneHot": _one_hot,
    "Pad": _pad,
    "PadV2": _pad,
    "Relu": _relu,
    "ReverseSequence": _reversed,
    "ScatterNd": _scatter,
    "SparseSoftmaxCrossEntropyWithLogits": _row_loss,
    "SparseTensorDenseMatMul": _sparse_product,
    "TensorScatterMax": _updated("max"),
    "TensorScatterMin": _updated("min"),
    "TensorScatterSub": _updated("add", negated=True),
    "UpperBound": _bound("LessOrEqual"),
}
"""Operation -> what compiles it."""
