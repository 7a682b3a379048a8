"""Text that is a category: one level each.

A whole number is the text of its digits, in whatever type it comes (94105, 94105.0, a decimal). Any
other number is refused: it can be written in many ways (1.5, 1.50, 15e-1), and nothing tells which
of them its sender means.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from keramos.tabular.category import Category
from keramos.tabular.cell import Refused
from keramos.tabular.kind import EXACT_INTEGER, Encoded
from keramos.tabular.notation import PLAIN
from keramos.types.schema import MISSING_TEXT

if TYPE_CHECKING:
    from keramos.types.schema import Notation
    from keramos.types.table import Column

_MOST_BITS = 4096
"""Longer integers are no codes, and Python takes long to write them."""


class StringCategory(Category):
    """A column of text categories."""

    name = "string_category"
    noun = "text"
    refusal = "a number, and the column has text: send it as the text that it is in the table"
    dtype = "object"
    filler = ""
    input_dtype = "string"
    array_dtype = object
    null_code = MISSING_TEXT
    tensor_dtype = "str"
    word = str
    first = "a"
    other = {"type": "string", "pattern": r"\S"}  # noqa: RUF012 (never changed)

    def __init__(self, notation: Notation = PLAIN) -> None:
        """Text, which keeps the blanks around it where ``notation`` says so."""
        super().__init__(notation)
        self.keeps_blanks = notation.blanks == "kept"
        if self.keeps_blanks:
            self.other = {"type": "string", "minLength": 1}

    def _value(self, cell: object) -> object:
        match cell:
            case bool():
                return self._refused(cell)
            case str():
                return cell
            case int():
                whole = cell if cell.bit_length() <= _MOST_BITS else None
            case float():
                whole = int(cell) if abs(cell) <= EXACT_INTEGER and cell.is_integer() else None
            case Decimal():
                whole = _whole(cell)
            case _:
                return self._refused(cell)
        return Refused(self.refusal) if whole is None else str(whole)

    def encode(self, column: Column, part: str) -> Encoded:
        """Text, with the code for missing."""
        del part
        values = np.where(column.missing, MISSING_TEXT, column.values).astype(object)
        return Encoded(values.reshape(-1, 1))


def _whole(cell: Decimal) -> int | None:
    """The integer that a decimal is; None for others and for those of absurd length."""
    if not cell.is_finite() or cell.adjusted() > _MOST_BITS or cell != cell.to_integral_value():
        return None
    return int(cell)
