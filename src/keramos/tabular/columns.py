"""Cells of any source -> ``Column``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import DataError
from keramos.tabular.cell import NO_TEXT, NOT_ONE_VALUE, NULL_TEXT, Unreadable, plain
from keramos.types.table import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray


_PLAIN = frozenset({type(None), str, int, bool})
"""Types of cells that ``plain`` leaves as they are."""


def text_column(cells: Iterable[str]) -> Column:
    """A column of a text file, cells not yet read as numbers or dates."""
    return _raw(list(cells))


def cells_column(cells: Iterable[object]) -> Column:
    """A column of Python values (rows of dicts, JSON).

    Cells of one type make an array of numbers, booleans or dates. Cells of several types, and
    integers beyond int64, stay as they are: each is read by itself.
    """
    values = list(cells)
    if not _PLAIN.issuperset(map(type, values)):
        values = [plain(cell) for cell in values]
    kinds = set(map(type, values)) - {type(None)}
    if kinds == {int} and all(cell is None or -(2**63) <= cell < 2**63 for cell in values):  # type: ignore[operator]  # an int
        return _typed(values, 0, "int64")
    if kinds == {float}:
        return _typed(values, np.nan, "float64")
    if kinds == {bool}:
        return _typed(values, False, "bool")
    if kinds == {np.datetime64}:
        return _typed(values, np.datetime64("NaT"), "datetime64[us]")
    return _raw(values)


def _typed(values: list[object], filler: object, dtype: str) -> Column:
    missing = np.fromiter((cell is None for cell in values), bool, len(values))
    if missing.any():
        values = [filler if cell is None else cell for cell in values]
    return Column(np.array(values, dtype), missing)


def _raw(values: list[object] | list[str]) -> Column:
    """Cells that are text, or of several types."""
    missing = np.fromiter(
        (cell is None or (type(cell) is str and cell in NULL_TEXT) for cell in values),
        bool,
        len(values),
    )
    cells = (NO_TEXT if cell is None else cell for cell in values)
    return Column(np.fromiter(cells, object, len(values)), missing, text=True)


def array_column(values: NDArray[np.generic]) -> Column:
    """A column from a numpy array, one cell for each index of its first axis.

    Cells that are arrays, or of a dtype that no table has, are ``Unreadable``: they are refused
    where a model needs the column, and ignored elsewhere.
    """
    if values.ndim != 1:
        cell = Unreadable(f"an array of shape {values.shape[1:]}", NOT_ONE_VALUE)
        return cells_column([cell] * (len(values) if values.ndim else 1))
    kind = values.dtype.kind
    if kind == "b":
        return Column(values, np.zeros(len(values), bool))
    if kind in "iu" and not (values.size and values.max() > np.iinfo("int64").max):
        return Column(values.astype("int64"), np.zeros(len(values), bool))
    if kind == "f":
        return Column(values.astype("float64"), np.isnan(values))
    if kind == "M":
        return Column(values.astype("datetime64[us]"), np.isnat(values))
    return cells_column(values.tolist() if kind in "OUTu" else list(values))


def table_of(source: str, columns: Mapping[str, Column]) -> Table:
    """Columns as a table.

    Raises:
        DataError: there is no column, or lengths differ.
    """
    if not columns:
        raise DataError("the table has no columns", file=source)
    sizes = {name: len(column.values) for name, column in columns.items()}
    if len(set(sizes.values())) > 1:
        raise DataError("the columns have different lengths", file=source, received=sizes)
    return Table(source, dict(columns), next(iter(sizes.values())))
