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
    names = [column.column for column in preparation.inputs]
    assemble = _matrix if preparation.matrix else _named(preparation)

    def feed(rows: Sequence[Row]) -> Feeds | None:
        try:
            encoded = [
                [cell(row[name]) for row in rows] for name, cell in zip(names, cells, strict=True)
            ]
        except (NotPlainError, KeyError):
            return None
        return assemble(encoded)

    return feed


def _matrix(encoded: list[list[object]]) -> Feeds:
    return {MATRIX_INPUT: np.array(encoded, "float32").T}


def _named(preparation: Preparation) -> Callable[[list[list[object]]], Feeds]:
    slots = [(column.input, KINDS[column.kind].array_dtype) for column in preparation.inputs]

    def assemble(encoded: list[list[object]]) -> Feeds:
        return {
            name: np.array(cells, dtype)[:, None]
            for (name, dtype), cells in zip(slots, encoded, strict=True)
        }

    return assemble
