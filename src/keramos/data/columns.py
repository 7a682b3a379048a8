"""Cells of any source -> ``Column``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import DataError
from keramos.types.table import Column, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

NULL_TEXT = frozenset({"", "NA", "N/A", "NaN", "nan", "null", "NULL"})
"""Text that means a missing cell in every text file. ``None`` is not here: it is a common
category.
"""

MAX_SHOWN = 80


def show(value: object) -> str:
    """A value for a message: quoted text, no control characters, at most 80 characters."""
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 3] + "..."


def text_column(cells: Sequence[str]) -> Column:
    """A column of a text file, cells not yet read as numbers or dates."""
    values = np.array([cell.strip() for cell in cells], object)
    missing = np.fromiter((cell in NULL_TEXT for cell in values), bool, len(values))
    return Column(values, missing, text=True)


def cells_column(name: str, cells: Sequence[object], source: str) -> Column:
    """A column of Python values (rows of dicts, JSON): numbers, booleans, text, dates; None and NaN
    are missing.

    Raises:
        DataError: a cell is a list, a dict or something else that is not one value.
    """
    missing = np.fromiter((cell is None or cell != cell for cell in cells), bool, len(cells))  # noqa: PLR0124 (NaN)
    kinds = {type(cell) for cell, gone in zip(cells, missing, strict=True) if not gone}
    for row, cell in enumerate(cells, 1):
        if isinstance(cell, (list, tuple, dict, set)):
            raise DataError(
                f"{source}: row {row}, column '{name}' holds a {type(cell).__name__}; a cell "
                "must be one value: "
                f"{show(cell)}"
            )
    if kinds and all(issubclass(kind, (bool, np.bool_)) for kind in kinds):
        return Column(np.array([bool(cell) for cell in cells]), missing)
    if kinds and all(issubclass(kind, (int, np.integer)) and kind is not bool for kind in kinds):
        return _integers(cells, missing)
    if kinds and all(
        issubclass(kind, (int, float, np.number)) and kind is not bool for kind in kinds
    ):
        numbers = [
            np.nan if gone else float(cell)  # type: ignore[arg-type] # numbers, as checked above
            for cell, gone in zip(cells, missing, strict=True)
        ]
        return Column(np.array(numbers), missing)
    return Column(
        np.array(["" if m else _text(c) for c, m in zip(cells, missing, strict=True)], object),
        missing
        | np.fromiter(
            (isinstance(c, str) and c.strip() in NULL_TEXT for c in cells), bool, len(cells)
        ),
        text=True,
    )


def _text(cell: object) -> str:
    return cell.strip() if isinstance(cell, str) else str(cell)


def _integers(cells: Sequence[object], missing: NDArray[np.bool_]) -> Column:
    values = [0 if gone else int(cell) for cell, gone in zip(cells, missing, strict=True)]  # type: ignore[call-overload]
    if all(-(2**63) <= value < 2**63 for value in values):
        return Column(np.array(values, "int64"), missing)
    return Column(np.array(values, float), missing)


def array_column(
    values: NDArray[np.generic], missing: NDArray[np.bool_] | None = None, *, name: str, source: str
) -> Column:
    """A column from a numpy array of any ordinary dtype.

    Raises:
        DataError: the array has more than one axis, or a dtype that is no table cell.
    """
    if values.ndim != 1:
        raise DataError(
            f"{source}: column '{name}' has shape {values.shape}; a column has one axis"
        )
    gone = np.zeros(len(values), bool) if missing is None else missing
    match values.dtype.kind:
        case "b":
            return Column(values, gone)
        case "i" | "u":
            kind = (
                "float64"
                if values.dtype.kind == "u" and values.size and values.max() > np.iinfo("int64").max
                else "int64"
            )
            return Column(values.astype(kind), gone)
        case "f":
            return Column(values.astype("float64"), gone | np.isnan(values))
        case "M":
            return Column(values.astype("datetime64[us]"), gone | np.isnat(values))
        case "O" | "U" | "T":
            cells = [None if m else v for v, m in zip(values.tolist(), gone, strict=True)]
            return cells_column(name, cells, source)
    raise DataError(
        f"{source}: column '{name}' has dtype {values.dtype}, which is not a number, text, "
        "boolean or date"
    )


def table_of(source: str, columns: Mapping[str, Column]) -> Table:
    """Columns as a table.

    Raises:
        DataError: there is no column, or lengths differ.
    """
    if not columns:
        raise DataError(f"{source} has no columns")
    sizes = {name: len(column.values) for name, column in columns.items()}
    if len(set(sizes.values())) > 1:
        raise DataError(f"{source}: columns have different lengths: {sizes}")
    return Table(source, dict(columns), next(iter(sizes.values())))
