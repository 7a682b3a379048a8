"""JSON Lines: one JSON object a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from keramos.errors import DataError
from keramos.tabular.columns import cells_column, table_of

if TYPE_CHECKING:
    from keramos.types.table import Table


def read_json_lines(data: bytes, source: str) -> Table:
    """A table of the objects' keys, in order of first appearance; an absent key is a missing value.

    Raises:
        DataError: a line is not a JSON object.
    """
    decode = msgspec.json.Decoder(dict[str, object]).decode
    rows: list[dict[str, object]] = []
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").splitlines(), 1):
        if line.strip():
            try:
                rows.append(decode(line))
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise DataError(
                    f"the line is not a JSON object: {error}",
                    file=source,
                    path=f"line {number}",
                ) from None
    if not rows:
        raise DataError("the file holds no rows", file=source)
    return from_rows(rows, source)


def from_rows(rows: list[dict[str, object]], source: str) -> Table:
    """A table of rows given as dicts by column name."""
    names = dict.fromkeys(str(name) for row in rows for name in row)
    return table_of(
        source,
        {name: cells_column([row.get(name) for row in rows]) for name in names},
    )
