"""Columns of Arrow batches -> typed cells, without a step of Python for cells of the plainest form.

Plain numbers are taken as they lie in memory. Everything else goes through ``arrow_column`` and
``parse``, each distinct cell once, so that no rule about cells is written twice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from keramos.data.arrow import arrow_column
from keramos.data.parse import parse, problems
from keramos.types.table import Column

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.errors import Problem
    from keramos.types.schema import ColumnKind

_PLAIN_NUMBER = r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"
_EXACT_BITS = 32
"""Integers of up to so many bits are exact in float64."""


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The distinct cells of a column, typed, and which of them each row holds.

    ``codes`` has shape (rows,): places in ``distinct``. ``problems`` number the distinct cells from
    1.
    """

    distinct: Column
    codes: NDArray[np.int32]
    problems: list[Problem]


def plain_numbers(array: pa.Array) -> NDArray[np.generic] | None:
    """The values of a column of numbers without nulls, in whatever dtype they have; None if it is
    anything else.
    """
    kind = array.type
    if array.null_count or not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        return None
    values: NDArray[np.generic] = array.to_numpy(zero_copy_only=True)
    return (
        values.astype(float)
        if kind.bit_width > _EXACT_BITS and values.dtype.kind in "iu"
        else values
    )


def cells(array: pa.Array, name: str, kind: ColumnKind, source: str) -> Cells:
    """A column typed as the schema's kind wants it.

    Raises:
        DataError: the column holds lists or structures.
    """
    if kind == "number" and _is_text(array.type):
        return _text_numbers(array, name, source)
    coded = None if kind == "number" and plain_numbers(array[:0]) is not None else _coded(array)
    if coded is None:
        column = arrow_column(pa.chunked_array([array]), name, source)
        codes = np.arange(len(array), dtype="int32")
    else:
        entries = coded.dictionary
        if pa.types.is_dictionary(array.type):
            entries = (
                entries.dictionary_encode()
            )  # that the source declares categories is part of a column
        column = arrow_column(pa.chunked_array([entries]), name, source)
        codes = coded.indices.to_numpy()
    typed, bad = parse(column, kind)
    return Cells(typed, codes, problems(name, column, bad, kind) if bad.any() else [])


def _text_numbers(array: pa.Array, name: str, source: str) -> Cells:
    """Text that is written as plain numbers in one go, the other cells one by one."""
    match = pc.fill_null(pc.match_substring_regex(array, _PLAIN_NUMBER), False)
    numbers = pc.if_else(match, array, None).cast(pa.float64()).to_numpy(zero_copy_only=False)
    plain = np.isfinite(numbers)  # not the text of a number beyond float64
    coded = array.filter(pa.array(~plain)).dictionary_encode(null_encoding="encode")
    column = arrow_column(pa.chunked_array([coded.dictionary]), name, source)
    others, bad = parse(column, "number")
    before = int(plain.sum())
    codes = np.empty(len(array), "int32")
    codes[plain] = np.arange(before)
    codes[~plain] = coded.indices.to_numpy() + before
    distinct = Column(
        np.concatenate([numbers[plain], others.values]),
        np.concatenate([np.zeros(before, bool), others.missing]),
    )
    return Cells(
        distinct,
        codes,
        [replace(p, row=p.row + before) for p in problems(name, column, bad, "number")],
    )


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _coded(array: pa.Array) -> pa.DictionaryArray | None:
    """The distinct cells (nothing is one) with an index a row; None where the type has no such
    form.
    """
    kind = array.type
    try:
        if pa.types.is_dictionary(kind):
            array = array.dictionary_decode()
        if pa.types.is_string_view(kind):
            array = array.cast(pa.string())
        return array.dictionary_encode(null_encoding="encode")
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return None
