"""CSV and TSV parsed without Arrow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.data.delimited import block_rows, decoded
from keramos.scoring.delimited import DelimitedReader, ragged
from keramos.types.block import Block, Field, Fields

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.scoring.chunks import Malformed


class BlockDelimitedReader(DelimitedReader):
    """A CSV or TSV file as blocks."""

    def _fields(self, names: Sequence[str]) -> Fields:
        return Fields(Field(name, "string") for name in names)

    def _parsed(
        self, data: bytes, columns: Sequence[str], place: str
    ) -> tuple[Block, list[Malformed]]:
        dialect = self._dialect
        rows: list[list[str]] = []
        malformed: list[Malformed] = []
        found = block_rows(decoded(data, f"{self._name}, {place}"), dialect) if data else []
        for number, row in enumerate(found, 1):
            if len(row) == len(dialect.names):
                rows.append(row)
            else:
                malformed.append(ragged(number, row, dialect))
        places = {name: dialect.names.index(name) for name in columns}
        cells = {name: [row[place] for row in rows] for name, place in places.items()}
        return Block(self._fields(columns), cells, len(rows)), malformed
