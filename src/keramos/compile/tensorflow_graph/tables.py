"""Lookups in tables that the model holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.operations.values import cast_to
from keramos.compile.tensorflow_graph.arrays import shape_list, shape_of, vector
from keramos.compile.tensorflow_graph.operands import Known, Table
from keramos.errors import MismatchError, UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keramos.compile.tensorflow_graph.operands import Array, NodeCall, Operand

    Row = Callable[[NodeCall], tuple[Operand, ...]]

_WORDS = {"O": "strings", "U": "strings", "i": "int64s", "u": "int64s", "f": "floats"}
_TYPES = {"strings": "str", "int64s": "int64", "floats": "float32"}


def _table(n: NodeCall) -> Table:
    item = n.operand(0)
    if not isinstance(item, Table):
        raise MismatchError("a lookup table is needed")
    return item


def _word(array: Array) -> str:
    if array.dtype.kind not in _WORDS:
        raise UnsupportedModelError(
            "only tables of texts and numbers are supported", received=array.dtype.name
        )
    return _WORDS[array.dtype.kind]


def _find(n: NodeCall) -> tuple[Operand, ...]:
    g, table, x = n.g, _table(n), n.value(1)
    default = n.known(2, "the default")
    if default.size != 1:
        raise UnsupportedModelError("a default of several values is not supported")
    keys, values = _word(table.keys), _word(table.values)
    dtype = "str" if values == "strings" else table.values.dtype.name
    if not table.keys.size:
        sizes = shape_of(g, x)
        start = np.asarray(default.ravel()[0], object if dtype == "str" else dtype)
        like = [(dtype, shape_list(sizes))]
        return g.ops("Expand", start, vector(g, sizes), outputs=1, like=like)
    found = g.op(
        "LabelEncoder",
        x if keys == "strings" else cast_to(g, x, _TYPES[keys]),
        domain="ai.onnx.ml",
        **{f"keys_{keys}": table.keys.tolist(), f"values_{values}": table.values.tolist()},
        **{f"default_{values.removesuffix('s')}": default.ravel().tolist()[0]},
    )
    return (found if dtype == "str" else cast_to(g, found, dtype),)


def _size(n: NodeCall) -> tuple[Operand, ...]:
    return (Known.of(np.array(_table(n).keys.size, "int64")),)


ROWS: Mapping[str, Row] = {
    "LookupTableFindV2": _find,
    "LookupTableSizeV2": _size,
}
"""Operation -> what compiles it."""
