"""Parquet in a request -> tables, no larger than a request may be (extra ``tables``).

A file of a few bytes can hold one text a million times. So rows, values and bytes are counted from
the file's own description first, texts stay in their dictionary until it is known how long all of
them are, and rows are read some at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.errors import DataError, MissingExtraError, RequestError
from keramos.serving.codecs.row_cells import check_count
from keramos.serving.core.limits import MAX_VALUES
from keramos.serving.core.memory import reserve

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa
    import pyarrow.parquet as pq

    from keramos.types.table import Table

_SOURCE = "the body"
_ROWS_AT_ONCE = 1024
_LARGEST = 1 << 28
"""Bytes of the columns in memory at most, as the file describes them."""
_LARGEST_BATCH = 1 << 26
"""Bytes of the rows that are read at once."""


def parquet_tables(body: bytes, names: Sequence[str], most: int) -> tuple[int, Iterator[Table]]:
    """The number of rows, and tables of some rows each, with the named columns that are there.

    Raises:
        DataError: the body is not Parquet; also while tables are read.
        RequestError: it has more than ``most`` rows, or is too large; also while tables are read.
        MissingExtraError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 (an extra)
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError(
            f"Parquet needs {error.name}",
            remedy="Install it with: pip install 'keramos[tables]'",
        ) from None
    try:
        file = pq.ParquetFile(pa.BufferReader(body))
        schema = pa.schema([field for field in file.schema_arrow if field.name in set(names)])
        texts = [field.name for field in schema if _is_text(field.type)]
        if texts:
            file = pq.ParquetFile(pa.BufferReader(body), read_dictionary=texts)
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(error) from None
    rows = file.metadata.num_rows
    check_count(rows, most)
    _check_size(file.metadata, schema.names)
    return rows, _tables(file, schema, most)


def _is_text(kind: pa.DataType) -> bool:
    import pyarrow as pa  # noqa: PLC0415 (an extra)

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _check_size(metadata: pq.FileMetaData, names: Sequence[str]) -> None:
    wanted = set(names)
    values = size = 0
    for group in range(metadata.num_row_groups):
        found = metadata.row_group(group)
        for index in range(found.num_columns):
            column = found.column(index)
            if column.path_in_schema.split(".")[0] in wanted:
                values += column.num_values
                size += column.total_uncompressed_size
    if values > MAX_VALUES:
        raise RequestError(f"the table has more than {MAX_VALUES} values: send it in parts")
    _check_bytes(size, _LARGEST)
    reserve(size)


def _check_bytes(size: int, most: int) -> None:
    if size > most:
        raise RequestError(f"the table takes more than {most} bytes in memory: send it in parts")


def _tables(file: pq.ParquetFile, schema: pa.Schema, most: int) -> Iterator[Table]:
    import pyarrow as pa  # noqa: PLC0415 (an extra)

    from keramos.data.arrow import from_arrow  # noqa: PLC0415 (an extra)

    rows = 0
    try:
        for batch in file.iter_batches(_ROWS_AT_ONCE, columns=schema.names):
            rows += batch.num_rows
            check_count(rows, most)
            _check_bytes(sum(_decoded_size(column) for column in batch.columns), _LARGEST_BATCH)
            yield from_arrow(pa.Table.from_batches([batch]), _SOURCE)
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(error) from None
    if not rows:
        yield from_arrow(schema.empty_table(), _SOURCE)


def _decoded_size(column: pa.Array) -> int:
    """Bytes of a column once its texts are no longer in a dictionary."""
    import pyarrow as pa  # noqa: PLC0415 (an extra)
    import pyarrow.compute as pc  # noqa: PLC0415 (an extra)

    if not pa.types.is_dictionary(column.type) or not _is_text(column.type.value_type):
        return int(column.nbytes)
    lengths = pc.binary_length(column.dictionary).cast(pa.int64())
    return int(pc.sum(lengths.take(column.indices)).as_py() or 0)


def _unreadable(error: Exception) -> DataError:
    reason = str(error).partition("\n")[0]
    return DataError(f"{_SOURCE} is not a readable Parquet file: {reason}")
