"""Parquet files of any size as one table of bounded size, batch by batch (extra ``tables``)."""

from __future__ import annotations

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

    def table(self) -> pa.Table:
        """The sample, in the order of the rows."""
        self._shrink()
        return self._parts[0].combine_chunks()


def read_parquet_files(paths: Sequence[Path], most: int, seed: int) -> tuple[Table, int]:
    """At most so many rows of Parquet files with the same columns, and how many there are.

    Raises:
        DataError: a file is not Parquet, or has other columns than the first one.
    """
    source = str(paths[0]) if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"
    sample, first, columns = _Sample(most), 0, None
    try:
        for path in paths:
            file = pq.ParquetFile(path)
            columns = columns or file.schema_arrow.names
            _check(path, file.schema_arrow.names, columns)
            for batch in _batches(file, columns):
                sample.add(batch, row_hashes(first, batch.num_rows, seed))
                first += batch.num_rows
        return from_arrow(sample.table(), source), first
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise DataError(f"the files cannot be read as one table: {reason}", file=source) from None


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
