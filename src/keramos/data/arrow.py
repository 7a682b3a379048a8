"""Parquet and Arrow IPC through pyarrow (extra ``tables``)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from keramos.errors import DataError
from keramos.tabular.arrow import arrow_column
from keramos.tabular.columns import table_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.types.table import Table


_MANY_BYTES = 16 << 20
"""Size of a Parquet file from which on its columns are decoded by several threads."""


def read_parquet(data: bytes, source: str) -> Table:
    """A table from the bytes of a Parquet file.

    Raises:
        DataError: not Parquet, or a column name appears twice.
    """
    # A thread of pyarrow that lets go of Python's bytes while the process ends aborts it
    # (apache/arrow issue 34314). pq.read_table leaves such threads behind; small files need none.
    threads = len(data) > _MANY_BYTES

    def read() -> pa.Table:
        return pq.ParquetFile(pa.BufferReader(data)).read(use_threads=threads)

    return from_arrow(_read(read, source, "Parquet"), source)


def read_ipc(data: bytes, source: str) -> Table:
    """A table from the bytes of an Arrow IPC file or stream (Feather version 2 is the file form).

    Raises:
        DataError: not Arrow IPC, or a column name appears twice.
    """
    opener = pa.ipc.open_file if data.startswith(b"ARROW1") else pa.ipc.open_stream
    return from_arrow(
        _read(lambda: opener(pa.BufferReader(data)).read_all(), source, "Arrow IPC"), source
    )


def _read(read: Callable[[], pa.Table], source: str, what: str) -> pa.Table:
    try:
        return read()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise DataError(f"the file is not a readable {what} file: {reason}", file=source) from None


def from_arrow(table: pa.Table, source: str) -> Table:
    """An Arrow table as a Table.

    Raises:
        DataError: a column name appears twice.
    """
    twice = [name for name, count in Counter(table.column_names).items() if count > 1]
    if twice:
        raise DataError(
            "the column name appears more than once",
            file=source,
            column=str(twice[0]),
            remedy="Rename one",
        )
    return table_of(source, {str(n): arrow_column(table.column(n)) for n in table.column_names})
