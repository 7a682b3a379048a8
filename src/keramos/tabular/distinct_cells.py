"""Cells of a column parsed as its schema has it, each distinct cell once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.frozen import Frozen
from keramos.tabular.cell import distinct
from keramos.tabular.columns import cells_column
from keramos.tabular.kind import problems
from keramos.tabular.kinds import kind_of
from keramos.types.table import Column

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from keramos.errors import Problem
    from keramos.types.schema import ColumnSchema


class DistinctCells(Frozen, frozen=True, eq=False):
    """The distinct cells of a column, parsed, and which of them each row holds.

    ``codes`` has shape (rows,): positions in ``distinct``. ``problems`` number the distinct cells
    from 1.
    """

    distinct: Column
    codes: NDArray[np.int32]
    problems: list[Problem]


def parsed(given: Column, codes: NDArray[np.int32], column: ColumnSchema) -> DistinctCells:
    """The distinct cells ``given`` by the rules of the schema."""
    found = kind_of(column).parse(given)
    listed = problems(column.name, given, found)
    return DistinctCells(Column(found.values, found.missing), codes, listed)


def distinct_cells(cells: Sequence[object], column: ColumnSchema) -> DistinctCells:
    """Cells of Python by the rules of the schema; None is a missing one."""
    kept, codes = distinct(list(cells))
    return parsed(cells_column(kept), codes.astype("int32"), column)
