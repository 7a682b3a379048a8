"""JSON Lines: blocks parsed by any thread; malformed lines are reported, not fatal."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, cast

from keramos.data.json_lines import ROW_ERRORS, decoded_row
from keramos.errors import DataError
from keramos.scoring.blocks import open_text
from keramos.scoring.chunks import Chunk, Malformed
from keramos.scoring.json_cells import type_of
from keramos.tabular.cell import Unreadable, show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from keramos.inference.scored import Schema
    from keramos.scoring.chunks import Loaded
    from keramos.scoring.formats import Format
    from keramos.types.scoring import Position, SourceFile

NOT_AN_OBJECT = "the line is not a JSON object"


class JsonLinesReader(ABC):
    """A JSON Lines file: one object a line. The first block says which columns there are and their
    types.
    """

    schema: Schema

    def __init__(self, file: SourceFile, form: Format, end: int = 0) -> None:
        self._name = file.name
        self._text = open_text(file, form, end)
        sample = self._text.sample()
        self.schema = self._fields(sample) if sample.strip() else self._without_rows()

    @abstractmethod
    def _fields(self, sample: bytes) -> Schema:
        """The columns and their types."""

    @abstractmethod
    def _without_rows(self) -> Schema:
        """No columns."""

    @abstractmethod
    def _loaded(self, data: bytes, columns: Sequence[str]) -> Loaded:
        """The rows of a block."""

    def chunks(self, columns: Sequence[str], start: Position) -> Iterator[Chunk]:
        """Blocks of about 4 MB."""

        def loader(data: bytes) -> Callable[[], Loaded]:
            return lambda: self._loaded(data, columns)

        for block in self._text.blocks(max(start.offset, self._text.begin), quotes=False):
            yield Chunk(loader(block.data), block.offset, block.stored)


def block_types(sample: bytes, name: str) -> dict[str, str]:
    """The type of each column that a line names.

    Raises:
        DataError: no line holds an object with a key.
    """
    rows, _ = objects(sample)
    names = dict.fromkeys(key for _, row in rows for key in row)
    if not names:
        raise DataError(
            f"the file holds no JSON object in its first {len(sample):,} bytes; one a line is "
            "needed",
            file=name,
        )
    return {column: type_of([row.get(column) for _, row in rows]) for column in names}


def objects(
    data: bytes, columns: Sequence[str] = ()
) -> tuple[list[tuple[int, dict[str, object]]], list[Malformed]]:
    """Numbered objects, and the lines that hold none or say one of the columns twice; blank lines
    do not count.
    """
    rows, malformed = [], []
    lines = (line for line in data.splitlines() if line.strip())
    for number, line in enumerate(lines, 1):
        try:
            row = decoded_row(line)
        except ROW_ERRORS:
            malformed.append(
                Malformed(number, NOT_AN_OBJECT, show(line.decode(errors="replace").strip()))
            )
            continue
        twice = [name for name in columns if type(row.get(name)) is Unreadable]
        for name in twice:
            cell = cast("Unreadable", row[name])
            malformed.append(Malformed(number, cell.reason, show(cell), name))
        if not twice:
            rows.append((number, row))
    return rows, malformed


def bad_rows(malformed: Sequence[Malformed]) -> int:
    """How many rows are malformed; one may be so in several columns."""
    return len({odd.row for odd in malformed})
