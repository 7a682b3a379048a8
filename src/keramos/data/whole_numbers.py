"""Whole numbers of any length, exactly."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from keramos.tabular.cell import distinct
from keramos.tabular.kind import NUMBER_NULLS

if TYPE_CHECKING:
    from keramos.types.table import Column

_PADDED = re.compile(r"[+-]?0\d+")
_WHOLE = re.compile(r"[+-]?\d{1,4000}(\.0*)?")


def exact_integers(column: Column) -> list[int] | None:
    """The whole numbers of a column, each once; None where a cell is not a whole number."""
    present = column.values[~column.missing]
    if present.dtype.kind == "i":
        return [int(value) for value in np.unique(present)]
    if present.dtype.kind == "f":
        if not np.isfinite(present).all() or (present != np.floor(present)).any():
            return None
        return [int(value) for value in np.unique(present)]
    if present.dtype.kind != "O":
        return None
    found: set[int] = set()
    for cell in distinct(present.tolist())[0]:
        if type(cell) is str and cell in NUMBER_NULLS:
            continue
        whole = _whole(cell)
        if whole is None:
            return None
        found.add(whole)
    return sorted(found)


def leading_zeros(column: Column) -> bool:
    """Whether whole numbers of text have zeros before them, which makes them codes."""
    if not column.text:
        return False
    present = column.values[~column.missing].tolist()
    return any(type(cell) is str and _PADDED.fullmatch(cell) for cell in present)


def _whole(cell: object) -> int | None:
    match cell:
        case bool():
            return None
        case int():
            return cell
        case str() if _WHOLE.fullmatch(cell):
            return int(cell.partition(".")[0])
        case float() if cell.is_integer():
            return int(cell)
        case Decimal() if cell.is_finite() and cell == cell.to_integral_value():
            return int(cell)
    return None
