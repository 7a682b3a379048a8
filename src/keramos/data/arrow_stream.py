"""Parquet files of any size as one table of bounded size, batch by batch (extra ``tables``)."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from keramos.data.arrow import from_arrow
from keramos.data.row_sample import row_hashes, smallest
from keramos.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from keramos.types.table import Table

_BATCH = 65_536


class _Sample:
    """The rows with the smallest hashes of all batches so far, at most twice ``most``."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._parts: list[pa.Table] = []
        self._hashes: list[np.ndarray] = []
        self._count = 0
        self._limit = np.uint64(2**64 - 1)

    def add(self, batch: pa.Table, hashes: np.ndarray) -> None:
        """Keep the rows of a batch that may be among the smallest of all."""
        if self._limit < np.uint64(2**64 - 1):
            good = np.flatnonzero(hashes <= self._limit)
            batch, hashes = batch.take(pa.array(good)), hashes[good]
        self._parts.append(batch)
        self._hashes.append(hashes)
        self._count += len(hashes)
        if self._count >= 2 * self._most:
            self._shrink()

    def _shrink(self) -> None:
        hashes = np.concatenate(self._hashes)
        kept = smallest(hashes, self._most)
        table = pa.concat_tables(self._parts, promote_options="permissive")
        # Taken rows are copies; slices would keep the batches that they are of.
        self._parts, self._hashes = [table.take(pa.array(kept))], [hashes[kept]]
        self._count = len(kept)
        self._limit = self._hashes[0].max()

    def table(self) -> tuple[pa.Table, np.uint64]:
        """The sample, in the order of the rows, and the largest hash of its rows."""
        self._shrink()
        return self._parts[0].combine_chunks(), self._limit


def read_parquet_files(paths: Sequence[Path], most: int, seed: int) -> tuple[Table, int, np.uint64]:
    """At most so many rows of Parquet files with the same columns, how many there are, and the
    largest hash of the rows taken.

    Raises:
        DataError: a file is not Parquet, or has other columns than the first one.
    """
    sample, rows = _Sample(most), 0
    with _readable(paths) as source:
        for batch, hashes in _hashed(paths, seed):
            sample.add(batch, hashes)
            rows += len(hashes)
        table, last = sample.table()
        return from_arrow(table, source), rows, last


def other_rows(paths: Sequence[Path], seed: int, last: np.uint64) -> Iterator[Table]:
    """The rows whose hashes are larger than that of the last row taken, part by part.

    Raises:
        DataError: a file cannot be read any more.
    """
    with _readable(paths) as source:
        for batch, hashes in _hashed(paths, seed):
            kept = np.flatnonzero(hashes > last)
            if len(kept):
                yield from_arrow(batch.take(pa.array(kept)), source)


@contextmanager
def _readable(paths: Sequence[Path]) -> Iterator[str]:
    """The name of the files, while what Arrow cannot read of them becomes a ``DataError``."""
    source = str(paths[0]) if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"
    try:
        yield source
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise DataError(f"the files cannot be read as one table: {reason}", file=source) from None


def _hashed(paths: Sequence[Path], seed: int) -> Iterator[tuple[pa.Table, np.ndarray]]:
    """All rows in batches, with the hashes of their numbers."""
    first, columns = 0, None
    for path in paths:
        with pq.ParquetFile(path) as file:
            columns = columns or file.schema_arrow.names
            _check(path, file.schema_arrow.names, columns)
            for batch in _batches(file, columns):
                yield batch, row_hashes(first, batch.num_rows, seed)
                first += batch.num_rows


def _check(path: Path, names: Sequence[str], wanted: Sequence[str]) -> None:
    if set(names) != set(wanted):
        odd = sorted(set(names) ^ set(wanted))
        raise DataError(
            "the file has other columns than the first one", file=str(path), received=", ".join(odd)
        )


def _batches(file: pq.ParquetFile, columns: Sequence[str]) -> Iterator[pa.Table]:
    empty = file.schema_arrow.empty_table()
    yield empty.select(columns)
    # One reader for all row groups keeps what it read of the file; threads would decode several.
    for group in range(file.num_row_groups):
        for batch in file.iter_batches(_BATCH, row_groups=[group], use_threads=False):
            yield pa.Table.from_batches([batch]).select(columns)
