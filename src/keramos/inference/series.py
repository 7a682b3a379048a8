"""Series as rows: tables, arrays and lists whose last rows are the window."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from keramos.data.time_order import in_order
from keramos.errors import DataError
from keramos.tabular.cell import show
from keramos.tabular.kinds import written_kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.types.artifact import Content
    from keramos.types.schema import Notation, Series
    from keramos.types.table import Column, Table

    Floats = NDArray[np.float64]

_WINDOWS = 3  # axes of an array of windows


def series_column(content: Content) -> tuple[str, Series] | None:
    """The column of series and what it holds, where the model takes nothing else."""
    if [column.kind for column in content.schema.columns] != ["series"]:
        return None
    series = content.preparation.inputs[0].series
    return (content.schema.columns[0].name, series) if series else None


def series_as_rows(given: object, content: Content) -> object:
    """A series, or an array of windows, as rows; rows that hold series stay as they are.

    Args:
        given: a table in any form with the columns of the series, whose rows are in the order of
            time or have a column of dates; an array of shape (rows, columns), or for one column
            (rows,); or an array of windows, (windows, rows, columns).
        content: that of the model.

    Raises:
        DataError: a cell is not a number, or dates say no order.
    """
    found = series_column(content)
    if found is None:
        return given
    name, series = found
    cells = _cells(given, name, series)
    return given if cells is None else [{name: cell} for cell in cells]


def _cells(given: object, name: str, series: Series) -> list[object] | None:
    """The series that something holds; None where it is rows of series."""
    if isinstance(given, np.ndarray) or (isinstance(given, (list, tuple)) and _is_numbers(given)):
        return _of_array(given, series)
    if isinstance(given, dict) and name in given:
        return _of_array(given[name], series) if len(given) == 1 else None
    table = _table(given)
    if table is None or name in table.columns:
        return None
    return [series_of(table, series)]


def _is_numbers(given: list[object] | tuple[object, ...]) -> bool:
    first = given[0] if given else None
    while isinstance(first, (list, tuple)) and first:
        first = first[0]
    return isinstance(first, (int, float, np.ndarray)) and not isinstance(first, bool)


def _of_array(given: object, series: Series) -> list[object]:
    """One series, or each of several; lists of different lengths are several."""
    try:
        array = np.asarray(given)
    except ValueError:
        return list(given) if isinstance(given, (list, tuple)) else [given]
    several = array.ndim == _WINDOWS or (
        array.ndim == _WINDOWS - 1 and len(series.columns) == 1 and array.shape[1] != 1
    )
    return list(array) if several else [given]


def _table(given: object) -> Table | None:
    """What is given as a table; None for text, bytes and what no table is."""
    from keramos.data.read import as_table  # noqa: PLC0415 (start-up time)

    if isinstance(given, (bytes, bytearray)) or given is None:
        return None
    if isinstance(given, (list, tuple)) and not (given and isinstance(given[0], dict)):
        return None
    if isinstance(given, (str, Path)) and not Path(given).suffix and str(given) != "-":
        return None
    if hasattr(given, "to_frame") and getattr(given, "ndim", 0) == 1:  # one column of pandas
        given = given.to_frame()
    if getattr(getattr(getattr(given, "index", None), "dtype", None), "kind", "") == "M":
        given = given.reset_index()  # type: ignore[attr-defined]  # dates of pandas
    return as_table(given)


def series_of(table: Table, series: Series) -> Floats:
    """The rows of a table in the order of time, shape (rows, columns); a missing cell is NaN.

    Raises:
        DataError: a column is absent, a cell is not a number, or dates say no order.
    """
    names = _named(table, series)
    columns = [_numbers(table, name) for name in names]
    order, _ = in_order(table, names)
    rows: Floats = np.column_stack(columns) if table.rows else np.zeros((0, len(names)))
    return rows if order is None else rows[order]


def _named(table: Table, series: Series) -> list[str]:
    """The table's columns for those of a series; a single one may have another name where the
    table has no other column of numbers.
    """
    from keramos.data.conform import check_present  # noqa: PLC0415 (start-up time)

    names = list(series.columns)
    if len(names) == 1 and names[0] not in table.columns:
        numbers = [name for name, column in table.columns.items() if _is_number(column)]
        if len(numbers) == 1:
            return numbers
    check_present(list(table.columns), names, table.source)
    return names


def _is_number(column: Column) -> bool:
    parsed = written_kind("number", _notation(column)).parse(column)
    return not parsed.bad.any() and not parsed.missing.all()


def _notation(column: Column) -> Notation:
    from keramos.data.notation import written_as  # noqa: PLC0415 (only for text)
    from keramos.tabular.notation import PLAIN  # noqa: PLC0415 (beside it)

    written = written_as(column) if column.text else None
    plain = written is None or written.kind != "number" or written.doubt
    return PLAIN if plain or written is None else written.notation


def _numbers(table: Table, name: str) -> Floats:
    column = table.columns[name]
    parsed = written_kind("number", _notation(column)).parse(column)
    if parsed.bad.any():
        row = int(np.flatnonzero(parsed.bad)[0])
        raise DataError(
            "a cell of the series is not a number",
            file=table.source,
            row=row + 1,
            column=name,
            received=show(column.values[row]),
        )
    values: Floats = np.where(parsed.missing, np.nan, parsed.values.astype(float))
    return values
