"""Parquet and Arrow IPC through pyarrow (extra ``tables``)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from keramos.data.columns import array_column, show, table_of
from keramos.errors import DataError
from keramos.types.table import Column

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from keramos.types.table import Table

    Convert = Callable[[pa.ChunkedArray], NDArray[np.generic]]


def read_parquet(data: bytes, source: str) -> Table:
    """A table from the bytes of a Parquet file.

    Raises:
        DataError: not Parquet, or a column holds lists or structures.
    """
    return from_arrow(
        _read(lambda: pq.read_table(pa.BufferReader(data)), source, "Parquet"), source
    )


def read_ipc(data: bytes, source: str) -> Table:
    """A table from the bytes of an Arrow IPC file or stream (Feather version 2 is the file form).

    Raises:
        DataError: not Arrow IPC, or a column holds lists or structures.
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
        raise DataError(f"{source} is not a readable {what} file: {reason}") from None


def from_arrow(table: pa.Table, source: str) -> Table:
    """An Arrow table as a Table.

    Raises:
        DataError: a column name appears twice, or a column holds lists or structures.
    """
    twice = [name for name, count in Counter(table.column_names).items() if count > 1]
    if twice:
        raise DataError(
            f"{source}: column name {show(twice[0])} appears more than once; rename one"
        )
    return table_of(
        source,
        {
            str(name): arrow_column(table.column(name), str(name), source)
            for name in table.column_names
        },
    )


def arrow_column(chunked: pa.ChunkedArray, name: str, source: str) -> Column:
    """One column of an Arrow table.

    Raises:
        DataError: it holds lists or structures.
    """
    kind = chunked.type
    categorical = pa.types.is_dictionary(kind)
    if categorical:
        kind = kind.value_type
        chunked = chunked.cast(kind)
    missing = np.asarray(chunked.is_null(nan_is_null=pa.types.is_floating(kind)))
    for test, convert in _KINDS:
        if test(kind):
            column = array_column(convert(chunked), missing.astype(bool), name=name, source=source)
            return Column(
                column.values, column.missing, column.text and not categorical, categorical
            )
    raise DataError(
        f"{source}: column '{name}' has type {kind}, which is not a number, text, boolean or date"
    )


def _filled(value: object, dtype: str) -> Convert:
    return lambda chunked: chunked.fill_null(value).to_numpy().astype(dtype)


def _is_int(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind))


def _local(chunked: pa.ChunkedArray) -> NDArray[np.generic]:
    """Timestamps as their own clock shows them: a time zone is dropped, the local hour stays."""
    if chunked.type.tz:
        chunked = pc.local_timestamp(chunked)
    return np.asarray(chunked.cast(pa.timestamp("us"), safe=False).to_numpy(), "datetime64[us]")


_KINDS = (
    (pa.types.is_boolean, _filled(False, "bool")),
    (_is_int, lambda chunked: chunked.fill_null(0).to_numpy()),
    (pa.types.is_floating, lambda chunked: chunked.cast(pa.float64()).fill_null(np.nan).to_numpy()),
    (pa.types.is_decimal, lambda chunked: chunked.cast(pa.float64()).fill_null(np.nan).to_numpy()),
    (pa.types.is_null, lambda chunked: np.full(len(chunked), np.nan)),
    (pa.types.is_timestamp, _local),
    (
        pa.types.is_date,
        lambda chunked: chunked.cast(pa.timestamp("us")).to_numpy().astype("datetime64[us]"),
    ),
    (
        lambda kind: (
            pa.types.is_string(kind)
            or pa.types.is_large_string(kind)
            or pa.types.is_string_view(kind)
        ),
        lambda chunked: np.array(chunked.to_pylist(), object),
    ),
)
