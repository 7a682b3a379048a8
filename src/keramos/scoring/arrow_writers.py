"""Record batches -> files by Arrow (extra ``tables``)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Protocol

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from keramos.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from keramos.scoring.backend import Writer
    from keramos.scoring.formats import Format

_GROUP_ROWS = 1 << 18
"""Rows of a row group or record batch; fewer only at the end of a file."""

_NEEDS_ESCAPE = r'["\\\x00-\x1f]'


class _TableWriter(Protocol):
    def write_table(self, table: pa.Table) -> None: ...
    def close(self) -> None: ...


class _Grouped:
    """Collects small batches, so that row groups have a good size."""

    def __init__(self, sink: pa.NativeFile, schema: pa.Schema, writer: _TableWriter) -> None:
        self._sink, self._schema, self._writer = sink, schema, writer
        self._waiting: list[pa.RecordBatch] = []
        self._rows = 0

    def write(self, batch: pa.RecordBatch) -> None:
        self._waiting.append(batch)
        self._rows += batch.num_rows
        if self._rows >= _GROUP_ROWS:
            self._flush()

    def _flush(self) -> None:
        table = pa.Table.from_batches(self._waiting, self._schema).combine_chunks()
        self._writer.write_table(table)
        self._waiting, self._rows = [], 0

    def close(self) -> None:
        try:
            if self._rows:
                self._flush()
            self._writer.close()
        finally:
            self._sink.close()


def _parquet(sink: pa.NativeFile, schema: pa.Schema, *, header: bool) -> Writer:  # noqa: ARG001 (all have one)
    # A dictionary helps where values repeat; scores and row numbers do not, and trying it is most
    # of the work.
    repeating = [field.name for field in schema if not _is_number(field.type)]
    return _Grouped(sink, schema, pq.ParquetWriter(sink, schema, use_dictionary=repeating))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _arrow(sink: pa.NativeFile, schema: pa.Schema, *, header: bool) -> Writer:  # noqa: ARG001
    return _Grouped(sink, schema, pa.ipc.new_file(sink, schema))


class _Delimited:
    def __init__(
        self, sink: pa.NativeFile, schema: pa.Schema, delimiter: str, *, header: bool
    ) -> None:
        self._sink, self._schema = (
            sink,
            pa.schema([(field.name, _plain(field.type)) for field in schema]),
        )
        options = pa_csv.WriteOptions(include_header=header, delimiter=delimiter)
        self._writer = pa_csv.CSVWriter(sink, self._schema, write_options=options)

    def write(self, batch: pa.RecordBatch) -> None:
        self._writer.write_batch(batch.cast(self._schema))

    def close(self) -> None:
        try:
            self._writer.close()
        finally:
            self._sink.close()


def _plain(kind: pa.DataType) -> pa.DataType:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.string() if pa.types.is_string_view(kind) else kind


def _csv(sink: pa.NativeFile, schema: pa.Schema, *, header: bool) -> Writer:
    return _Delimited(sink, schema, ",", header=header)


def _tsv(sink: pa.NativeFile, schema: pa.Schema, *, header: bool) -> Writer:
    return _Delimited(sink, schema, "\t", header=header)


class _JsonLines:
    def __init__(self, sink: pa.NativeFile, schema: pa.Schema, *, header: bool) -> None:  # noqa: ARG002
        self._sink = sink
        self._keys = [msgspec.json.encode(name).decode() + ":" for name in schema.names]

    def write(self, batch: pa.RecordBatch) -> None:
        parts: list[object] = []
        for number, (key, column) in enumerate(zip(self._keys, batch.columns, strict=True)):
            parts += [("," if number else "{") + key, _json_cells(column)]
        lines = pc.binary_join_element_wise(*parts, "}\n", "")
        self._sink.write("".join(lines.to_pylist()).encode())

    def close(self) -> None:
        self._sink.close()


def _json_cells(column: pa.Array) -> pa.Array:
    """The cells as JSON (RFC 8259); NaN and infinities, which JSON lacks, as null."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.dictionary_decode(), kind.value_type
    if pa.types.is_floating(kind):
        column = pc.if_else(pc.is_finite(column), column, None)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind):
        return pc.fill_null(column.cast(pa.string()), "null")
    text = column.cast(pa.string())
    if pc.any(pc.match_substring_regex(text, _NEEDS_ESCAPE)).as_py():
        return pa.array([msgspec.json.encode(cell).decode() for cell in text.to_pylist()])
    return pc.fill_null(pc.binary_join_element_wise('"', text, '"', ""), "null")


WRITERS: dict[str, Callable[..., Writer]] = {
    "parquet": _parquet,
    "arrow": _arrow,
    "csv": _csv,
    "tsv": _tsv,
    "jsonl": _JsonLines,
}
"""Format -> what opens a writer on a sink for a schema; ``header``: whether a line of names comes
first.
"""


def open_writer(path: Path, form: Format, schema: pa.Schema, *, header: bool = True) -> Writer:
    """A new file at ``path``."""
    sink = pa.OSFile(str(path), "wb")
    return writer_on(sink, form, schema, header=header)


def stream_writer(form: Format, schema: pa.Schema) -> Writer:
    """A writer on standard output, which stays open."""
    sink = pa.PythonFile(open(sys.stdout.fileno(), "wb", closefd=False), "w")  # noqa: SIM115 (the writer closes it)
    if form.name == "arrow":
        return _Grouped(
            sink, schema, pa.ipc.new_stream(sink, schema)
        )  # a file would be read from its end
    return writer_on(sink, form, schema)


def writer_on(
    sink: pa.NativeFile, form: Format, schema: pa.Schema, *, header: bool = True
) -> Writer:
    """A writer on an open sink.

    Raises:
        UsageError: a kept column cannot be written in this format.
    """
    nested = [field.name for field in schema if pa.types.is_nested(field.type)]
    if nested and form.name in {"csv", "tsv", "jsonl"}:
        raise UsageError(
            f"the column holds lists or structures, which {form.name} cannot",
            column=nested[0],
            remedy="Write parquet",
        )
    if form.compression:
        sink = pa.CompressedOutputStream(sink, form.compression)
    return WRITERS[form.name](sink, schema, header=header)


def join_columns(parts: Sequence[Path], path: Path, form: Format, schema: pa.Schema) -> None:
    """One Parquet or Arrow IPC file of the rows of all parts."""
    writer = open_writer(path, form, schema)
    for part in parts:
        with pa.OSFile(str(part)) as stream:
            if form.name == "parquet":
                for batch in pq.ParquetFile(stream, pre_buffer=False).iter_batches(
                    _GROUP_ROWS
                ):  # else all at once
                    writer.write(batch)
            else:
                file = pa.ipc.open_file(stream)
                for number in range(file.num_record_batches):
                    writer.write(file.get_batch(number))
    writer.close()
