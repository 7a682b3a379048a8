"""CSV and TSV parsed by Arrow (extra ``tables``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv as pa_csv

from keramos.data.delimited import decoded, row_cells
from keramos.scoring.chunks import readable
from keramos.scoring.delimited import DelimitedReader, ragged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.scoring.chunks import Malformed


class ArrowDelimitedReader(DelimitedReader):
    """A CSV or TSV file as record batches."""

    def _fields(self, names: Sequence[str]) -> pa.Schema:
        return pa.schema([(name, pa.string()) for name in names])

    def _parsed(
        self, data: bytes, columns: Sequence[str], place: str
    ) -> tuple[pa.RecordBatch, list[Malformed]]:
        names, delimiter = self._dialect.names, self._dialect.delimiter
        malformed: list[Malformed] = []

        def odd(row: pa_csv.InvalidRow) -> str:
            malformed.append(ragged(row.number, row_cells(row.text, delimiter), self._dialect))
            return "skip"

        empty = pa.RecordBatch.from_pylist([], self._fields(columns))
        if not data:
            return empty, []
        read = pa_csv.ReadOptions(
            column_names=list(names), use_threads=False, block_size=len(data) + 1
        )
        parse = pa_csv.ParseOptions(
            delimiter=delimiter,
            newlines_in_values=True,
            invalid_row_handler=odd,
            ignore_empty_lines=len(names) > 1,  # of an only column a blank line is a missing cell
        )
        convert = pa_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), include_columns=list(columns)
        )
        with readable(self._name, place, pa.ArrowException):
            try:
                table = pa_csv.read_csv(pa.BufferReader(data), read, parse, convert)
            except pa.ArrowInvalid:
                decoded(data, f"{self._name}, {place}")  # which byte is not UTF-8
                raise
        return table.combine_chunks().to_batches()[0] if table.num_rows else empty, malformed
