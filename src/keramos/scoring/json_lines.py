"""JSON Lines: blocks parsed by any thread; malformed lines are reported, not fatal.

Arrow reads a block at once where each column has cells of one type. Where it would change a cell
(an integer beyond 2**53 beside a decimal number) or refuses a block, the lines are read one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.json as pa_json

from keramos.errors import DataError
from keramos.scoring.blocks import open_text
from keramos.scoring.chunks import Chunk, Loaded, Malformed
from keramos.tabular.arrow import JsonCells, json_cells
from keramos.tabular.cell import show
from keramos.tabular.kind import EXACT_INTEGER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from keramos.data.text_blocks import Block
    from keramos.scoring.formats import Format
    from keramos.types.scoring import Position, SourceFile

NOT_AN_OBJECT = "the line is not a JSON object"


class JsonLinesReader:
    """A JSON Lines file: one object a line. The first block says which columns there are and their
    types.
    """

    def __init__(self, file: SourceFile, stream: pa.NativeFile, form: Format) -> None:
        self._name = file.name
        self._text = open_text(file, stream, form)
        sample = self._text.sample()
        self.schema = pa.schema([])
        if sample.strip():
            self.schema = _json_schema(sample, self._name)

    def chunks(self, columns: Sequence[str], start: Position) -> Iterator[Chunk]:
        """Blocks of about 4 MB."""
        schema = pa.schema([self.schema.field(column) for column in columns])

        def loader(block: Block) -> Callable[[], Loaded]:
            return lambda: _json_lines(block, schema)

        for block in self._text.blocks(max(start.offset, self._text.begin), quotes=False):
            yield Chunk(loader(block), block.offset, block.stored)


def _json_schema(sample: bytes, name: str) -> pa.Schema:
    """The columns and their types: one type where all cells have it, else ``JsonCells``."""
    try:
        table = pa_json.read_json(
            pa.BufferReader(sample), pa_json.ReadOptions(block_size=len(sample) + 1)
        )
    except pa.ArrowException:
        table = pa.Table.from_pylist([])
    if table.num_columns and not any(map(_is_doubtful, table.columns)):
        return pa.schema([(field.name, _stable(field.type)) for field in table.schema])
    rows, _ = _objects(sample)
    names = dict.fromkeys(key for _, row in rows for key in row)
    if not names:
        raise DataError(
            f"the file holds no JSON object in its first {len(sample):,} bytes; one a line is "
            "needed",
            file=name,
        )
    return pa.schema([(column, _common([row.get(column) for _, row in rows])) for column in names])


def _stable(kind: pa.DataType) -> pa.DataType:
    """Text that looks like a time stays text; a column without a cell may still become text."""
    return pa.string() if pa.types.is_timestamp(kind) or pa.types.is_null(kind) else kind


def _is_doubtful(column: pa.ChunkedArray | pa.Array) -> bool:
    """Whether Arrow may have changed cells of a column, or read what is not one value."""
    if pa.types.is_nested(column.type):
        return True
    if not pa.types.is_floating(column.type):
        return False
    values = column.fill_null(0).to_numpy()
    return bool((np.abs(values) >= EXACT_INTEGER).any())


_TYPES: tuple[tuple[frozenset[type], pa.DataType], ...] = (
    (frozenset(), pa.string()),
    (frozenset({str}), pa.string()),
    (frozenset({bool}), pa.bool_()),
    (frozenset({int}), pa.int64()),
    (frozenset({float, int}), pa.float64()),
)
"""Python types of the cells of a column -> its Arrow type; the first that has them all counts."""


def _common(values: Sequence[object]) -> pa.DataType:
    kinds = set(map(type, values)) - {type(None)}
    found = next((arrow for types, arrow in _TYPES if kinds <= types), JsonCells())
    return found if _array(values, found).type == found else JsonCells()


def _json_lines(block: Block, schema: pa.Schema) -> Loaded:
    data = block.data
    if not data.strip():
        return Loaded(pa.RecordBatch.from_pylist([], schema), 0)
    options = pa_json.ReadOptions(use_threads=False, block_size=len(data) + 1)
    parse = pa_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
    try:
        table = pa_json.read_json(pa.BufferReader(data), options, parse)
    except pa.ArrowException:
        return _line_by_line(data, schema)
    if any(map(_is_doubtful, table.columns)):
        return _line_by_line(data, schema)
    return Loaded(table.select(schema.names).combine_chunks().to_batches()[0], table.num_rows)


def _line_by_line(data: bytes, schema: pa.Schema) -> Loaded:
    rows, malformed = _objects(data)
    arrays = [_array([row.get(field.name) for _, row in rows], field.type) for field in schema]
    batch = pa.RecordBatch.from_arrays(arrays, schema.names)
    numbers = np.array([number for number, _ in rows], "int64")
    return Loaded(batch, len(rows) + len(malformed), numbers, tuple(malformed))


def _objects(data: bytes) -> tuple[list[tuple[int, dict[str, object]]], list[Malformed]]:
    """Numbered objects, and the lines that hold none; blank lines do not count."""
    rows, malformed = [], []
    lines = (line for line in data.split(b"\n") if line.strip())
    for number, line in enumerate(lines, 1):
        try:
            rows.append((number, _DECODER.decode(line)))
        except (msgspec.DecodeError, UnicodeDecodeError):
            malformed.append(
                Malformed(number, NOT_AN_OBJECT, show(line.decode(errors="replace").strip()))
            )
    return rows, malformed


_DECODER = msgspec.json.Decoder(dict[str, object])


def _array(values: Sequence[object], kind: pa.DataType) -> pa.Array:
    """Cells in the column's type; each as its own JSON where one has another type."""
    kinds = set(map(type, values)) - {type(None)}
    if not any(kinds <= types and arrow == kind for types, arrow in _TYPES):
        return json_cells(values)
    try:
        return pa.array(values, kind)
    except (pa.ArrowException, OverflowError):  # an integer that the type does not hold
        return json_cells(values)
