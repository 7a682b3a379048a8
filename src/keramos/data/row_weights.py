"""How much each row of a table counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import Problem, UsageError
from keramos.tabular.cell import show
from keramos.tabular.kinds import parse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.data.usable_rows import UsableRows

    Floats = NDArray[np.float64]


def row_weights(rows: UsableRows, column: str | None) -> Floats | None:
    """The weights in a column, float64 (rows,); None without a column.

    Raises:
        UsageError: there is no such column, or a weight is missing, negative or not a number.
    """
    if column is None:
        return None
    if column not in rows.raw.columns:
        raise UsageError(
            "the table has no such column", option="weight-column", received=repr(column)
        )
    cells = rows.raw.columns[column]
    numbers = parse(cells, "number")
    found = np.where(numbers.missing | numbers.bad, np.nan, numbers.values.astype(float))
    wrong = ~(np.isfinite(found) & (found >= 0))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        received = "nothing" if cells.missing[row] else show(cells.values[row])
        (first,) = rows.numbered([Problem(row + 1, column, received, "")])
        raise UsageError(
            "every weight must be a number, 0 or more",
            option="weight-column",
            column=column,
            received=f"{received} in row {first.row}, and {int(wrong.sum()) - 1} more such rows",
            remedy="Fill these weights, or remove the rows",
        )
    return found


def of_mean_one(weights: Floats | None) -> Floats | None:
    """The weights of some rows, scaled to the mean 1; as they are where all are 0."""
    if weights is None or not weights.any():
        return weights
    return np.asarray(weights / weights.mean())
