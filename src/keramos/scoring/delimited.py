"""CSV and TSV: blocks of text parsed by any thread; malformed rows are reported, not fatal."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from keramos.data.delimited import OPEN_QUOTE, QUOTE, dialect_of, open_quote
from keramos.errors import DataError
from keramos.scoring.blocks import open_text
from keramos.scoring.chunks import Chunk, Loaded, Malformed
from keramos.tabular.cell import show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from keramos.data.delimited import Dialect
    from keramos.data.text_blocks import Block as TextBlock
    from keramos.inference.scored import Batch, Schema
    from keramos.scoring.formats import Format
    from keramos.types.scoring import Position, SourceFile


class DelimitedReader(ABC):
    """A CSV or TSV file (RFC 4180, UTF-8). Every cell stays text: what it means is for the schema
    to say.
    """

    schema: Schema

    def __init__(self, file: SourceFile, form: Format, end: int = 0) -> None:
        self._name, self._size = file.name, file.size
        self._text = open_text(file, form, end)
        self._dialect = dialect_of(self._text)
        self.schema = self._fields(self._dialect.names)

    @abstractmethod
    def _fields(self, names: Sequence[str]) -> Schema:
        """Columns of text."""

    @abstractmethod
    def _parsed(
        self, data: bytes, columns: Sequence[str], place: str
    ) -> tuple[Batch, list[Malformed]]:
        """The rows of a block; ``place`` says where it is, for messages."""

    def chunks(self, columns: Sequence[str], start: Position) -> Iterator[Chunk]:
        """Blocks of about 4 MB."""

        def loader(block: TextBlock) -> Callable[[], Loaded]:
            return lambda: self._loaded(block, columns)

        for block in self._text.blocks(max(start.offset, self._dialect.begin), quotes=True):
            yield Chunk(loader(block), block.offset, block.stored)

    def _loaded(self, block: TextBlock, columns: Sequence[str]) -> Loaded:
        last = block.stored >= self._size
        if last and open_quote(block.data, self._dialect.delimiter):
            before = block.offset - len(block.data)
            raise DataError(
                f"after byte {before:,} of the text: {OPEN_QUOTE}", file=self._name, remedy=QUOTE
            )
        data = block.data if block.data.strip(b"\r\n") else b""
        place = f"before byte {block.offset:,} of its text"
        batch, malformed = self._parsed(data, columns, place)
        rows = batch.num_rows + len(malformed)
        return Loaded(batch, rows, _others(rows, malformed), tuple(malformed))


def ragged(number: int, cells: Sequence[str], dialect: Dialect) -> Malformed:
    """Row ``number`` of a block, which has another number of cells than the header."""
    return Malformed(number, f"the row {dialect.ragged(len(cells))}", show(list(cells)))


def _others(
    rows: int, malformed: Sequence[Malformed]
) -> np.ndarray[tuple[int], np.dtype[np.int64]] | None:
    """The numbers, from 1, of the rows that are not malformed."""
    return (
        np.delete(np.arange(1, rows + 1), [row.row - 1 for row in malformed]) if malformed else None
    )
