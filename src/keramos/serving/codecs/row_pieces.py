"""Many rows of a request -> model inputs, piece by piece.

Each cell is judged by itself, so pieces give what all rows together would. A piece bounds what is
in memory at a time and how long other threads wait; rows after as many problems as a reply lists
are not read at all.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from keramos.data.conform import counted_rows
from keramos.errors import RowError
from keramos.serving.core.limits import MAX_PROBLEMS
from keramos.serving.core.memory import reserve
from keramos.types.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from keramos.errors import Problem
    from keramos.inference.model import Model
    from keramos.types.prediction import Feeds

_CELLS = 1 << 14
"""Cells of one piece."""

_FLOAT = 4
"""Bytes of a float32."""


def pieces(rows: int, columns: int) -> Iterator[tuple[int, int]]:
    """The first row of each piece and the row after its last; one piece without rows for none."""
    step = max(1, _CELLS // max(columns, 1))
    for begin in range(0, max(rows, 1), step):
        yield begin, min(begin + step, rows)


def reserve_pictures(model: Model, rows: int) -> None:
    """Take memory for prepared pictures, which may be much larger than their files.

    Raises:
        RequestError: it is more than one request may take.
        NotReadyError: other requests have it.
    """
    inputs = model.content.preparation.inputs if model.content else ()
    found = [one.picture for one in inputs if one.picture]
    if found:
        values = sum(one.width * one.height * (1 if one.mode == "L" else 3) for one in found)
        reserve(rows * values * _FLOAT)


def feeds_by_piece(model: Model, rows: int, piece: Callable[[int, int], object]) -> Feeds:
    """Model inputs of all rows; ``piece`` gives those from one row up to another in a form that
    ``Model.feeds`` takes.

    Raises:
        RowError: cells break a rule of the schema; names each with row and column, up to the piece
            with the problem that is the last in a reply.
    """
    reserve_pictures(model, rows)
    columns = len(model.content.schema.columns) if model.content else len(model.inputs)
    parts = ((end - begin, piece(begin, end)) for begin, end in pieces(rows, columns))
    return feeds_of_parts(model, rows, parts)


def feeds_of_parts(model: Model, rows: int, parts: Iterable[tuple[int, object]]) -> Feeds:
    """Model inputs of parts that follow one another, each with the number of its rows.

    Raises:
        RowError: as ``feeds_by_piece``.
    """
    fed: list[Feeds] = []
    source: str | None = None
    problems: list[Problem] = []
    read = 0
    for size, part in parts:
        try:
            fed.append(model.feeds(part))
        except RowError as error:
            source = error.where.file
            problems += (replace(one, row=one.row + read) for one in error.problems)
        read += size
        if len(problems) >= MAX_PROBLEMS:
            break
    if problems:
        raise _row_error(source, problems, read, rows)
    if len(fed) == 1:
        return fed[0]
    return {name: np.concatenate([one[name] for one in fed]) for name in fed[0]}


def _row_error(source: str | None, problems: list[Problem], read: int, rows: int) -> RowError:
    bad = len({problem.row for problem in problems})
    what = f"{counted_rows(bad)} cannot be used"
    if read < rows:
        first = f"{bad} of the first {counted_rows(read)} cannot be used"
        what = f"{first}; {rows - read} more were not read"
    return RowError(what, file=source, problems=problems)


def rows_of_table(table: Table, begin: int, end: int) -> Table:
    """The rows of a table from one up to another."""
    columns = {
        name: replace(column, values=column.values[begin:end], missing=column.missing[begin:end])
        for name, column in table.columns.items()
    }
    return Table(table.source, columns, end - begin)
