"""Models of TensorFlow Lite, described and not run: operators, tensors and their quantisation.

Source: tensorflow/compiler/mlir/lite/schema/schema.fbs.
"""

from __future__ import annotations

from collections import Counter
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from keramos.artifact.containers.container import Container
from keramos.artifact.containers.tflite_names import BITS, OPERATORS, TYPES
from keramos.artifact.flatbuffer import Buffer
from keramos.errors import CorruptModelError, UnsupportedModelError
from keramos.types.network import TensorSpec
from keramos.types.stored import LayerRow, Outline, StoredTensor

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from keramos.artifact.flatbuffer import Table
    from keramos.artifact.limits import Limits
    from keramos.artifact.sources import ModelSource

_CODES, _GRAPHS, _BUFFERS = 1, 2, 4  # fields of Model
_TENSORS, _INPUTS, _OUTPUTS, _OPERATORS = 0, 1, 2, 3  # of SubGraph
_SHAPE, _TYPE, _BUFFER, _NAME, _QUANTISATION, _SIGNATURE = 0, 1, 2, 3, 4, 7  # of Tensor
_SCALE, _ZERO, _AXIS = 2, 3, 6  # of QuantizationParameters
_OLD_CODE, _CUSTOM, _CODE = 0, 1, 3  # of OperatorCode
_DATA, _OFFSET, _SIZE = 0, 1, 2  # of Buffer
_FORM = "TensorFlow Lite model"
_CUSTOM_CODE = 32
_MOST_AXES = 32
_SHOWN = 12


class _Tensor(NamedTuple):
    name: str
    shape: tuple[int, ...]
    free: tuple[int | None, ...]
    dtype: str
    quantised: str
    stored: bool


class _Graph(NamedTuple):
    tensors: list[_Tensor]
    inputs: list[int]
    outputs: list[int]
    operators: list[tuple[str, list[int], list[int]]]


def open_tflite(source: ModelSource, limits: Limits) -> Container:
    """Open a file of TensorFlow Lite.

    Raises:
        CorruptModelError: its parts contradict each other.
        LimitExceededError: there are more than ``objects`` of them.
    """
    graphs = _graphs(source, limits)
    kinds = Counter(kind for graph in graphs for kind, _, _ in graph.operators)
    listed = ", ".join(f"{kind} {count}" for kind, count in kinds.most_common(_SHOWN))
    more = ", ..." if len(kinds) > _SHOWN else ""
    lacks = UnsupportedModelError(
        "the file is a model of TensorFlow Lite, which keramos describes and does not run",
        received=f"{kinds.total()} operators: {listed}{more}",
        remedy="Take the Keras model that it was made from, or run it with LiteRT; keramos inspect "
        "lists its operators and tensors",
    )
    return Container(
        None,
        backend="tensorflow lite",
        tensors=lambda: tuple(_stored(graphs)),
        lacks=lambda: lacks,
        outline=lambda: _outline(graphs),
    )


def _graphs(source: ModelSource, limits: Limits) -> list[_Graph]:
    """All subgraphs; the first is the model, others are bodies of its loops."""
    model = Buffer(source.main, _FORM, limits).root()
    codes = [_operator(code) for code in model.tables(_CODES)]
    held = [_holds(buffer) for buffer in model.tables(_BUFFERS)]
    found = [_graph(graph, codes, held, _FORM) for graph in model.tables(_GRAPHS)]
    if not found:
        raise CorruptModelError("the file has no graph", path=_FORM)
    return found


def _operator(code: Table) -> str:
    number = max(code.whole(_OLD_CODE, "b"), code.whole(_CODE, "i"))
    if number == _CUSTOM_CODE:
        return f"CUSTOM {code.text(_CUSTOM)}"
    return OPERATORS[number] if 0 <= number < len(OPERATORS) else f"operator {number}"


def _holds(buffer: Table) -> bool:
    """Whether a buffer has values, in the file's tables or behind them."""
    return bool(buffer.size(_DATA) or buffer.whole(_SIZE, "Q"))


