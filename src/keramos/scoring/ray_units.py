"""The source cut into units: ranges of whole rows in order, each a part of its own wherever it is
decided.

A unit ends where a reader can begin: at the end of a file, between two row groups of Parquet, or
after a row of text that is not compressed. Many small files share a unit; Arrow IPC and compressed
text are never cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from keramos.data.delimited import dialect_of
from keramos.scoring.blocks import open_text
from keramos.scoring.columnar import arrow_file, readable
from keramos.scoring.formats import format_of
from keramos.scoring.parts import MOST_FILES
from keramos.scoring.picture_folder import ranges
from keramos.scoring.sources import check_unchanged
from keramos.types.scoring import Position

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from keramos.scoring.formats import Format
    from keramos.types.scoring import SourceFile

LEAST_BYTES, MOST_BYTES = 1 << 20, 1 << 28
"""A unit is worth a task of the cluster, and little is lost with it."""

_UNITS_PER_WORKER = 8
"""So many units for each worker, where there is enough: the last ones to work wait little for each
other.
"""


@dataclass(frozen=True, slots=True)
class Unit:
    """Rows from ``start`` to ``end``, about ``stored`` bytes of the source.

    Where a text file is cut, ``rows`` of a position are not known, and 0.
    """

    number: int
    start: Position
    end: Position
    stored: int


@dataclass(frozen=True, slots=True)
class Cut:
    """A place where a file can be cut, as in a ``Position``, and the bytes of the file up to
    there.
    """

    rows: int
    offset: int
    stored: int


def unit_bytes(total: int, workers: int) -> int:
    """How large a unit shall be."""
    return min(max(total // (workers * _UNITS_PER_WORKER), LEAST_BYTES), MOST_BYTES)


def cuts(file: SourceFile, form: str) -> tuple[Cut, ...]:
    """All places where a file can be cut, its end not among them.

    Raises:
        DataError: it cannot be read, or was changed.
    """
    found = format_of(file.name, form)
    cut = _CUTS.get(form)
    if cut is None or found is None or found.compression or not file.size:
        return ()
    places = tuple(cut(file, found))
    check_unchanged(file)
    return places


def _groups(file: SourceFile, _: Format) -> Iterator[Cut]:
    with readable(file.name), arrow_file(file) as stream:
        metadata = pq.ParquetFile(stream).metadata
    rows = 0
    for group in range(metadata.num_row_groups - 1):
        rows += metadata.row_group(group).num_rows
        yield Cut(rows, rows, file.size * rows // max(metadata.num_rows, 1))


def _rows(quotes: bool) -> Callable[[SourceFile, Format], Iterator[Cut]]:  # noqa: FBT001 (a column of a table)
    def cut(file: SourceFile, form: Format) -> Iterator[Cut]:
        text = open_text(file, form)
        begin = dialect_of(text).begin if quotes else text.begin
        for block in text.blocks(begin, quotes=quotes):
            if block.offset < file.size:
                yield Cut(0, block.offset, block.offset)

    return cut


def _pictures(file: SourceFile, _: Format) -> Iterator[Cut]:
    sizes, stored = file.pictures.sizes if file.pictures else (), 0
    for begin, end in ranges(sizes):
        stored += sum(sizes[begin:end])
        if end < len(sizes):
            yield Cut(end, end, stored)


_CUTS: dict[str, Callable[[SourceFile, Format], Iterator[Cut]]] = {
    "parquet": _groups,
    "csv": _rows(quotes=True),
    "tsv": _rows(quotes=True),
    "jsonl": _rows(quotes=False),
    "pictures": _pictures,
}
"""Format -> how its files are cut."""


def units(
    files: Sequence[SourceFile],
    places: Mapping[int, Sequence[Cut]],
    start: Position,
    number: int,
    size: int,
    rows: int,
) -> Iterator[Unit]:
    """The source from ``start`` on, in order.

    Args:
        files: the source.
        places: number of a file -> where it can be cut.
        start: where the first unit begins.
        number: of the first unit.
        size: bytes after which a unit ends.
        rows: rows after which it ends, where they are known.
    """
    begin, bytes_then, rows_then = start, 0, 0
    for at, stored, counted in _steps(files, places, start):
        full = (
            stored - bytes_then >= size
            or counted - rows_then >= rows
            or at.file - begin.file >= MOST_FILES
        )
        if full or at.file == len(files):
            yield Unit(number, begin, at, stored - bytes_then)
            number, begin, bytes_then, rows_then = number + 1, at, stored, counted


def _steps(
    files: Sequence[SourceFile], places: Mapping[int, Sequence[Cut]], start: Position
) -> Iterator[tuple[Position, int, int]]:
    """Places where a unit may end, with bytes and known rows since ``start``."""
    stored = counted = 0
    for number in range(start.file, len(files)):
        last = Cut(start.rows, start.offset, 0) if number == start.file else Cut(0, 0, 0)
        for cut in places.get(number, ()):
            if cut.offset > last.offset:
                stored, counted, last = (
                    stored + cut.stored - last.stored,
                    counted + max(cut.rows - last.rows, 0),
                    cut,
                )
                yield Position(number, cut.rows, cut.offset), stored, counted
        stored += files[number].size - last.stored
        yield Position(number + 1), stored, counted
