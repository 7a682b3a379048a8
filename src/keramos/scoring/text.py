"""CSV, TSV and JSON Lines: blocks of text parsed by any thread; rows that are none are listed, not
fatal.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.json as pa_json

from keramos.errors import DataError
from keramos.scoring.blocks import Text
from keramos.scoring.chunks import Chunk, Loaded, Malformed, check_columns, readable
from keramos.tabular.cell import show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from keramos.scoring.blocks import Block
    from keramos.scoring.formats import Format
    from keramos.types.scoring import Position, SourceFile

_DELIMITERS = ",;\t|"
NOT_AN_OBJECT = "the line is not a JSON object"
NOT_ONE_VALUE = "a cell must be one value"


class DelimitedReader:
    """A CSV or TSV file (RFC 4180, UTF-8). Every cell stays text: what it means is for the schema
    to say.
    """

    def __init__(self, file: SourceFile, stream: pa.NativeFile, form: Format) -> None:
        self._name = file.name
        self._text = Text(file, stream, form)
        head = self._text.head(quotes=True)
        self._begin = len(head)
        line = _decoded(head, self._name)
        self._delimiter = max(_DELIMITERS, key=line.count)
        header = next(csv.reader(io.StringIO(line, newline=""), delimiter=self._delimiter), [])
        self.schema = pa.schema([(name.strip(), pa.string()) for name in header])
        check_columns(self.schema, self._name)

    def chunks(self, columns: Sequence[str], start: Position) -> Iterator[Chunk]:
        """Blocks of about 4 MB."""
        names, name, delimiter = self.schema.names, self._name, self._delimiter

        def loader(block: Block) -> Callable[[], Loaded]:
            return lambda: _delimited(block, names, columns, delimiter, name)

        begin = max(start.offset, self._text.begin + self._begin)
        for block in self._text.blocks(begin, quotes=True):
            yield Chunk(loader(block), block.offset, block.stored)


def _decoded(data: bytes, name: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise DataError(
            f"byte {error.start} is 0x{data[error.start]:02x}, which is not UTF-8",
            file=name,
            remedy="Save the file as UTF-8",
        ) from None


def _delimited(
    block: Block, names: Sequence[str], columns: Sequence[str], delimiter: str, name: str
) -> Loaded:
    malformed: list[Malformed] = []

    def odd(row: pa_csv.InvalidRow) -> str:
        rule = f"the row has {row.actual_columns} cells, the header has {row.expected_columns}"
        malformed.append(Malformed(row.number, rule, show(row.text)))
        return "skip"

    empty = pa.RecordBatch.from_pylist([], pa.schema([(column, pa.string()) for column in columns]))
    if not block.data.strip(b"\r\n"):
        return Loaded(empty, 0)
    read = pa_csv.ReadOptions(column_names=names, use_threads=False, block_size=len(block.data) + 1)
    parse = pa_csv.ParseOptions(
        delimiter=delimiter,
        newlines_in_values=True,
        invalid_row_handler=odd,
        ignore_empty_lines=len(names) > 1,  # of an only column a blank line is a missing cell
    )
    convert = pa_csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()), include_columns=list(columns)
    )
    with readable(name, f"before byte {block.offset:,} of its text"):
        table = pa_csv.read_csv(pa.BufferReader(block.data), read, parse, convert)
    batch = table.combine_chunks().to_batches()[0] if table.num_rows else empty
    rows = batch.num_rows + len(malformed)
    return Loaded(batch, rows, _others(rows, malformed), tuple(malformed))


def _others(
    rows: int, malformed: Sequence[Malformed]
) -> np.ndarray[tuple[int], np.dtype[np.int64]] | None:
    """The numbers, from 1, of the rows that are not malformed."""
    return (
        np.delete(np.arange(1, rows + 1), [row.row - 1 for row in malformed]) if malformed else None
    )


class JsonLinesReader:
    """A JSON Lines file: one object a line. The first block says which columns there are and their
    types.
    """

    def __init__(self, file: SourceFile, stream: pa.NativeFile, form: Format) -> None:
        self._name = file.name
        self._text = Text(file, stream, form)
        self._text.head(quotes=False)
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
    try:
        table = pa_json.read_json(
            pa.BufferReader(sample), pa_json.ReadOptions(block_size=len(sample) + 1)
        )
    except pa.ArrowException:
        table = pa.Table.from_pylist([])
    if table.num_columns:
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
    """Text that looks like a time stays text; nothing yet may become anything."""
    return pa.string() if pa.types.is_timestamp(kind) or pa.types.is_null(kind) else kind


def _common(values: Sequence[object]) -> pa.DataType:
    try:
        return _stable(pa.array(values).type)
    except pa.ArrowException:
        return pa.string()


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
    return Loaded(table.select(schema.names).combine_chunks().to_batches()[0], table.num_rows)


def _line_by_line(data: bytes, schema: pa.Schema) -> Loaded:
    """The long way, for a block in which a line is broken or cells change their kind."""
    rows, malformed = _objects(data)
    good = []
    for number, row in rows:
        odd = [column for column in schema.names if isinstance(row.get(column), (list, dict))]
        malformed += [Malformed(number, NOT_ONE_VALUE, show(row[column]), column) for column in odd]
        if not odd:
            good.append((number, row))
    arrays = [_array([row.get(field.name) for _, row in good], field.type) for field in schema]
    batch = pa.RecordBatch.from_arrays(arrays, schema.names)
    count = len(good) + len({row.row for row in malformed})
    return Loaded(batch, count, np.array([number for number, _ in good], "int64"), tuple(malformed))


def _objects(data: bytes) -> tuple[list[tuple[int, dict[str, object]]], list[Malformed]]:
    """Numbered objects, and the lines that are none; blank lines do not count."""
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
    """Cells in the column's type, or as text where one does not fit it."""
    try:
        return pa.array(values, kind)
    except pa.ArrowException:
        return pa.array(
            [value if value is None or isinstance(value, str) else str(value) for value in values]
        )
