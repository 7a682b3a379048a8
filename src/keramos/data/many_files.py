"""One table of bounded size from one file or several."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keramos.data.read import as_table, extra
from keramos.data.row_sample import row_hashes, smallest
from keramos.data.target import take
from keramos.errors import DataError, UsageError
from keramos.types.table import Column, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

MOST_ROWS = 1_000_000
"""Rows that are taken of Parquet files where nobody says how many."""
_STREAMED = frozenset({".parquet", ".pq"})
_LARGE = 256 << 20
"""Size in bytes of Parquet files from which on they are read batch by batch."""


class Bounded(NamedTuple):
    """A table, or whatever else the caller gave, and how many ``rows`` it was taken from; 0 where
    all were taken. ``rest`` reads the other rows part by part, where the caller set no bound.
    """

    table: object
    rows: int = 0
    rest: Callable[[], Iterator[Table]] | None = None


def bounded(given: object, max_rows: int, seed: int) -> Bounded:
    """A table of at most ``max_rows`` rows, chosen by a hash of their numbers; 0 means all rows,
    or ``MOST_ROWS`` of large Parquet files.

    ``given``: what ``as_table`` takes, a list of paths, or a path with ``*``.

    Raises:
        UsageError: the number is negative.
        DataError: no file matches, or the files do not have the same columns.
    """
    if max_rows < 0:
        raise UsageError(
            "the number of rows must be 1 or more, or 0 for no bound",
            option="max-rows",
            received=str(max_rows),
        )
    paths = _paths(given)
    if paths and all(_is_parquet(path) for path in paths):
        large = sum(path.stat().st_size for path in paths) >= _LARGE
        if max_rows or large or len(paths) > 1:
            return _streamed(paths, max_rows, seed)
    if len(paths) > 1:
        return _sampled(_joined([as_table(path) for path in paths]), max_rows, seed)
    if paths and given != str(paths[0]) and isinstance(given, (str, Path)):
        given = paths[0]
    return _sampled(as_table(given), max_rows, seed) if max_rows else Bounded(given)


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() in _STREAMED and path.is_file()


def _paths(given: object) -> list[Path]:
    """The files that are meant; none where it is something else than files."""
    if isinstance(given, (list, tuple)):
        several = given and all(isinstance(one, (str, Path)) for one in given)
        return [path for one in given for path in _paths(one)] if several else []
    if not isinstance(given, (str, Path)) or str(given) == "-":
        return []
    if not any(mark in str(given) for mark in "*?[") or Path(given).exists():
        return [Path(given)]
    found = sorted(glob(str(given)))  # noqa: PTH207 (the pattern may be absolute)
    if not found:
        raise DataError("no file has a name like this", file=str(given))
    return [Path(one) for one in found]


def _streamed(paths: list[Path], most: int, seed: int) -> Bounded:
    read = extra("keramos.data.arrow_stream", "Parquet files")
    table, rows, last = read.read_parquet_files(paths, most or MOST_ROWS, seed)
    found = _named(table, rows)
    if most or not found.rows:
        return found
    return found._replace(rest=partial(read.other_rows, paths, seed, last))


def _named(table: Table, rows: int) -> Bounded:
    """A sample, whose source says of how many rows it is."""
    if table.rows == rows:
        return Bounded(table)
    source = f"{table.source} ({table.rows:,} of {rows:,} rows)"
    return Bounded(replace(table, source=source), rows)


def _sampled(table: Table, most: int, seed: int) -> Bounded:
    if not most or table.rows <= most:
        return Bounded(table)
    return _named(take(table, smallest(row_hashes(0, table.rows, seed), most)), table.rows)


def _joined(tables: Sequence[Table]) -> Table:
    """The rows of several tables, one after the other."""
    first = tables[0]
    for other in tables[1:]:
        if odd := sorted(set(other.columns) ^ set(first.columns)):
            raise DataError(
                "the file has other columns than the first one",
                file=other.source,
                received=", ".join(odd),
            )
    columns = {name: _column(name, [one.columns[name] for one in tables]) for name in first.columns}
    source = f"{first.source} and {len(tables) - 1} more"
    return Table(source, columns, sum(one.rows for one in tables))


def _column(name: str, parts: Sequence[Column]) -> Column:
    first = parts[0]
    if len({(one.text, one.values.dtype.kind) for one in parts}) > 1:
        raise DataError("the column has cells of another type in one of the files", column=name)
    values = np.concatenate([one.values for one in parts])
    missing = np.concatenate([one.missing for one in parts])
    return Column(values, missing, first.text, first.categorical)
