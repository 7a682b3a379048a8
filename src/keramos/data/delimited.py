"""CSV, TSV and other delimited text (RFC 4180, UTF-8): the dialect of a file, and its rows.

Training and scoring read a file by the same header, blocks and rules; scoring parses the blocks
with Arrow.
"""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, NamedTuple

from keramos.data.text_blocks import TextBlocks
from keramos.errors import DataError
from keramos.tabular.cell import show
from keramos.tabular.columns import table_of, text_column

if TYPE_CHECKING:
    from _csv import Reader
    from collections.abc import Sequence

    from keramos.types.table import Table

_DELIMITERS = ",;\t|"
_SEPARATOR_LINE = re.compile(rb'"?sep=([^\w"\r\n])"?\s*', re.IGNORECASE)
"""The first line by which Excel names its delimiter."""
_LONGEST_CELL = 2**31 - 1
_UTF8 = "Save the file as UTF-8"
_QUOTED = re.compile(r'"[^"]*"')
OPEN_QUOTE = "a quote is never closed"
QUOTE = "Close the quotes or quote the whole cell"


class Dialect(NamedTuple):
    """The delimiter and the names of the columns, and where the first row begins."""

    delimiter: str
    names: tuple[str, ...]
    begin: int

    def ragged(self, cells: int) -> str:
        """The rule that a row with another number of cells breaks."""
        return f"has {cells} cells, the header has {len(self.names)}"


def dialect_of(text: TextBlocks) -> Dialect:
    """The dialect of a file whose first row names the columns: the delimiter is what a line
    ``sep=`` says, else the one of , ; tab | that parts the header and the first row into as many
    cells; of several, and where none does, the one that the header has most outside quotes.

    Raises:
        DataError: the header is not UTF-8, or a name stands for two columns.
    """
    skip = _blank(text, 0)
    named = _SEPARATOR_LINE.fullmatch(text.record(skip, quotes=False))
    if named:
        skip = _blank(text, skip + len(named[0]))
    head = text.record(skip, quotes=True)
    line = decoded(head, text.name)
    if named:
        delimiter = named[1].decode("latin-1")
    else:
        row = text.record(_blank(text, skip + len(head)), quotes=False)
        delimiter = _delimiter(line, row.decode(errors="replace"))
    if open_quote(head, delimiter):
        raise DataError(f"line 1: {OPEN_QUOTE}", file=text.name, remedy=QUOTE)
    cells = row_cells(line, delimiter)
    names = tuple(name.strip() for name in cells)
    check_names(names, text.name)
    return Dialect(delimiter, names, text.begin + skip + len(head))


def _delimiter(header: str, row: str) -> str:
    plain = _QUOTED.sub("", header)

    def rank(delimiter: str) -> tuple[bool, int]:
        alike = len(row_cells(header, delimiter)) == len(row_cells(row, delimiter))
        return alike, plain.count(delimiter)

    return max([mark for mark in _DELIMITERS if mark in plain] or _DELIMITERS[0], key=rank)


def _blank(text: TextBlocks, skip: int) -> int:
    """The position after blank lines."""
    while (line := text.record(skip, quotes=False)) and not line.strip():
        skip += len(line)
    return skip


def check_names(names: Sequence[str], source: str) -> None:
    """Refuse a table in which a name stands for two columns.

    Raises:
        DataError: names the column.
    """
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise DataError(
                f"column name {show(name)} appears {list(names).count(name)} times",
                file=source,
                remedy="Rename one",
            )
        seen.add(name)


def decoded(data: bytes, source: str) -> str:
    """The text of some bytes.

    Raises:
        DataError: they are not UTF-8.
    """
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise DataError(
            f"byte {error.start} is 0x{data[error.start]:02x}, which is not UTF-8",
            file=source,
            remedy=_UTF8,
        ) from None


def _rows(text: str, delimiter: str, *, strict: bool = False) -> Reader:
    csv.field_size_limit(_LONGEST_CELL)  # else a cell of more than 128 kB is an error
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict)


def row_cells(row: str, delimiter: str) -> list[str]:
    """The cells of one row, for messages."""
    return next(_rows(row, delimiter), [])


def open_quote(data: bytes, delimiter: str) -> int:
    """The line, from 1, on which the row begins whose quote the data never closes; 0 where all are
    closed.
    """
    if data.count(b'"') % 2 == 0:
        return 0
    text = data.decode(errors="replace")
    reader = _rows(text, delimiter, strict=True)
    line = 1
    try:
        for _ in reader:
            line = reader.line_num + 1
    except csv.Error as error:
        return line if "end of data" in str(error) else 0
    return 0


def read_delimited(data: bytes, source: str) -> Table:
    """A table whose first row names the columns.

    Raises:
        DataError: not UTF-8, no header, a name twice, or a row with another number of cells.
    """
    _check_text(data, source)
    text = TextBlocks(source, _Bytes(data))
    dialect = dialect_of(text)
    rows: list[list[str]] = []
    for block in text.blocks(dialect.begin, quotes=True):
        if block.offset == len(data) and (line := open_quote(block.data, dialect.delimiter)):
            before = data.count(b"\n", 0, len(data) - len(block.data))
            raise DataError(f"line {before + line}: {OPEN_QUOTE}", file=source, remedy=QUOTE)
        rows += block_rows(block.data.decode(), dialect)
    _check_cells(rows, dialect, source)
    columns = {name: text_column([row[i] for row in rows]) for i, name in enumerate(dialect.names)}
    return table_of(source, columns)


def block_rows(text: str, dialect: Dialect) -> list[list[str]]:
    """The cells of each row; blank lines do not count."""
    if len(dialect.names) == 1:  # of an only column a blank line is a missing cell
        return [row or [""] for row in _rows(text, dialect.delimiter)]
    return [row for row in _rows(text, dialect.delimiter) if row]


class _Bytes:
    """Bytes in memory as a stream."""

    seekable = True

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def read(self, size: int, at: int) -> bytes:
        """The next bytes."""
        del at
        return self._data.read(size)

    def seek(self, position: int) -> None:
        """Go on at ``position``."""
        self._data.seek(position)

    def stored(self) -> int:
        """Bytes read so far."""
        return self._data.tell()


def _check_text(data: bytes, source: str) -> None:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"line {line}: byte 0x{data[error.start]:02x} is not UTF-8", file=source, remedy=_UTF8
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(f"line {line}: a NUL byte; this is not a text table", file=source)
    if not text.strip():
        raise DataError("the file is empty; a header line is needed", file=source)


def _check_cells(rows: list[list[str]], dialect: Dialect, source: str) -> None:
    for number, row in enumerate(rows, 1):
        if len(row) != len(dialect.names):
            raise DataError(
                f"row {number} {dialect.ragged(len(row))}",
                file=source,
                received=show(row),
                remedy="Quote cells that contain the delimiter",
            )
