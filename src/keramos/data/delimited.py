"""CSV, TSV and other delimited text (RFC 4180), UTF-8."""

from __future__ import annotations

import csv
import io
from collections import Counter
from typing import TYPE_CHECKING

from keramos.errors import DataError
from keramos.tabular.cell import show
from keramos.tabular.columns import table_of, text_column

if TYPE_CHECKING:
    from keramos.types.table import Table

_DELIMITERS = ",;\t|"
_SNIFFED = 64 * 1024


def read_delimited(data: bytes, source: str) -> Table:
    """A table whose first line names the columns; the delimiter is the one of , ; tab | that the
    first line uses most.

    Raises:
        DataError: not UTF-8, empty, no rows, a name twice, or a row with another number of cells.
    """
    text = _decode(data, source)
    delimiter = _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(header, source)
        rows = [row for row in reader if row]
    except csv.Error as error:
        raise DataError(
            f"{source}, line {reader.line_num}: {error}. Close the quotes or quote the whole cell"
        ) from None
    if len(header) == 1:  # a blank line is a missing value of the only column, not an empty row
        rows = [
            row or [""] for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        ][1:]
    _check_rows(rows, header, source)
    return table_of(
        source, {name: text_column([row[i] for row in rows]) for i, name in enumerate(header)}
    )


def _decode(data: bytes, source: str) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{source}, line {line}: byte 0x{data[error.start]:02x} is not UTF-8. Save the file "
            "as UTF-8 and try again"
        ) from None
    if "\0" in text:
        raise DataError(
            f"{source}, line {text[: text.index(chr(0))].count(chr(10)) + 1}: a NUL byte; this "
            "is not a text table"
        )
    if not text.strip():
        raise DataError(f"{source} is empty; a header line and rows are needed")
    return text


def _delimiter(text: str) -> str:
    header = next((line for line in text[:_SNIFFED].splitlines() if line.strip()), "")
    return max(_DELIMITERS, key=header.count)


def _check_header(header: list[str], source: str) -> None:
    twice = [name for name, count in Counter(header).items() if count > 1]
    if twice:
        raise DataError(
            f"{source}: column name {show(twice[0])} appears {header.count(twice[0])} times; "
            "rename one"
        )


def _check_rows(rows: list[list[str]], header: list[str], source: str) -> None:
    if not rows:
        raise DataError(f"{source} has a header but no rows")
    for number, row in enumerate(rows, 1):
        if len(row) != len(header):
            raise DataError(
                f"{source}: row {number} has {len(row)} cells, the header has {len(header)}; "
                f"received {show(row)}. "
                "Quote cells that contain the delimiter"
            )
