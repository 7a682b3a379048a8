"""Parquet in a request -> a table, no larger than a request may be (extra ``tables``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.errors import DataError, MissingExtraError, RequestError
from keramos.serving.codecs.row_cells import check_count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.types.table import Table

_SOURCE = "the body"
_ROWS_AT_ONCE = 1024
_LARGEST = 1 << 30
"""Bytes of a table in memory at most: a small file can hold one text a million times."""


def read_parquet(body: bytes, names: Sequence[str], most: int) -> Table:
    """The named columns, those that are there; rows are counted while they are read.

    Raises:
        DataError: it is no Parquet.
        RequestError: it has more than ``most`` rows, or is too large.
        MissingExtraError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 (an extra)
        import pyarrow.parquet as pq  # noqa: PLC0415

        from keramos.data.arrow import from_arrow  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError(
            f"Parquet needs {error.name}",
            remedy="Install it with: pip install 'keramos[tables]'",
        ) from None
    batches, rows, size = [], 0, 0
    try:
        file = pq.ParquetFile(pa.BufferReader(body))
        check_count(file.metadata.num_rows, most)
        schema = pa.schema([field for field in file.schema_arrow if field.name in set(names)])
        for batch in file.iter_batches(_ROWS_AT_ONCE, columns=schema.names):
            rows, size = rows + batch.num_rows, size + batch.nbytes
            check_count(rows, most)
            if size > _LARGEST:
                raise RequestError(
                    f"the table takes more than {_LARGEST} bytes in memory: send it in parts"
                )
            batches.append(batch)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise DataError(f"{_SOURCE} is not a readable Parquet file: {reason}") from None
    return from_arrow(pa.Table.from_batches(batches, schema if not batches else None), _SOURCE)
