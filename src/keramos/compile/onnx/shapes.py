"""Shape and dtype rules of the ONNX operators that keramos emits: one small function a family, one
row an operator.

Rules follow the operator specifications of ONNX opset 20. A size of None is free.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, cast

from keramos.compile.onnx import window_shapes
from keramos.compile.onnx.element_types import NAMES
from keramos.compile.onnx.tensor_types import broadcast, const_ints, ints, whole
from keramos.errors import MismatchError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from keramos.compile.onnx.tensor_types import Kind, Tensor


def front_axis(axis: object, rank: int) -> int:
    """An axis counted from the front.

    Raises:
        MismatchError: the tensor has no such axis.
    """
    index = whole(axis)
    if not -rank <= index < rank:
        raise MismatchError(f"there is no axis {index} in a tensor with {rank} axes")
    return index % rank


def _same(x: Tensor) -> Kind:
    return x.dtype, x.shape


def _unary(ins: Sequence[Tensor], _: Mapping[str, object]) -> list[Kind]:
    return [_same(ins[0])]


def _binary(ins: Sequence[Tensor], _: Mapping[str, object]) -> list[Kind]:
    return [(ins[0].dtype, broadcast(*(x.shape for x in ins)))]


def _compare(ins: Sequence[Tensor], _: Mapping[str, object]) -> list[Kind]:
    return [("bool", broadcast(*(x.shape for x in ins)))]


def _where(ins: Sequence[Tensor], _: Mapping[str, object]) -> list[Kind]:
    return [(ins[1].dtype, broadcast(*(x.shape for x in ins)))]


def _cast(ins: Sequence[Tensor], attributes: Mapping[str, object]) -> list[Kind]:
    return [(NAMES[whole(attributes["to"])], ins[0].shape)]


def _matmul(ins: Sequence[Tensor], _: Mapping[str, object]) -> list[Kind]:
    a, b = ins[0].shape, ins[1].shape
    if a[-1] != b[-2] and None not in (a[-1], b[-2]):
        raise MismatchError(f"shapes {a} and {b} cannot be multiplied")
    return [(ins[0].dtype, (*broadcast(a[:-2], b[:-2]), a[-2], b[-1]))]


def _gemm(ins: Sequence[Tensor], attributes: Mapping[str, object]) -> list[Kind]:
    a = ins[0].shape[::-1] if attributes.get("transA") else ins[0].shape
    b = ins[1].shape[::-1] if attributes.get("transB") else ins[1].shape
    return [(ins[0].dtype, (a[0], b[1]))]


def _einsum(ins: Sequence[Tensor], attributes: Mapping[str, object]) -> list[Kind]:
    terms, out = cast("str", attributes["equation"]).replace(" ", "").split("->")
    sizes: dict[str, int | None] = {}
    for term, x in zip(terms.split(","), ins, strict=True):
        for letter, size in zip(term, x.shape, strict=True):
            if sizes.get(letter) in (None, 1):
                sizes[letter] = size
    return [(ins[0].dtype, tuple(sizes[letter] for letter in out))]


def _reduce(ins: Sequence[Tensor], attributes: Mapping[str, object]) -> list[Kind]:
    x = ins[0]
    axes = const_ints(ins[1]) if len(ins) > 1 else ints(attributes.get("axes", range(len(x.shape))))
    gone = {front_axis(axis, len(x.shape)) for axis in (axes or [])}
    keep = bool(attributes.get("keepdims", 1))
    shape = [1 if i in gone else size for i, size in enumerate(x.shape) if keep or i not in gone]
    return [(x.dtype, tuple(shape))]


def _arg(ins: Sequence[Tensor], attributes: Mapping[str, object]) -> list[Kind]:
    _, shape = _reduce(
        ins[:1], {"axes": [attributes.get("axis", 0)], "keepdims": attributes.get("keepdims", 1)}
    )[0]
    return [("int64", shape)]


def _transpose(ins: Sequence[Tensor], attributes: Mapping[str, object]) -> list[Kind]:
    return [(ins[0].dtype, tuple(ins[0].shape[i] for i in ints(attributes["perm"])))]


def _reshape(ins: Sequence[Tensor], _: Mapping[str, object]) -> list[Kind]:
    x, target = ins[0], const_ints(ins[1])
    if target is None:
        return [(x.dtype, (None,) * whole(ins[1].shape[0]))]
    shape: list[int | None] = [x.shape[i] if size == 0 else size for i, size in enumerate(target)]
    if -1 in shape:
        # A free size copied by a 0 cancels against the same axis of the input.
        copied = {i for i, size in enumerate(target) if size == 0}
        before = [size for i, size in enumerate(x.shape) if i not in copied]
        after = prod(ints(n for i, n in enumerate(shape) if i not in copied and n != -1))
        total = None if None in before else prod(ints(before))
        if total is not None and total % max(after, 1):
            raise MismatchError(f"shape {x.shape} cannot become {tuple(target)}")
        shape[shape.index(-1)] = None if total is None else total // max(after, 1)
    elif None not in x.shape and None not in shape and prod(ints(x.shape)) != prod(ints(shape)):
        raise MismatchError(f"shape {x.shape} cannot become {tuple(target)}")
    return [(x.dtype, tuple(shape))]


def _flatten(ins: Sequence[Tensor], attributes: Mapping[str, object]) -> list[Kind]:
    axis = whole(attributes.get("axis", 1))
    head, tail = ins[0].shape[:axis], ins[0].shape[axis:]
    return [
        (ins[0].dtype, tuple(None if None in part else prod(ints(part)) for part in (head, tail)))
    ]


def _squeeze(ins: Sequence[Tensor], _: Mapping[str, object]) -> list[Kind]:
    gone = {front_axis(axis, len(ins[0].shape)) for axis in const_ints(ins[1]) or []}
    return [(ins[0].dtype, tuple(size for i, size in enumerate(ins[0].shape) if i not in gone))]


def _unsqueeze(ins: Sequence[Tensor], _: Mapping[str, object]) -> list[Kind]:
    axes = const_ints(ins[1]) or []
    rank = len(ins[0].shape) + len(axes)
    new = {front_axis(axis, rank) for axis in axes}
    if len(new) < len(axes):
        raise MismatchError(f"new axes {axes} name one position twice")
    sizes = iter(ins[0].shape)
    return [(ins[0].dtype, tuple(1 if i in new else next(sizes) for i in range(rank)))]


def _concat(ins: Sequence[Tensor], attributes: Mapping[str, object]) -> list[Kind]:
    axis = front_axis(attributes["axis"], len(ins[0].shape))
    parts = [x.shape[axis] for x in ins]
    others = [
        None if i == axis else broadcast(*((x.shape[i],) for x in ins))[0]
        for i in range(len(ins[0].shape))
    ]
    others[axis] = None if None in parts else sum(ints(parts))
    return [(ins[0].dtype, tuple(others))]


def _split(ins: Sequence[Tensor], attributes: Mapping[str, object]) -> list[Kind]:
    axis = front_axis(attributes.get("axis", 0), len(ins[0].shape))
    shape = ins[0].shape
    return [
        (ins[0].dtype, (*shape[:axis], size, *shape[axis + 1 :]))
        for size in const_ints(ins[1]) or []
    ]


def _slice_size(size: int | None, start: int, stop: int, step: int) -> int | None:
    if size is None:
        return None
    # ONNX writes "to the end" as a huge number; Python's slice wants None there when walking
    # backwards.
    end = None if step < 0 and stop < -size else stop
    return len(range(*slice(start, end, step).indices(size)))


def _slice(ins: Sequence[Tensor], _: Mapping[str, object]) -> list[Kind]:
    starts, stops = const_ints(ins[1]), const_ints(ins[2])
    if starts is None or stops is None:
        return [(ins[0].dtype, (None,) * len(ins[0].shape))]
    axes = const_ints(ins[3]) if len(ins) > 3 and ins[3] is not None else list(range(len(starts)))
    steps = const_ints(ins[4]) if len(ins) > 4 and ins[4] is not None else [1] * len(starts)
    shape = list(ins[0].shape)
    for start, stop, axis, step in zip(starts, stops, axes or [], steps or [], strict=True):
        index = front_axis(axis, len(shape))
        shape[index] = _slice_size(shape[index], start, stop, step)
    return [(ins[0].dtype, tuple(shape))]


def _gather(ins: Sequence[Tensor], attributes: Mapping[str, object]) -> list[Kind]:
    axis = front_axis(attributes.get("axis", 0), len(ins[0].shape))
    return [(ins[0].dtype, (*ins[0].shape[:axis], *ins[1].shape, *ins[0].shape[axis + 1 :]))]


def _gather_elements(ins: Sequence[Tensor], _: Mapping[str, object]) -> list[Kind]:
    return [(ins[0].dtype, ins[1].shape)]


def _expand(ins: Sequence[Tensor], _: Mapping[str, object]) -> list[Kind]:
    target = const_ints(ins[1])
    if target is None:
        return [(ins[0].dtype, (None,) * max(len(ins[0].shape), whole(ins[1].shape[0])))]
    return [(ins[0].dtype, broadcast(ins[0].shape, tuple(target)))]


def _tile(ins: Sequence[Tensor], _: Mapping[str, object]) -> list[Kind]:
    repeats = const_ints(ins[1])
    if repeats is None:
        return [(ins[0].dtype, (None,) * len(ins[0].shape))]
    return [
        (
            ins[0].dtype,
            tuple(None if n is None else n * r for n, r in zip(ins[0].shape, repeats, strict=True)),
        )
    ]


def _pad(ins: Sequence[Tensor], _: Mapping[str, object]) -> list[Kind]:
    pads = const_ints(ins[1])
    rank = len(ins[0].shape)
    if pads is None or len(pads) != 2 * rank:
        return [(ins[0].dtype, (None,) * rank)]
    return [
        (
            ins[0].dtype,
            tuple(
                None if n is None else n + pads[i] + pads[i + rank]
                for i, n in enumerate(ins[0].shape)
            ),
        )
    ]


def _one_hot(ins: Sequence[Tensor], attributes: Mapping[str, object]) -> list[Kind]:
    depth = const_ints(ins[1])
    rank = len(ins[0].shape) + 1
    axis = front_axis(attributes.get("axis", -1), rank)
    shape = (*ins[0].shape[:axis], depth[0] if depth else None, *ins[0].shape[axis:])
    return [(ins[2].dtype, shape)]


def _recurrent(ins: Sequence[Tensor], attributes: Mapping[str, object]) -> list[Kind]:
    time, rows = ins[0].shape[:2]
    directions, units = ins[1].shape[0], whole(attributes["hidden_size"])
    state = (ins[0].dtype, (directions, rows, units))
    return [(ins[0].dtype, (time, directions, rows, units)), state, state]


def _top_k(ins: Sequence[Tensor], attributes: Mapping[str, object]) -> list[Kind]:
    axis = front_axis(attributes.get("axis", -1), len(ins[0].shape))
    k = const_ints(ins[1])
    shape = (*ins[0].shape[:axis], k[0] if k else None, *ins[0].shape[axis + 1 :])
    return [(ins[0].dtype, shape), ("int64", shape)]


def _shape(ins: Sequence[Tensor], attributes: Mapping[str, object]) -> list[Kind]:
    rank = len(ins[0].shape)
    start, end = ints([attributes.get("start", 0), attributes.get("end", rank)])
    kept = range(rank)[start:end]
    return [("int64", (len(kept),))]


def _constant_of_shape(ins: Sequence[Tensor], attributes: Mapping[str, object]) -> list[Kind]:
    value = attributes.get("value")
    dtype = "float32" if value is None else cast("NDArray[np.generic]", value).dtype.name
    return [(dtype, tuple(const_ints(ins[0]) or (None,) * whole(ins[0].shape[0])))]


def _label_encoder(ins: Sequence[Tensor], attributes: Mapping[str, object]) -> list[Kind]:
    values = next(name for name in attributes if name.startswith("values_"))
    return [
        (
            {"values_int64s": "int64", "values_floats": "float32", "values_strings": "str"}[values],
            ins[0].shape,
        )
    ]


def _dequantize(ins: Sequence[Tensor], _: Mapping[str, object]) -> list[Kind]:
    return [(ins[1].dtype, ins[0].shape)]


_UNARY = (
    "Abs Acos Acosh Asin Asinh Atan Atanh Ceil Celu Clip Cos Cosh CumSum Elu Erf Exp Floor Gelu "
    "HardSigmoid HardSwish "
    "Identity LayerNormalization LeakyRelu Log LogSoftmax LpNormalization Mish Neg Not PRelu "
    "Reciprocal Relu Round "
    "ReverseSequence Selu Sigmoid Sign Sin Sinh Softmax Softplus Softsign Sqrt Tan Tanh "
    "ThresholdedRelu Trilu "
    "BatchNormalization InstanceNormalization GroupNormalization ScatterElements ScatterND "
    "BitwiseNot StringNormalizer"
)
_BINARY = (
    "Add Sub Mul Div Pow Mod Min Max Mean Sum And Or Xor BitwiseAnd BitwiseOr "
    "BitwiseXor BitShift StringConcat"
)
_COMPARE = "Equal Greater GreaterOrEqual Less LessOrEqual"
_REDUCE = (
    "ReduceSum ReduceMean ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 "
    "ReduceLogSumExp ReduceSumSquare"
)

RULES: dict[str, Callable[[Sequence[Tensor], Mapping[str, object]], list[Kind]]] = {
    **dict.fromkeys(_UNARY.split(), _unary),
    **dict.fromkeys(_BINARY.split(), _binary),
    **dict.fromkeys(_COMPARE.split(), _compare),
    **dict.fromkeys(_REDUCE.split(), _reduce),
    "ArgMax": _arg,
    "ArgMin": _arg,
    "AveragePool": window_shapes.pool,
    "Cast": _cast,
    "Concat": _concat,
    "ConstantOfShape": _constant_of_shape,
    "Conv": window_shapes.conv,
    "ConvTranspose": window_shapes.conv_transpose,
    "DequantizeLinear": _dequantize,
    "Einsum": _einsum,
    "Expand": _expand,
    "Flatten": _flatten,
    "GRU": _recurrent,
    "Gather": _gather,
    "GatherElements": _gather_elements,
    "Gemm": _gemm,
    "GlobalAveragePool": window_shapes.global_pool,
    "GlobalMaxPool": window_shapes.global_pool,
    "IsInf": _compare,
    "IsNaN": _compare,
    "LSTM": _recurrent,
    "LabelEncoder": _label_encoder,
    "LpPool": window_shapes.pool,
    "MatMul": _matmul,
    "MaxPool": window_shapes.pool,
    "OneHot": _one_hot,
    "Pad": _pad,
    "RNN": _recurrent,
    "Reshape": _reshape,
    "Resize": window_shapes.resize,
    "Shape": _shape,
    "Slice": _slice,
    "Split": _split,
    "Squeeze": _squeeze,
    "Tile": _tile,
    "TopK": _top_k,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
    "Where": _where,
}


def infer(
    kind: str, inputs: Sequence[Tensor | None], attributes: Mapping[str, object]
) -> list[Kind]:
    """Dtype and shape of every output of an operator.

    Raises:
        MismatchError: the inputs cannot fit together.
        KeyError: the operator has no rule here, an error of keramos itself (pass ``like`` or add a
            row).
    """
    # Rules index inputs by position; an optional input that is left out is looked at by no rule
    # that needs it.
    return RULES[kind](cast("Sequence[Tensor]", inputs), attributes)
