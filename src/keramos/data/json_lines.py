"""JSON Lines: one JSON object a line."""

from __future__ import annotations

import msgspec

from keramos.errors import DataError
from keramos.tabular.columns import cells_column, table_of
from keramos.tabular.json_keys import decoded_object, may_repeat
from keramos.types.table import Table

_DECODE = msgspec.json.Decoder(dict[str, object]).decode
ROW_ERRORS = (msgspec.DecodeError, ValueError, RecursionError)
_WORDS = (b"NaN", b"Infinity")


def decoded_row(line: bytes) -> dict[str, object]:
    """One line as a row. NaN and Infinity are numbers, as Python writes them; the cell of a key
    that appears twice is ``Unreadable``.

    Raises:
        ROW_ERRORS: it is not a JSON object.
    """
    try:
        row = _DECODE(line)
    except msgspec.DecodeError:
        if any(word in line for word in _WORDS):
            return decoded_object(line)
        raise
    return decoded_object(line) if may_repeat(row, line.count(b":")) else row


def read_json_lines(data: bytes, source: str) -> Table:
    """A table of the objects' keys, in order of first appearance; an absent key is a missing value.

    A file without a line is a table without rows and columns.

    Raises:
        DataError: a line is not a JSON object.
    """
    rows: list[dict[str, object]] = []
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").splitlines(), 1):
        if line.strip():
            try:
                rows.append(decoded_row(line))
            except ROW_ERRORS as error:
                raise DataError(
                    f"the line is not a JSON object: {error}",
                    file=source,
                    path=f"line {number}",
                ) from None
    return from_rows(rows, source)


def from_rows(rows: list[dict[str, object]], source: str) -> Table:
    """A table of rows given as dicts by column name; no rows are a table without columns."""
    if not rows:
        return Table(source, {}, 0)
    if any(type(name) is not str for row in rows for name in row):
        rows = [{str(name): cell for name, cell in row.items()} for row in rows]
    names = dict.fromkeys(name for row in rows for name in row)
    return table_of(
        source,
        {name: cells_column([row.get(name) for row in rows]) for name in names},
    )
