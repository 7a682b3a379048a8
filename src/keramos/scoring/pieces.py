"""The source as decided pieces, in order: files opened, read ahead, decided by several threads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from keramos.data.conform import check_present
from keramos.errors import DataError
from keramos.scoring.columnar import IpcReader, ParquetReader
from keramos.scoring.delimited import DelimitedReader
from keramos.scoring.formats import TEXT, format_of
from keramos.scoring.json_lines import JsonLinesReader
from keramos.scoring.overlap import in_order
from keramos.scoring.sources import check_unchanged, open_file
from keramos.tabular.arrow import kept_type
from keramos.types.scoring import Position

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from keramos.inference.scored import Scorer
    from keramos.scoring.chunks import Chunk, Loaded, Reader
    from keramos.types.drift import InputCounts
    from keramos.types.scoring import SourceFile

READERS: dict[str, Callable[..., Reader]] = {
    "parquet": ParquetReader,
    "arrow": IpcReader,
    "csv": DelimitedReader,
    "tsv": DelimitedReader,
    "jsonl": JsonLinesReader,
}
"""Format -> reader of an open file."""

REJECTS = pa.schema(
    [
        ("file", pa.string()),
        ("row", pa.int64()),
        ("column", pa.string()),
        ("rule", pa.string()),
        ("value", pa.string()),
    ]
)
"""Columns of the list of bad cells; ``row`` counts the rows of the file from 1, without a
header.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A decided piece of file number ``file``, or with ``last`` its end. ``rejected`` has the
    columns of ``REJECTS`` with rows counted from the beginning of the piece.
    """

    file: int
    offset: int
    stored: int
    rows: int = 0
    decided: pa.RecordBatch | None = None
    rejected: pa.RecordBatch | None = None
    rejected_rows: int = 0
    drift: tuple[InputCounts, ...] = ()
    last: bool = False


class Source:
    """Files of one format with the columns that a model needs; or a stream, which ``stream`` reads
    once.
    """

    def __init__(
        self, files: Sequence[SourceFile], form: str, stream: Reader | None = None
    ) -> None:
        self.files = tuple(files)
        self.form = form
        self._stream = stream

    def schema(self) -> pa.Schema:
        """The columns of the first file that has any; partitions are columns too. None where JSON
        Lines have no row that names one.

        Raises:
            DataError: all files are empty, and their format has a header.
        """
        if self.files[0].stream:
            self._stream = self._reader(self.files[0])
            return self._stream.schema
        for file in self.files:
            if not self._empty(file) and (schema := self._reader(file).schema).names:
                return _with_partition(schema, file)
        if self.form == "jsonl":
            return pa.schema([])
        raise DataError("every file is empty, so there are no columns", file=self.files[0].name)

    def _empty(self, file: SourceFile) -> bool:
        return self.form in TEXT and file.size == 0 and not file.stream

    def _reader(self, file: SourceFile, end: int = 0) -> Reader:
        if self._stream is not None:
            return self._stream
        form = format_of(file.name, self.form)
        if form is None:
            raise DataError("the format of the file is not known", file=file.name)
        return READERS[self.form](file, open_file(file, end), form)

    def pieces(
        self,
        scorer: Scorer,
        kept: pa.Schema,
        start: Position,
        threads: int,
        end: Position | None = None,
    ) -> Generator[Piece]:
        """What became of all rows from ``start`` on, up to ``end`` or all.

        Args:
            scorer: decides.
            kept: the kept columns, which must have these types in every file.
            start: where an earlier run stopped.
            threads: batches in work at once.
            end: a place where a piece ends.

        Raises:
            DataError: a file cannot be read, lacks a column, or was changed meanwhile.
        """

        def work(step: tuple[int, Chunk | None]) -> Piece:
            number, chunk = step
            if chunk is None:
                return Piece(number, 0, self.files[number].size, last=True)
            return _decided(chunk, number, self.files[number], scorer, kept)

        return in_order(
            self._steps([*scorer.needs], kept, start, end or Position(len(self.files))),
            work,
            threads,
        )

    def _steps(
        self, needs: list[str], kept: pa.Schema, start: Position, end: Position
    ) -> Iterator[tuple[int, Chunk | None]]:
        for number in range(start.file, end.file + (end.offset > 0)):
            file = self.files[number]
            at = start if number == start.file else Position(number)
            until = end.offset if number == end.file else 0
            if not self._empty(file):
                for chunk in self._chunks(file, needs, kept, at, until):
                    yield number, chunk
                    if until and chunk.offset >= until:
                        break
            check_unchanged(file)
            if not until:
                yield number, None

    def _chunks(
        self, file: SourceFile, needs: list[str], kept: pa.Schema, start: Position, end: int
    ) -> Iterator[Chunk]:
        reader = self._reader(file, end if self.form in TEXT else 0)
        if not reader.schema.names:  # JSON Lines without a row
            return
        own = _with_partition(reader.schema, file)
        check_present(own.names, needs, file.name)
        _check_kept(own, kept, file.name, self.files[0].name)
        yield from reader.chunks([name for name in needs if name in reader.schema.names], start)


def _with_partition(schema: pa.Schema, file: SourceFile) -> pa.Schema:
    for key, _ in file.partition:
        if key not in schema.names:
            schema = schema.append(pa.field(key, pa.string()))
    return schema


def _check_kept(own: pa.Schema, kept: pa.Schema, name: str, first: str) -> None:
    for field in kept:
        if kept_type(own.field(field.name).type) != field.type:
            raise DataError(
                f"a column that is kept must have one type in all files; it is {field.type} in "
                f"{first}",
                received=str(own.field(field.name).type),
                file=name,
                column=field.name,
            )


def _check_cells(decided: pa.RecordBatch, kept: pa.Schema, name: str) -> None:
    """Refuse JSON Lines whose kept cells have other types than those in the first block, by which
    the answers' columns were chosen: a cell is carried exactly or not at all.
    """
    for place, field in enumerate(kept):
        found = decided.schema.field(place).type
        if found != field.type:
            raise DataError(
                f"a column that is kept has cells of other types further on; at first it is "
                f"{field.type}",
                received=str(found),
                file=name,
                column=field.name,
                remedy="Give all its cells one type, for example text",
            )


def _decided(chunk: Chunk, number: int, file: SourceFile, scorer: Scorer, kept: pa.Schema) -> Piece:
    loaded = chunk.load()
    batch = loaded.batch
    for key, value in file.partition:
        if key in scorer.needs and key not in batch.schema.names:
            batch = batch.append_column(key, pa.repeat(value, batch.num_rows))
    scored = scorer.score(batch, file.name)
    _check_cells(scored.decided, kept, file.name)
    rejected = _rejected(scored.rejected, loaded, file.name)
    bad = scored.rejected_rows + len({row.row for row in loaded.malformed})
    return Piece(
        number, chunk.offset, chunk.stored, loaded.rows, scored.decided, rejected, bad, scored.drift
    )


def _rejected(cells: pa.RecordBatch, loaded: Loaded, name: str) -> pa.RecordBatch | None:
    """Cells and malformed rows as one list by row, or None where there are none."""
    if not cells.num_rows and not loaded.malformed:
        return None
    rows = cells.column("row")
    if loaded.numbers is not None:
        rows = pa.array(loaded.numbers).take(pc.subtract(rows, 1))
    listed = pa.Table.from_arrays([rows, *cells.columns[1:]], REJECTS.names[1:])
    if loaded.malformed:
        odd = [(row.row, row.column, row.rule, row.value) for row in loaded.malformed]
        columns = zip(zip(*odd, strict=True), list(REJECTS)[1:], strict=True)
        arrays = [pa.array(values, field.type) for values, field in columns]
        listed = pa.concat_tables([listed, pa.Table.from_arrays(arrays, REJECTS.names[1:])])
        listed = listed.sort_by([("row", "ascending"), ("column", "ascending")])
    listed = listed.add_column(0, "file", pa.repeat(name, listed.num_rows))
    return listed.combine_chunks().to_batches()[0].cast(REJECTS)
