"""CSV and TSV: blocks of text parsed by any thread; malformed rows are reported, not fatal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from keramos.data.delimited import OPEN_QUOTE, QUOTE, cells_of, dialect_of, open_quote
from keramos.errors import DataError
from keramos.scoring.blocks import open_text
from keramos.scoring.chunks import Chunk, Loaded, Malformed, readable
from keramos.tabular.cell import show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from keramos.data.delimited import Dialect
    from keramos.data.text_blocks import Block
    from keramos.scoring.formats import Format
    from keramos.types.scoring import Position, SourceFile


class DelimitedReader:
    """A CSV or TSV file (RFC 4180, UTF-8). Every cell stays text: what it means is for the schema
    to say.
    """

    def __init__(self, file: SourceFile, stream: pa.NativeFile, form: Format) -> None:
        self._name, self._size = file.name, file.size
        self._text = open_text(file, stream, form)
        self._dialect = dialect_of(self._text)
        self.schema = pa.schema([(name, pa.string()) for name in self._dialect.names])

    def chunks(self, columns: Sequence[str], start: Position) -> Iterator[Chunk]:
        """Blocks of about 4 MB."""
        name, dialect, size = self._name, self._dialect, self._size

        def loader(block: Block) -> Callable[[], Loaded]:
            return lambda: _delimited(block, dialect, columns, name, last=block.stored >= size)

        for block in self._text.blocks(max(start.offset, dialect.begin), quotes=True):
            yield Chunk(loader(block), block.offset, block.stored)


def _delimited(
    block: Block, dialect: Dialect, columns: Sequence[str], name: str, *, last: bool
) -> Loaded:
    names, delimiter = dialect.names, dialect.delimiter
    malformed: list[Malformed] = []

    def odd(row: pa_csv.InvalidRow) -> str:
        rule = f"the row {dialect.ragged(row.actual_columns)}"
        malformed.append(Malformed(row.number, rule, show(cells_of(row.text, delimiter))))
        return "skip"

    if last and open_quote(block.data, delimiter):
        before = block.offset - len(block.data)
        raise DataError(f"after byte {before:,} of the text: {OPEN_QUOTE}", file=name, remedy=QUOTE)
    empty = pa.RecordBatch.from_pylist([], pa.schema([(column, pa.string()) for column in columns]))
    if not block.data.strip(b"\r\n"):
        return Loaded(empty, 0)
    read = pa_csv.ReadOptions(
        column_names=list(names), use_threads=False, block_size=len(block.data) + 1
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
