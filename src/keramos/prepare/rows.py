"""A few rows as dicts -> model inputs, in microseconds, where every cell is of the plainest form.

Each kind says which cells its model input takes as they are. Any other cell makes the caller take
the general path through ``data.conform`` and ``feeds``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from keramos.tabular.kind import NotPlainError
from keramos.tabular.kinds import KINDS, kind_of
from keramos.types.schema import MATRIX_INPUT

if TYPE_CHECKING:
    from keramos.types.prediction import Feeds
    from keramos.types.schema import ColumnSchema, Preparation

_FLOAT32 = np.dtype("float32")

Row = Mapping[str, object]
Feeder = Callable[[Sequence[Row]], "Feeds | None"]


def row_feeder(preparation: Preparation, columns: Sequence[ColumnSchema] = ()) -> Feeder:
    """A function from rows to model inputs; it gives None where a row needs the general path.

    ``columns`` say how text is written, where it is not in the plain form of its kind.
    """
    written = {column.name: kind_of(column) for column in columns}
    cells = [
        written.get(column.column, KINDS[column.kind]).row_encoder(column)
        for column in preparation.inputs
    ]
    named = [(column.column, cell) for column, cell in zip(preparation.inputs, cells, strict=True)]
    of_one, of_several = (_row, _rows) if preparation.matrix else _by_name(preparation)
    missing = of_one([KINDS[column.kind].null_code for column in preparation.inputs])
    no_rows = {name: array[:0] for name, array in missing.items()}

    def feed(rows: Sequence[Row]) -> Feeds | None:
        if not rows:
            return dict(no_rows)
        try:
            if len(rows) == 1:  # the usual request
                row = rows[0]
                return of_one([cell(row[name]) for name, cell in named])
            return of_several([[cell(row[name]) for row in rows] for name, cell in named])
        except (NotPlainError, KeyError):
            return None

    return feed


def _row(cells: list[object]) -> Feeds:
    return {MATRIX_INPUT: np.array([cells], _FLOAT32)}


def _rows(columns: list[list[object]]) -> Feeds:
    return {MATRIX_INPUT: np.array(columns, _FLOAT32).T}


def _by_name(
    preparation: Preparation,
) -> tuple[Callable[[list[object]], Feeds], Callable[[list[list[object]]], Feeds]]:
    slots = [
        (column.input, np.dtype(KINDS[column.kind].array_dtype)) for column in preparation.inputs
    ]

    def of_one(row: list[object]) -> Feeds:
        return {
            name: np.array([[cell]], dtype) for (name, dtype), cell in zip(slots, row, strict=True)
        }

    def of_several(columns: list[list[object]]) -> Feeds:
        return {
            name: np.array(cells, dtype)[:, None]
            for (name, dtype), cells in zip(slots, columns, strict=True)
        }

    return of_one, of_several
