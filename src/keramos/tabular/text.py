"""Cells that are texts: messages, reviews, questions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.tabular.cell import NO_TEXT, Refused
from keramos.tabular.host_kind import HostInput, HostKind
from keramos.tabular.kind import NotPlainError

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.tabular.kind import Json, Parsed
    from keramos.types.schema import ColumnPreparation
    from keramos.types.table import Column


MOST_CHARACTERS = 1_000_000
"""Of one text."""


class TextKind(HostKind):
    """A column of texts. Every text is one, also an empty one and words that mean a missing cell
    elsewhere; only a cell that is not there is missing.
    """

    name = "text"
    noun = "texts"
    refusal = "a number, and the column has texts"
    dtype = "object"
    filler = ""
    input_dtype = "string"
    array_dtype = object
    null_code = ""
    tensor_dtype = "str"
    null_texts = frozenset()
    keeps_blanks = True

    def _value(self, cell: object) -> object:
        if not isinstance(cell, str):
            return self._refused(cell)
        if len(cell) > MOST_CHARACTERS:
            return Refused(
                f"a text of {len(cell):,} characters; at most {MOST_CHARACTERS:,} are read"
            )
        try:
            cell.encode()
        except UnicodeEncodeError:
            return Refused("half of a surrogate pair, which is no character")
        return cell

    def parse(self, column: Column) -> Parsed:
        """A column of any source; an empty text is told from a cell that is not there."""
        if column.values.dtype.kind != "O":
            return super().parse(column)
        cells = [None if cell is NO_TEXT else cell for cell in column.values.tolist()]
        found = [self.read(cell) for cell in cells]
        return self._spread(np.zeros(len(found), bool), found, np.arange(len(found)))

    def model_input(self, source: Column, column: ColumnPreparation) -> HostInput:
        """The numbers of each text; the text itself where the network's own layers read it."""
        if not column.text:
            return HostInput(source.values.reshape(-1, 1), {})
        from keramos.tabular.texts.table import encoder_of  # noqa: PLC0415 (few files have texts)

        return HostInput(*encoder_of(column.text).many(source.values.tolist()))

    def golden(self, cells: tuple[object, ...], column: ColumnPreparation) -> tuple[object, ...]:
        """Golden texts are kept as they are."""
        if not column.text:
            return cells
        from keramos.tabular.texts.table import encoder_of  # noqa: PLC0415 (few files have texts)

        return tuple(encoder_of(column.text).many([str(cell) for cell in cells])[0])

    def seen(self, cell: object, column: ColumnPreparation) -> tuple[tuple[str, str], ...]:
        """The words of a text, those that the vocabulary lacks, and their numbers."""
        if not column.text or not isinstance(cell, str):
            return ()
        from keramos.tabular.texts.table import encoder_of  # noqa: PLC0415 (few files have texts)

        return encoder_of(column.text).seen(cell)

    def row_encoder(self, column: ColumnPreparation) -> Callable[[object], object]:
        """Rows of texts take the general path, except where the network reads the text itself."""
        if column.text:
            return super().row_encoder(column)

        def encode(cell: object) -> object:
            if type(cell) is not str or not cell.isascii():
                raise NotPlainError
            return cell

        return encode

    def json_schema(self, column: ColumnPreparation) -> Json:
        """Any text."""
        del column
        return {"type": "string"}

    def example(self, column: ColumnPreparation) -> object:
        """A few words."""
        del column
        return "good morning"
