"""Parquet and Arrow IPC, row group by row group and batch by batch."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from keramos.errors import DataError
from keramos.platform.urls import is_url
from keramos.scoring.chunks import BATCH_ROWS, Chunk, Loaded, check_columns
from keramos.scoring.chunks import readable as readable_with
from keramos.scoring.sources import open_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from keramos.scoring.formats import Format
    from keramos.types.scoring import Position, SourceFile


def arrow_file(file: SourceFile) -> pa.NativeFile:
    """The bytes of a file for Arrow, which reads those of a disk by itself.

    Raises:
        DataError: it cannot be opened.
    """
    stream = open_file(file)
    if file.stream or is_url(file.name):
        return pa.PythonFile(stream, "r")
    stream.close()
    return pa.OSFile(file.name)


def readable(name: str, where: str = "") -> AbstractContextManager[None]:
    """Turn what pyarrow raises about a damaged file into a DataError that says where it is."""
    return readable_with(name, where, pa.ArrowException)


class ParquetReader:
    """A Parquet file. One row group is read at a time: a damaged one is named, and memory stays
    flat.
    """

    def __init__(self, file: SourceFile, form: Format, end: int = 0) -> None:  # noqa: ARG002 (text has one)
        self._name, self._size = file.name, file.size
        if form.compression:
            raise DataError(
                "Parquet compresses inside", file=file.name, remedy="Unpack the file first"
            )
        if file.stream and not sys.stdin.seekable():  # what wraps it says it is, always
            raise DataError(
                "Parquet is read from its end, which a pipe shows too late",
                remedy="Save it as a file, or send Arrow IPC (--format arrow)",
            )
        with readable(self._name):
            self._file = pq.ParquetFile(arrow_file(file))
            self.schema = self._file.schema_arrow
        check_columns(self.schema, self._name)

    def chunks(self, columns: Sequence[str], start: Position) -> Iterator[Chunk]:
        """Batches of at most ``BATCH_ROWS`` rows; none spans two row groups."""
        metadata, before = self._file.metadata, 0
        for group in range(metadata.num_row_groups):
            rows = metadata.row_group(group).num_rows
            if before + rows > start.rows:
                yield from self._group(group, columns, before, start.rows)
            before += rows

    def _group(self, group: int, columns: Sequence[str], before: int, skip: int) -> Iterator[Chunk]:
        at, all_rows = before, max(self._file.metadata.num_rows, 1)
        with readable(self._name, f"row group {group} (from row {before + 1})"):
            batches = self._file.iter_batches(BATCH_ROWS, [group], list(columns))
            for batch in batches:
                at += batch.num_rows
                if at > skip:
                    yield _ready(batch, at, self._size * at // all_rows)
            rows = self._file.metadata.row_group(group).num_rows
            if at - before != rows:
                raise DataError(
                    f"the row group has another number of rows than it states, {rows}",
                    received=str(at - before),
                    file=self._name,
                    path=f"row group {group}",
                )


class IpcReader:
    """An Arrow IPC file (Feather version 2) or stream."""

    def __init__(self, file: SourceFile, form: Format, end: int = 0) -> None:  # noqa: ARG002 (text has one)
        self._name, self._size = file.name, file.size
        stream = arrow_file(file)
        with readable(self._name):
            if form.compression:
                stream = pa.CompressedInputStream(stream, form.compression)
            elif file.size and stream.seekable() and stream.read(6) == b"ARROW1":
                self._file = pa.ipc.open_file(stream)
                self.schema = self._file.schema
                self._batches = self._of_file()
                check_columns(self.schema, self._name)
                return
            elif file.size:
                stream.seek(0)
            self._stream = pa.ipc.open_stream(stream)
            self.schema = self._stream.schema
            self._batches = iter(self._stream)
        check_columns(self.schema, self._name)

    def _of_file(self) -> Iterator[pa.RecordBatch]:
        for number in range(self._file.num_record_batches):
            with readable(self._name, f"record batch {number}"):
                batch = self._file.get_batch(number)
            yield batch

    def chunks(self, columns: Sequence[str], start: Position) -> Iterator[Chunk]:
        """Batches of at most ``BATCH_ROWS`` rows."""
        at = 0
        with readable(self._name, "a record batch"):
            for whole in self._batches:
                for place in range(0, whole.num_rows, BATCH_ROWS):
                    batch = whole.slice(place, BATCH_ROWS).select(list(columns))
                    at += batch.num_rows
                    if at > start.rows:
                        yield _ready(batch, at, 0)


def _ready(batch: pa.RecordBatch, offset: int, stored: int) -> Chunk:
    return Chunk(lambda: Loaded(batch, batch.num_rows), offset, stored)
