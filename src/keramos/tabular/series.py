"""Cells that are a series: rows of numbers in the order of time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from keramos.tabular.cell import Refused, Unreadable
from keramos.tabular.host_kind import HostInput, HostKind
from keramos.tabular.number import Number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from keramos.tabular.kind import Json
    from keramos.types.schema import ColumnPreparation, Series
    from keramos.types.table import Column

    Floats = NDArray[np.float64]

SCALE_PARTS = ("minimum", "range")
"""The parts of a series that say how it was scaled, where its scale is fitted on the request."""

_MOST_WINDOW, _MOST_COLUMNS = 1 << 16, 1 << 12
_LARGEST = 2.0**127  # numbers enter the network as float32
_ROWS_AND_COLUMNS = 2
_NUMBER = Number()


class SeriesKind(HostKind):
    """A column of series: each cell a list of rows, and a row a number, a list of numbers or an
    object by column name.
    """

    name = "series"
    noun = "series"
    refusal = "not a series: a list of rows, each a list of numbers"
    dtype = "object"
    filler = b""
    input_dtype = "float32"
    array_dtype = object
    null_code = b""
    tensor_dtype = "float32"
    takes_lists = True

    def read(self, cell: object) -> object:
        """The rows of a series as a list or an array; None where the cell is empty."""
        if isinstance(cell, np.ndarray) and cell.ndim:
            return cell.tolist() or None
        if isinstance(cell, (list, tuple)) and not isinstance(cell, Unreadable):  # a named tuple
            return list(cell) or None
        return super().read(cell)

    def _value(self, cell: object) -> object:
        if isinstance(cell, str) and cell.startswith("["):  # a cell of a text file
            try:
                return msgspec.json.decode(cell.encode(), type=list)
            except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
                return Refused(self.refusal)
        return self._refused(cell)

    def is_bare(self, item: list[object], column: ColumnPreparation) -> bool:
        """Whether a list is a series: rows of numbers or objects, or for one column numbers."""
        first = item[0] if item else None
        width = len(column.series.columns) if column.series else 1
        if isinstance(first, list):
            inner = first[0] if first else None
            deep = isinstance(inner, (list, dict))
            return not deep and (width > 1 or len(item) > 1 or len(first) == 1)
        return isinstance(first, dict) or len(item) > 1

    def tensor_shape(self, column: ColumnPreparation) -> tuple[int, ...]:
        """Rows and columns."""
        return (-1, len(column.series.columns) if column.series else 1)

    def model_input(self, source: Column, column: ColumnPreparation) -> HostInput:
        """Windows, shape (rows, window, columns), or a part, (rows, 1) or (rows, columns)."""
        if not column.series:  # a content document without one is refused
            return HostInput(source.values.reshape(-1, 1), {})
        return HostInput(*series_input(source, column.series, column.part))

    def golden(self, cells: tuple[object, ...], column: ColumnPreparation) -> tuple[object, ...]:
        """Golden windows are kept as the network takes them."""
        del column
        return cells

    def shown(self, cell: object) -> str:
        """How many rows the series has."""
        return f"{len(cell):,} rows" if isinstance(cell, list) else super().shown(cell)

    def json_schema(self, column: ColumnPreparation) -> Json:
        """A list of rows with one number for each column."""
        if not column.series:
            return {"type": "array"}
        width = len(column.series.columns)
        row: Json = {
            "type": "array",
            "items": {"type": "number"},
            "minItems": width,
            "maxItems": width,
        }
        either: Json = {"anyOf": [{"type": "number"}, row]} if width == 1 else row
        listed = ", ".join(column.series.columns)
        return {
            "type": "array",
            "items": either,
            "minItems": column.series.window,
            "description": f"rows of {listed}, the oldest first",
        }

    def example(self, column: ColumnPreparation) -> object:
        """A series that does not change, as long as the window."""
        if not column.series:
            return []
        return [[column.median] * len(column.series.columns)] * column.series.window


def series_rows(cell: object, columns: Sequence[str]) -> Floats | Refused:
    """A cell as numbers, shape (rows, columns)."""
    if isinstance(cell, list) and cell and isinstance(cell[0], Mapping):
        absent = [name for name in columns if name not in cell[0]]
        if absent:
            return Refused(f"rows without '{absent[0]}'")
        if not all(isinstance(row, Mapping) for row in cell):
            return Refused("rows of several forms")
        cell = [[row.get(name) for name in columns] for row in cell]
    try:
        found = np.asarray(cell)
    except ValueError:
        return Refused("rows of different lengths")
    if found.ndim == 1 and len(columns) == 1:
        found = found[:, None]
    if found.ndim != _ROWS_AND_COLUMNS or found.shape[1] != len(columns):
        return Refused(f"of shape {found.shape}; each row has {_listed(columns)}")
    if found.dtype.kind not in "fiu":
        found, refused = _read(found)
        if refused is not None:
            return refused
    return _checked(found.astype("float64"), columns)


def _listed(columns: Sequence[str]) -> str:
    shown = ", ".join(columns[:8]) + (", ..." if len(columns) > 8 else "")  # noqa: PLR2004 (for people)
    return f"{len(columns)} number{'' if len(columns) == 1 else 's'} ({shown})"


def _read(found: NDArray[np.generic]) -> tuple[NDArray[np.generic], Refused | None]:
    """Cells of several types, each by the rule of a number."""
    cells = [_NUMBER.read(cell) for cell in found.reshape(-1).tolist()]
    for place, cell in enumerate(cells):
        if isinstance(cell, Refused):
            return found, Refused(f"row {place // found.shape[1] + 1}: {cell.reason}")
    numbers = np.array([np.nan if cell is None else cell for cell in cells], "float64")
    return numbers.reshape(found.shape), None


def _checked(found: Floats, columns: Sequence[str]) -> Floats | Refused:
    bad = np.argwhere(~(np.abs(found) <= _LARGEST))
    if len(bad):
        row, place = bad[0]
        what = "no value" if np.isnan(found[row, place]) else "no number that float32 holds"
        return Refused(f"row {row + 1} of {len(found)} has {what} in '{columns[place]}'")
    return found


def series_input(column: Column, series: Series, part: str) -> tuple[np.ndarray, dict[int, str]]:
    """The network's input for a column of series, and why rows cannot be used; those are zeros.

    Its shape is (rows, window, columns); of a part (rows, 1), or (rows, columns) where no single
    column is the answer's.
    """
    scales = 1 if series.answer else len(series.columns)
    shape = (scales,) if part else (series.window, len(series.columns))
    found, reasons = np.zeros((len(column.values), *shape), "float32"), {}
    for row, cell in enumerate(column.values):
        if column.missing[row]:
            continue
        one = series_rows(cell, series.columns)
        if not isinstance(one, Refused) and len(one) < series.window:
            one = Refused(f"{len(one)} rows, and the network takes {series.window}")
        if isinstance(one, Refused):
            reasons[row] = one.reason
        else:
            found[row] = window_input(one[None], series, part)[0]
    return found, reasons


def window_input(rows: Floats, series: Series, part: str) -> Floats:
    """What one input takes of series, shape (series, rows, columns): windows; or of a part, a
    number for the answer's column, (series, 1), or for all columns.
    """
    if series.fitted == "training":
        return rows[:, -series.window :]
    low, spread = rows.min(axis=1), np.ptp(rows, axis=1)
    spread = np.where(spread == 0, 1.0, spread)  # as scikit-learn: a constant is not stretched
    if not part:
        scale = (series.high - series.low) / spread
        shift = series.low - low * scale
        found: Floats = rows[:, -series.window :] * scale[:, None] + shift[:, None]
        return found
    size = spread / (series.high - series.low)
    scales: Floats = size if part == "range" else low - series.low * size
    if not series.answer:
        return scales
    place = series.columns.index(series.answer)
    return scales[:, place : place + 1]


def series_faults(column: ColumnPreparation) -> Iterator[tuple[str, str]]:
    """What is wrong with what a content document says about a series, with the path of each."""
    series = column.series
    if bool(series) != (column.kind == "series"):
        yield "series", f"is for series, and a series needs it; the column is a {column.kind}"
    if not series:
        return
    if not 0 < series.window <= _MOST_WINDOW:
        yield "series.window", "is not a number of rows that a window has"
    if len(set(series.columns)) != len(series.columns) or not 0 < len(series.columns) <= (
        _MOST_COLUMNS
    ):
        yield "series.columns", "are not columns that a series has"
    if not -_LARGEST <= series.low < series.high <= _LARGEST:
        yield "series.low", "and high are not a range"
    if series.answer and series.answer not in series.columns:
        yield "series.answer", "is not among the columns"
    if column.part and series.fitted != "request":
        yield "part", "is one that only a scale fitted on the request has"
