"""Workbooks of Excel (``.xlsx``) through calamine (extra ``tables``)."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from python_calamine import CalamineError, load_workbook

from keramos.data.delimited import check_names
from keramos.errors import DataError
from keramos.tabular.columns import cells_column, table_of
from keramos.tabular.kind import EXACT_INTEGER

if TYPE_CHECKING:
    from keramos.types.table import Table

MAX_BYTES = 1 << 30
"""Bytes of a workbook at most, unpacked."""

_ERROR = re.compile(rb'<c [^>]*\bt="e"')
_EMPTY_FORMULA = re.compile(rb"(?:</f>|<f[^>]*/>)\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>")


def read_excel(data: bytes, source: str) -> Table:
    """The table of a workbook's first sheet that holds cells.

    Raises:
        DataError: it is not a workbook, holds no cells, or a column name appears twice.
    """
    columns = excel_columns(data, source)
    return table_of(source, {name: cells_column(cells) for name, cells in columns.items()})


def excel_columns(data: bytes, source: str) -> dict[str, list[object]]:
    """Cells by column: text, numbers, booleans, dates, or None; the first row with cells has the
    names.

    A column of whole numbers alone is one of integers, as a spreadsheet shows it.

    Raises:
        DataError: it is not a workbook, holds no cells, or a column name appears twice.
    """
    _check_parts(data, source)
    name, rows = _sheet(data, source)
    width = max(len(row) for row in rows)
    header = [*map(_header, rows[0]), *[""] * (width - len(rows[0]))]
    check_names(header, f"{source}, sheet {name!r}")
    cells = [[_plain(cell) for cell in row] for row in rows[1:]]
    while cells and not any(cell is not None for cell in cells[-1]):
        cells.pop()
    columns = [
        [row[place] if place < len(row) else None for row in cells] for place in range(width)
    ]
    return {title: _whole(column) for title, column in zip(header, columns, strict=True)}


def _check_parts(data: bytes, source: str) -> None:
    """Unpack every part once: sizes that a part states may be false, and what spreadsheets left
    without a value is said.
    """
    errors = formulas = total = 0
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            for part in packed.infolist():
                total += part.file_size
                if total > MAX_BYTES:
                    raise DataError(
                        f"the workbook unpacks to more than {MAX_BYTES:,} bytes",
                        file=source,
                        remedy="Save it as CSV or Parquet",
                    )
                text = packed.read(part)  # as many bytes as stated, or it is refused
                if part.filename.startswith("xl/worksheets/"):
                    errors += len(_ERROR.findall(text))
                    formulas += len(_EMPTY_FORMULA.findall(text))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise _unreadable(source, error) from None
    _warn(source, errors, "hold an error such as #DIV/0! and count as missing")
    _warn(source, formulas, "are formulas that no program has computed, and count as missing")


def _warn(source: str, count: int, words: str) -> None:
    if count:
        warnings.warn(f"{source}: {count:,} cell(s) {words}", stacklevel=2)


def _sheet(data: bytes, source: str) -> tuple[str, list[list[object]]]:
    """The name and the rows of the first sheet that holds cells."""
    try:
        book = load_workbook(io.BytesIO(data))
        found = [(name, _rows(book, name)) for name in book.sheet_names]
    except (CalamineError, OSError, ValueError) as error:
        raise _unreadable(source, error) from None
    filled = [(name, rows) for name, rows in found if rows]
    if not filled:
        raise DataError("the workbook holds no cells", file=source)
    if len(filled) > 1:
        others = ", ".join(repr(name) for name, _ in filled[1:])
        warnings.warn(
            f"{source}: the sheet {filled[0][0]!r} is read; {others} are not", stacklevel=2
        )
    return filled[0]


def _rows(book: object, name: str) -> list[list[object]]:
    return book.get_sheet_by_name(name).to_python(skip_empty_area=True)  # type: ignore[attr-defined, no-any-return]  # calamine


def _unreadable(source: str, error: Exception) -> DataError:
    return DataError(f"the file is not a readable .xlsx workbook: {error}", file=source)


def _header(cell: object) -> str:
    plain = _plain(cell)
    whole = isinstance(plain, float) and plain.is_integer()
    return "" if plain is None else str(int(plain) if whole else plain)  # type: ignore[call-overload]


def _plain(cell: object) -> object:
    """Text, a number, a boolean or a moment; None where it is empty."""
    if cell == "":
        return None
    if isinstance(cell, date) and not isinstance(cell, datetime):
        return datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001 (a cell has no zone)
    return str(cell) if isinstance(cell, (time, timedelta)) else cell


def _whole(cells: list[object]) -> list[object]:
    """A column of numbers without decimals as integers; a spreadsheet stores none."""
    numbers = [cell for cell in cells if isinstance(cell, float)]
    if all(one.is_integer() and abs(one) <= EXACT_INTEGER for one in numbers):
        return [int(cell) if isinstance(cell, float) else cell for cell in cells]
    return cells
