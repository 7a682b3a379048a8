"""Text and typed cells -> values of one kind, column by column; what does not parse is marked,
never guessed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from keramos.data.columns import show
from keramos.errors import Problem
from keramos.types.table import Column

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from keramos.types.schema import ColumnKind

Parsed = tuple["NDArray[np.generic]", "NDArray[np.bool_]"]
"""Values, and which cells could not be read."""

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?)?(Z|[+-]\d{2}:?\d{2})?")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_INTEGER = re.compile(r"[+-]?\d+(\.0*)?")
_TRUE = {"true": 1.0, "false": 0.0}
_LARGEST_INTEGER = 2**53
"""Integers beyond this are not exact as float64, so text of them is read digit by digit."""

NUMBER_NULLS = frozenset({"?", "-", ".", "None", "none", "unknown", "missing"})
"""Text that means missing in a column of numbers, beside ``NULL_TEXT``."""


def parse(column: Column, kind: ColumnKind) -> tuple[Column, NDArray[np.bool_]]:
    """The column in its kind's dtype, and which cells could not be read (those are neither valid
    nor missing).

    number and boolean give float64, integer_category int64, string_category object, date
    datetime64[us].
    """
    gone = column.missing
    if column.text and kind in {"number", "integer_category"}:
        gone = gone | np.isin(column.values.astype(str), list(NUMBER_NULLS))
    values, bad = _PARSERS[kind](column, gone)
    bad &= ~gone
    return Column(values, gone), bad


def problems(name: str, column: Column, bad: NDArray[np.bool_], kind: ColumnKind) -> list[Problem]:
    """A Problem for each cell marked bad."""
    return [
        Problem(int(row) + 1, name, show(_plain(column.values[row])), WANTED[kind])
        for row in np.flatnonzero(bad)
    ]


def _plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else value


def _numbers(column: Column, gone: NDArray[np.bool_]) -> Parsed:
    if not column.text:
        if column.values.dtype.kind in "biuf":
            values = np.where(gone, np.nan, column.values.astype(float))
            return values, ~np.isfinite(values)
        return np.full(len(gone), np.nan), np.ones(len(gone), bool)
    values = np.array(
        [float(cell) if _NUMBER.fullmatch(cell) else np.nan for cell in column.values], float
    )
    return values, ~np.isfinite(values)


def _is_exact(cell: str) -> bool:
    return _INTEGER.fullmatch(cell) is not None and len(cell) < 19  # noqa: PLR2004 (int64 digits)


def _integers(column: Column, gone: NDArray[np.bool_]) -> Parsed:
    if column.values.dtype.kind in "biu":
        return column.values.astype("int64"), np.zeros(len(gone), bool)
    cells = column.values.astype(str) if column.text else column.values
    if column.text:
        exact = np.array([_is_exact(cell) for cell in cells], bool)
        values = np.array(
            [
                int(cell.partition(".")[0]) if ok else 0
                for cell, ok in zip(cells, exact, strict=True)
            ],
            "int64",
        )
        return values, ~exact
    if column.values.dtype.kind != "f":
        return np.zeros(len(gone), "int64"), np.ones(len(gone), bool)
    filled = np.where(gone | ~np.isfinite(column.values), 0, column.values)
    exact = (
        (filled == np.floor(filled))
        & (np.abs(filled) <= _LARGEST_INTEGER)
        & np.isfinite(np.where(gone, 0, column.values))
    )
    return np.where(exact, filled, 0).astype("int64"), ~exact


def _strings(column: Column, gone: NDArray[np.bool_]) -> Parsed:
    if column.values.dtype.kind == "O":
        cells = column.values
    elif column.values.dtype.kind == "M":
        cells = column.values.astype(str).astype(object)
    else:
        cells = np.array([str(cell) for cell in column.values.tolist()], object)
    return np.where(gone, "", cells), np.zeros(len(gone), bool)


def _booleans(column: Column, gone: NDArray[np.bool_]) -> Parsed:
    if column.values.dtype.kind == "O":
        values = np.array(
            [_TRUE.get(cell.lower(), 2.0) for cell in column.values.astype(str)], float
        )
        numeric = np.isin(column.values.astype(str), ["0", "1", "0.0", "1.0"])
        values[numeric] = column.values[numeric].astype(float)
    elif column.values.dtype.kind in "biuf":
        values = column.values.astype(float)
    else:
        values = np.full(len(gone), 2.0)
    return np.where(gone, np.nan, values), ~np.isin(values, [0.0, 1.0])


def _dates(column: Column, gone: NDArray[np.bool_]) -> Parsed:
    if column.values.dtype.kind == "M":
        return column.values.astype("datetime64[us]"), np.isnat(column.values)
    if not column.text:
        return np.full(len(gone), "NaT", "datetime64[us]"), np.ones(len(gone), bool)
    values = np.array([_date(cell) for cell in column.values], "datetime64[us]")
    return values, np.isnat(values)


def _date(cell: str) -> np.datetime64:
    """ISO 8601; a time zone is dropped, the local clock stays, because its hours and weekdays carry
    the meaning.
    """
    match = _DATE.fullmatch(cell)
    if not match:
        return np.datetime64("NaT")
    zone = match.group(4)
    try:
        return np.datetime64(
            cell.removesuffix(zone).replace(" ", "T") if zone else cell.replace(" ", "T"), "us"
        )
    except ValueError:
        return np.datetime64("NaT")


_PARSERS: dict[ColumnKind, Callable[[Column, NDArray[np.bool_]], Parsed]] = {
    "number": _numbers,
    "integer_category": _integers,
    "string_category": _strings,
    "boolean": _booleans,
    "date": _dates,
}

WANTED: dict[ColumnKind, str] = {
    "number": "not a finite number (write it like 1234.5)",
    "integer_category": "not an integer",
    "string_category": "not text",
    "boolean": "not true or false",
    "date": "not a date (write it like 2024-01-31 or 2024-01-31 13:45:00)",
}
