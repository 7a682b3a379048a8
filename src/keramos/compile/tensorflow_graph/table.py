"""TensorFlow operation -> what compiles it: rows of this package, else the functions that nodes of
``tensorflow_names.txt`` share with layers of single operations.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from keramos.compile.operations import tensorflow
from keramos.compile.operations.table import KERAS
from keramos.compile.operations.tensorflow_names import rows
from keramos.compile.tensorflow_graph import (
    arrays,
    boxes,
    complex_numbers,
    control,
    fused,
    images,
    lists,
    matrices,
    numbers,
    placing,
    ragged,
    resizing,
    tables,
    texts,
)
from keramos.errors import UnsupportedModelError
from keramos.types.operation_graph import GIVEN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keramos.compile.lowering.record import Operation
    from keramos.compile.tensorflow_graph.operands import NodeCall, Operand

    Row = Callable[[NodeCall], tuple[Operand, ...]]

_STATIC = frozenset(
    {
        *("axes", "axis", "begin", "constant_values", "end", "k", "lower", "newshape"),
        *("num_classes", "off_value", "on_value", "pad_width", "repeats", "shape", "shift"),
        *("size", "sizes", "strides", "upper"),
    }
)
"""Parameters of the shared functions that are numbers, not tensors."""

_REDUCTIONS = frozenset({"All", "Any", "Max", "Mean", "Min", "Prod", "Sum"})
_WITHOUT_EFFECT = frozenset(tensorflow.IGNORED_ATTRIBUTES.split())
"""Attributes that the inputs determine, or that are for gradients and devices."""

ROWS: Mapping[str, Row] = {
    **arrays.ROWS,
    **boxes.ROWS,
    **complex_numbers.ROWS,
    **control.ROWS,
    **fused.ROWS,
    **images.ROWS,
    **lists.ROWS,
    **matrices.ROWS,
    **numbers.ROWS,
    **placing.ROWS,
    **ragged.ROWS,
    **resizing.ROWS,
    **tables.ROWS,
    **texts.ROWS,
}
"""Operation -> what compiles it."""


def row_of(op: str) -> Row:
    """What compiles an operation.

    Raises:
        UnsupportedModelError: nothing does; says why.
    """
    row = ROWS.get(op) or _shared().get(op)
    if row is None:
        raise UnsupportedModelError(_reason(op))
    return row


def refusal(op: str) -> str | None:
    """Why an operation is not compiled; None where it is."""
    known = op in GIVEN or op in ROWS or op in _shared()
    return None if known else _reason(op)


def _reason(op: str) -> str:
    return next(
        (reason for pattern, reason in _REFUSED if re.fullmatch(pattern, op)),
        "this TensorFlow operation has no lowering yet",
    )


_RANDOM = "its answers are random, not a function of the inputs"
_FILES = "it reads or writes files, which no model may"
_PYTHON = "it runs Python code, and code of a file is never run"
_CHANGES = "it changes a variable, so that answers depend on earlier requests"
_TRAINING = "it is for training"
_PICTURES = "it decodes pictures or sound; feed a signature that takes their values"

_REFUSED = (
    (r"(Stateless|Stateful)?(Parameterized)?(Random|Truncated|StandardNormal|Uniform).*", _RANDOM),
    (r"Multinomial|StatelessMultinomial|RngReadAndSkip|RngSkip", _RANDOM),
    (r".*(Read|Write|Matching)Files?.*|(Save|Restore).*|Merge.*Checkpoints", _FILES),
    (r".*(Reader|Dataset|Iterator|Summary).*|Print(V2)?", _FILES),
    (r"(Eager)?PyFunc(Stateless)?", _PYTHON),
    (r"Assign.*|ResourceScatter.*|Scatter(Add|Div|Max|Min|Mul|Sub|Update|Nd[A-Z]).*", _CHANGES),
    (r"Decode(And.*|Bmp|Gif|Image|Jpeg|Png|Wav|Webp)|Encode(Jpeg|Png|Wav).*", _PICTURES),
    (r"(Resource)?(Sparse)?Apply.*|SymbolicGradient|.*Grad(V2|V3)?|.*Backprop.*", _TRAINING),
)
"""Patterns of operations -> why none of them is ever compiled."""


@cache
def _shared() -> dict[str, Row]:
    functions = tensorflow.functions(KERAS)
    return {
        name: _row(functions[function], parameters)
        for kind, name, function, parameters in rows()
        if kind == "node"
    }


def _row(operation: Operation, parameters: Mapping[str, str]) -> Row:
    """The row of an operation that shares a function under other names of parameters."""

    def build(n: NodeCall) -> tuple[Operand, ...]:
        _check_attributes(n, parameters)
        if n.op in _REDUCTIONS and not n.known(1, "the axes").size:
            return (n.value(0),)  # over no axes, where keras.ops means all of them
        given = {
            parameters[key]: _attribute(value)
            for key, value in n.attributes.items()
            if key in parameters and value is not None
        }
        if "*" in parameters:
            found = operation.build(n.s, **{parameters["*"]: _listed(n)}, **given)
        else:
            inputs = {
                parameters[str(i)]: _argument(n, i, parameters[str(i)])
                for i in range(len(n.operands))
            }
            found = operation.build(n.s, **inputs, **given)
        return found if isinstance(found, tuple) else (found,)

    return build


def _listed(n: NodeCall) -> list[object]:
    """All inputs; the last of ConcatV2 is an axis."""
    if n.op == "ConcatV2":
        *parts, axis = range(len(n.operands))
        (number,) = n.ints(axis, "the axis")
        return [*(n.value(i) for i in parts), number]
    return [n.value(i) for i in range(len(n.operands))]


def _argument(n: NodeCall, index: int, parameter: str) -> object:
    if parameter not in _STATIC:
        return n.value(index)
    found: object = n.known(index, parameter).tolist()
    return found


def _attribute(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _check_attributes(n: NodeCall, parameters: Mapping[str, str]) -> None:
    """Refuse attributes that the row does not know, unless they do not matter."""
    for name in n.attributes.keys() - parameters.keys() - _WITHOUT_EFFECT:
        raise UnsupportedModelError(
            "the attribute is not supported", option=name, received=repr(n.attributes[name])[:80]
        )
