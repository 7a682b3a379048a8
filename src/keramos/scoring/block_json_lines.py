"""JSON Lines parsed without Arrow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.scoring.chunks import Loaded
from keramos.scoring.json_cells import JSON, holds
from keramos.scoring.json_lines import JsonLinesReader, bad_rows, block_types, objects
from keramos.types.block import Block, Field, Fields

if TYPE_CHECKING:
    from collections.abc import Sequence


class BlockJsonLinesReader(JsonLinesReader):
    """A JSON Lines file as blocks."""

    def _fields(self, sample: bytes) -> Fields:
        types = block_types(sample, self._name)
        return Fields(Field(name, kind) for name, kind in types.items())

    def _without_rows(self) -> Fields:
        return Fields()

    def _loaded(self, data: bytes, columns: Sequence[str]) -> Loaded:
        rows, malformed = objects(data, columns)
        fields, cells = [], {}
        for name in columns:
            found = [row.get(name) for _, row in rows]
            kind = self.schema.field(name).type
            kind = kind if holds(kind, found) else JSON
            whole = kind == "double" and int in set(map(type, found))
            cells[name] = list(map(_double, found)) if whole else found
            fields.append(Field(name, kind))
        numbers = np.array([number for number, _ in rows], "int64")
        batch = Block(Fields(fields), cells, len(rows))
        return Loaded(batch, len(rows) + bad_rows(malformed), numbers, tuple(malformed))


def _double(cell: object) -> object:
    return float(cell) if type(cell) is int else cell
