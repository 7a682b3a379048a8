"""Workbooks of Excel (``.xlsx``), read at once: a sheet has a million rows at most."""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING

import pyarrow as pa

from keramos.data.excel import excel_columns
from keramos.errors import DataError
from keramos.scoring.chunks import BATCH_ROWS, Chunk, Loaded
from keramos.scoring.json_cells import JSON, type_of
from keramos.scoring.sources import open_file
from keramos.tabular.arrow import json_cells

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from keramos.scoring.formats import Format
    from keramos.types.scoring import Position, SourceFile


class ExcelReader:
    """The first sheet with cells of a workbook."""

    def __init__(self, file: SourceFile, form: Format, end: int = 0) -> None:  # noqa: ARG002 (text has one)
        if form.compression:
            raise DataError(
                "a workbook is packed already", file=file.name, remedy="Unpack the file first"
            )
        with open_file(file) as stream:
            columns = excel_columns(stream.read(), file.name)
        self._size = file.size
        self._batch = pa.RecordBatch.from_arrays(
            [_array(cells) for cells in columns.values()], list(columns)
        )
        self.schema = self._batch.schema

    def chunks(self, columns: Sequence[str], start: Position) -> Iterator[Chunk]:
        """Batches of at most ``BATCH_ROWS`` rows."""
        batch = self._batch.select(list(columns))
        for begin in range(0, batch.num_rows, BATCH_ROWS):
            part = batch.slice(begin, BATCH_ROWS)
            at = begin + part.num_rows
            if at > start.rows:
                stored = self._size * at // batch.num_rows
                yield Chunk(lambda part=part: Loaded(part, part.num_rows), at, stored)  # type: ignore[misc]


def _array(cells: list[object]) -> pa.Array:
    """One type where it holds every cell exactly; else each cell as its own JSON."""
    if {type(cell) for cell in cells} - {type(None)} == {datetime}:
        days = all(cell.time() == time.min for cell in cells if isinstance(cell, datetime))
        return pa.array(cells, pa.date32() if days else pa.timestamp("us"))
    name = type_of(cells)
    return json_cells(cells) if name == JSON else pa.array(cells, _TYPES[name])


_TYPES = {
    "string": pa.string(),
    "bool": pa.bool_(),
    "int64": pa.int64(),
    "double": pa.float64(),
}
