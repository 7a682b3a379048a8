"""JSON Lines parsed by Arrow (extra ``tables``).

Arrow reads a block at once where each column has cells of one type. Where it would change a cell
(an integer beyond 2**53 beside a decimal number), takes what is not JSON (Inf, null, two
objects in one line) or refuses a block, the lines are read one by one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.json as pa_json

from keramos.scoring.chunks import Loaded
from keramos.scoring.json_cells import JSON, holds
from keramos.scoring.json_lines import JsonLinesReader, bad_rows, block_types, objects
from keramos.tabular.arrow import JsonCells, json_cells
from keramos.tabular.kind import EXACT_INTEGER

if TYPE_CHECKING:
    from collections.abc import Sequence

_NOT_JSON = re.compile(rb"[\[:,]\s*-?Inf(?!inity)")
_TYPES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "bool": pa.bool_(),
    "int64": pa.int64(),
    "double": pa.float64(),
    JSON: JsonCells(),
}


class ArrowJsonLinesReader(JsonLinesReader):
    """A JSON Lines file as record batches."""

    def _fields(self, sample: bytes) -> pa.Schema:
        table = _parsed(sample, pa_json.ParseOptions())
        if table is None:
            table = pa.Table.from_pylist([])
        if table.num_columns and not _is_doubtful(table, sample):
            return pa.schema([(field.name, _stable(field.type)) for field in table.schema])
        types = block_types(sample, self._name)
        return pa.schema([(name, _TYPES[kind]) for name, kind in types.items()])

    def _without_rows(self) -> pa.Schema:
        return pa.schema([])

    def _loaded(self, data: bytes, columns: Sequence[str]) -> Loaded:
        schema = pa.schema([self.schema.field(column) for column in columns])
        if not data.strip():
            return Loaded(pa.RecordBatch.from_pylist([], schema), 0)
        parse = pa_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
        table = _parsed(data, parse)
        if table is None or _is_doubtful(table, data):
            return _line_by_line(data, schema)
        return Loaded(table.select(schema.names).combine_chunks().to_batches()[0], table.num_rows)


def _parsed(data: bytes, parse: pa_json.ParseOptions) -> pa.Table | None:
    """The block as Arrow reads it; None where it reads none."""
    if data.lstrip()[:1] != b"{":  # Arrow ends the process where a block begins with null
        return None
    options = pa_json.ReadOptions(use_threads=False, block_size=len(data) + 1)
    try:
        return pa_json.read_json(pa.BufferReader(data), options, parse)
    except pa.ArrowException:
        return None


def _stable(kind: pa.DataType) -> pa.DataType:
    """Text that looks like a time stays text; a column without a cell may still become text."""
    return pa.string() if pa.types.is_timestamp(kind) or pa.types.is_null(kind) else kind


def _is_doubtful(table: pa.Table, data: bytes) -> bool:
    """Whether Arrow may have changed cells, or read what is not one object of values a line."""
    lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data
    ends = lines.count(b"\n") + (lines[-1:] != b"\n")
    begins = lines.count(b"\n{") + (lines[:1] == b"{")
    if (
        not _is_utf8(data)
        or not table.num_rows == ends == begins
        or any(map(_is_doubtful_column, table.columns))
    ):
        return True
    return b"Inf" in data and bool(_NOT_JSON.search(data))


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_doubtful_column(column: pa.ChunkedArray) -> bool:
    if pa.types.is_nested(column.type):
        return True
    if not pa.types.is_floating(column.type):
        return False
    values = column.fill_null(0).to_numpy()
    return bool((np.abs(values) >= EXACT_INTEGER).any())


def _line_by_line(data: bytes, schema: pa.Schema) -> Loaded:
    rows, malformed = objects(data, schema.names)
    arrays = [_array([row.get(field.name) for _, row in rows], field.type) for field in schema]
    batch = pa.RecordBatch.from_arrays(arrays, schema.names)
    numbers = np.array([number for number, _ in rows], "int64")
    return Loaded(batch, len(rows) + bad_rows(malformed), numbers, tuple(malformed))


def _array(cells: Sequence[object], kind: pa.DataType) -> pa.Array:
    """Cells in the column's type; each as its own JSON where it does not hold one exactly."""
    name = next((name for name, arrow in _TYPES.items() if arrow == kind), JSON)
    return pa.array(cells, kind) if holds(name, cells) else json_cells(cells)
