"""Integers that are codes: exact in int64, one level each."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from keramos.tabular.category import Category
from keramos.tabular.cell import NULL_TEXT, Refused
from keramos.tabular.kind import EXACT_INTEGER, NUMBER_NULLS, Encoded
from keramos.types.schema import MISSING_INTEGER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.types.table import Column

_INTEGER = re.compile(r"[+-]?\d+(\.0*)?")
_MOST_DIGITS = 40
_LEAST, _MOST = -(2**63), 2**63 - 1
_IS_CODE = f"{MISSING_INTEGER} stands for a missing value"


class IntegerCategory(Category):
    """A column of integer codes."""

    name = "integer_category"
    noun = "integers"
    refusal = "not an integer"
    dtype = "int64"
    filler = 0
    input_dtype = "int64"
    array_dtype = np.int64
    null_code = MISSING_INTEGER
    tensor_dtype = "int64"
    null_texts = NULL_TEXT | NUMBER_NULLS
    word = int
    first = 0
    other = {"type": "integer", "minimum": -EXACT_INTEGER, "maximum": EXACT_INTEGER}  # noqa: RUF012

    def _value(self, cell: object) -> object:
        value = _integer(cell)
        if value is None:
            return self._refused(cell)
        return value if _LEAST <= value <= _MOST else Refused("an integer beyond 64 bits")

    def _vector(
        self, values: NDArray[np.generic]
    ) -> tuple[NDArray[np.generic], NDArray[np.bool_]] | None:
        if values.dtype.kind == "i":
            return values, np.ones(len(values), bool)
        if values.dtype.kind != "f":
            return None
        exact = (values == np.floor(values)) & (np.abs(values) <= EXACT_INTEGER)
        return np.where(exact, values, 0).astype("int64"), exact

    def encode(self, column: Column, part: str) -> Encoded:
        """Codes as int64, with the code for missing."""
        del part
        clash = (column.values == MISSING_INTEGER) & ~column.missing
        values = np.where(column.missing, MISSING_INTEGER, column.values).astype("int64")
        return Encoded(values.reshape(-1, 1), clash if clash.any() else None, _IS_CODE)


def _integer(cell: object) -> int | None:
    """The integer that a cell is, or None."""
    match cell:
        case bool():
            return None
        case int():
            return cell
        case str() if len(cell) <= _MOST_DIGITS and _INTEGER.fullmatch(cell):
            return int(cell.partition(".")[0])
        case float() if abs(cell) <= EXACT_INTEGER and cell.is_integer():
            return int(cell)
        case Decimal() if abs(cell) <= _MOST and cell == cell.to_integral_value():
            return int(cell)
    return None
