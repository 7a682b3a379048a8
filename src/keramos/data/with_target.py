"""A table and its target, which is a column by name, or values beside the table as in
scikit-learn's ``fit(X, y)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.data.read import as_table, column_of
from keramos.errors import DataError, UsageError
from keramos.tabular.columns import array_column, cells_column, table_of
from keramos.types.table import Table

if TYPE_CHECKING:
    from keramos.types.table import Column

_NAME = "target"


def with_target(features: object, target: object) -> tuple[Table, str]:
    """The table with its target as a column, and the name of that column.

    Args:
        features: anything that ``as_table`` takes. With values as ``target`` also an array or a
            list of lists, shape (rows, columns), whose columns get the names x0, x1 and so on.
        target: a name; or values, shape (rows,) or (rows, 1): an array, a list, a Series, a table
            of one column. Their own name is kept where no other column has it, else they are
            called ``target``.

    Raises:
        DataError: the values are not one for each row.
        UsageError: there is a name, and the table has none for its columns.
    """
    if isinstance(target, str):
        if isinstance(features, np.ndarray) or _is_matrix(features):
            raise UsageError(
                "an array has no names of columns, so none of them is the target by name",
                received=f"target {target!r}",
                remedy="Give the target's values: train(X, y); or make X a DataFrame",
            )
        return as_table(features), target
    table = _table(features)
    name, column = _target(target)
    if len(column.values) != table.rows:
        raise DataError(
            "the target has another number of values than the table has rows",
            file=table.source,
            received=f"{len(column.values)} values for {table.rows} rows",
        )
    name = name or _NAME
    while name in table.columns:
        name = _NAME if name != _NAME and _NAME not in table.columns else f"{name}_"
    return Table(table.source, {**table.columns, name: column}, table.rows), name


def _is_matrix(given: object) -> bool:
    return (
        isinstance(given, (list, tuple))
        and bool(given)
        and all(isinstance(row, (list, tuple, np.ndarray)) for row in given)
    )


def _table(features: object) -> Table:
    if _is_matrix(features):
        rows = [list(row) for row in features]  # type: ignore[attr-defined]  # as just seen
        if len({len(row) for row in rows}) > 1:
            raise DataError("the rows have different lengths", file="rows")
        columns = zip(*rows, strict=True)
        return table_of("rows", {f"x{at}": cells_column(cells) for at, cells in enumerate(columns)})
    if not isinstance(features, np.ndarray):
        return as_table(features)
    if features.ndim != 2:  # noqa: PLR2004 (rows and columns)
        raise DataError("an array of features has two axes", received=f"shape {features.shape}")
    return table_of("array", {f"x{at}": array_column(cells) for at, cells in enumerate(features.T)})


def _target(target: object) -> tuple[str, Column]:
    """The name, empty where there is none, and the values."""
    if hasattr(target, "columns"):
        table = as_table(target)
        if len(table.columns) != 1:
            raise DataError(
                "a table of targets has one column", received=f"{len(table.columns)} columns"
            )
        return next(iter(table.columns.items()))
    name = getattr(target, "name", "")
    values = np.asarray(target) if _is_matrix(target) else target
    if isinstance(values, np.ndarray) and values.ndim > 1 and values.size == len(values):
        values = values.reshape(-1)
    return name if isinstance(name, str) else "", column_of(_NAME, values)