def _graph(graph: Table, codes: Sequence[str], held: Sequence[bool], where: str) -> _Graph:
    tensors = [_tensor(tensor, held, where) for tensor in graph.tables(_TENSORS)]
    operators = []
    for operator in graph.tables(_OPERATORS):
        code = operator.whole(0, "I")
        if code >= len(codes):
            raise CorruptModelError(
                f"an operator has a code that is not among the {len(codes)} of the file",
                received=str(code),
                path=where,
            )
        takes, gives = (_places(operator, field, tensors, where) for field in (1, 2))
        operators.append((codes[code], takes, gives))
    inputs, outputs = (_places(graph, field, tensors, where) for field in (_INPUTS, _OUTPUTS))
    return _Graph(tensors, inputs, outputs, operators)


def _places(holder: Table, field: int, tensors: Sequence[_Tensor], where: str) -> list[int]:
    """Numbers of tensors; -1 stands for one that is left out."""
    found: list[int] = [int(one) for one in holder.numbers(field, "<i4") if one != -1]
    if any(not 0 <= one < len(tensors) for one in found):
        raise CorruptModelError(
            f"the graph names a tensor that is not among its {len(tensors)}",
            received=str(found)[:80],
            path=where,
        )
    return found


def _tensor(tensor: Table, held: Sequence[bool], where: str) -> _Tensor:
    name, number = tensor.text(_NAME), tensor.whole(_TYPE, "b")
    shape, signature = (
        tuple(int(size) for size in tensor.numbers(field, "<i4")) for field in (_SHAPE, _SIGNATURE)
    )
    buffer = tensor.whole(_BUFFER, "I")
    known = 0 <= number < len(TYPES) and len(shape) <= _MOST_AXES and buffer < len(held)
    if not known or any(size < 0 for size in shape):
        raise CorruptModelError(
            "a tensor has an unknown type, no possible shape, or a buffer that does not exist",
            received=f"type {number}, shape {shape[:8]}, buffer {buffer}",
            path=where,
            layer=name,
        )
    free = tuple(None if size < 0 else size for size in signature or shape)
    return _Tensor(name, shape, free, TYPES[number], _quantised(tensor), held[buffer])


def _quantised(tensor: Table) -> str:
    """How whole numbers stand for others: ``(number - zero) * scale``."""
    table = tensor.table(_QUANTISATION)
    scales = [] if table is None else table.numbers(_SCALE, "<f4").tolist()
    if table is None or not scales:
        return ""
    if len(scales) > 1:
        return f"{len(scales)} scales along axis {table.whole(_AXIS, 'i')}"
    zeros = table.numbers(_ZERO, "<i8").tolist()
    return f"scale {scales[0]:.6g}, zero {zeros[0] if zeros else 0}"


def _stored(graphs: Sequence[_Graph]) -> Iterator[StoredTensor]:
    """The tensors that have values."""
    for graph in graphs:
        for one in graph.tensors:
            if one.stored:
                size = prod(one.shape) * BITS.get(one.dtype, 0) // 8
                yield StoredTensor(one.name, one.shape, one.dtype, size, one.quantised)


def _outline(graphs: Sequence[_Graph]) -> Outline:
    """One row an operator, named for the first tensor that it gives."""
    first, *bodies = graphs
    rows = [*_rows(first, "")]
    for number, body in enumerate(bodies, 1):
        rows += _rows(body, f"graph {number}/")
    inputs, outputs = (
        tuple(_spec(first.tensors[place]) for place in places)
        for places in (first.inputs, first.outputs)
    )
    return Outline(tuple(rows), inputs, outputs)


def _rows(graph: _Graph, prefix: str) -> Iterator[LayerRow]:
    for kind, takes, gives in graph.operators:
        constants = [graph.tensors[one].shape for one in takes if graph.tensors[one].stored]
        given = graph.tensors[gives[0]] if gives else None
        yield LayerRow(
            prefix + (given.name if given else kind),
            kind,
            tuple(constants),
            sum(map(prod, constants)),
            (given.free or None) if given else None,
        )


def _spec(tensor: _Tensor) -> TensorSpec:
    dtype = f"{tensor.dtype} ({tensor.quantised})" if tensor.quantised else tensor.dtype
    return TensorSpec(tensor.name, dtype, tensor.free)
