"""The order of a table's rows in time, by a column of dates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from keramos.data.notation import written_as
from keramos.errors import DataError
from keramos.tabular.cell import show
from keramos.tabular.kinds import written_kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from keramos.types.schema import Notation
    from keramos.types.table import Column, Table

_NAMES = re.compile(r"(^|[^a-z])(date|datetime|time|timestamp|day|ds|month|period)([^a-z]|$)")
_UNNAMED = re.compile(r"unnamed: ?0|index|")


def in_order(
    table: Table, names: Sequence[str]
) -> tuple[NDArray[np.intp] | None, NDArray[np.datetime64] | None]:
    """The rows in the order of time (None: as they are) and their dates in that order.

    ``names`` are columns of numbers, which are no dates. A table without a column of dates is in
    the order of time.

    Raises:
        DataError: several rows have one date, a date is missing, or dates can be read in two ways.
    """
    found = next(_dates(table, names), None)
    if found is None:
        return None, None
    name, dates = found
    order = np.argsort(dates, kind="stable")
    ordered = dates[order]
    same = np.flatnonzero(ordered[1:] == ordered[:-1])
    if len(same):
        raise DataError(
            "several rows have one date, and a series has one row for each",
            file=table.source,
            column=name,
            received=str(ordered[same[0]])[:19],
            remedy="Give the rows of one series",
        )
    return (None if (order == np.arange(len(order))).all() else order), ordered


def _dates(table: Table, names: Sequence[str]) -> Iterator[tuple[str, NDArray[np.datetime64]]]:
    """Columns of dates: stored as dates first, then text by the name of the column."""
    others = [(name, one) for name, one in table.columns.items() if name not in names]
    for name, column in others:
        if column.values.dtype.kind == "M":
            yield name, _known(table, name, column, column.values, column.missing)
    for name, column in others:
        if (
            column.text
            and is_called_a_date(name)
            and (notation := _notation(table, name, column)) is not None
        ):
            parsed = written_kind("date", notation).parse(column)
            yield name, _known(table, name, column, parsed.values, parsed.missing | parsed.bad)


def is_called_a_date(name: str) -> bool:
    """Whether a column has the name of one of dates, or that of an index."""
    spoken = re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
    return bool(_NAMES.search(spoken)) or bool(_UNNAMED.fullmatch(spoken))


def _notation(table: Table, name: str, column: Column) -> Notation | None:
    """How dates are written; None where the text is no date.

    Raises:
        DataError: they can be read in two ways that give two orders.
    """
    written = written_as(column)
    if written is None or written.kind != "date":
        return None
    if not written.doubt:
        return written.notation
    orders = {}
    for order in ("dmy", "mdy"):
        notation = type(written.notation)(order=order)
        parsed = written_kind("date", notation).parse(column)
        if not parsed.bad.any():
            steps = np.diff(parsed.values.astype("int64"))
            orders[order] = (notation, bool((steps > 0).all() or (steps < 0).all()))
    sorted_so = [notation for notation, straight in orders.values() if straight]
    if len(sorted_so) != 1:
        raise DataError(
            f"the dates can be read in two ways: {written.doubt}",
            file=table.source,
            column=name,
            remedy="Write them like 2026-01-31",
        )
    return sorted_so[0]


def _known(
    table: Table,
    name: str,
    column: Column,
    values: NDArray[np.generic],
    unknown: NDArray[np.bool_],
) -> NDArray[np.datetime64]:
    if unknown.any():
        row = int(np.flatnonzero(unknown)[0])
        raise DataError(
            "a row of the series has no date",
            file=table.source,
            row=row + 1,
            column=name,
            received=show(column.values[row]),
        )
    return values.astype("datetime64[us]")
