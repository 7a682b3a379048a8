"""The kinds of columns, one row each. To add one: a file beside this one, and a row here."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from keramos.tabular.boolean import Boolean
from keramos.tabular.date import Date
from keramos.tabular.image import ImageKind
from keramos.tabular.integer_category import IntegerCategory
from keramos.tabular.notation import PLAIN, notation_of
from keramos.tabular.number import Number
from keramos.tabular.series import SeriesKind
from keramos.tabular.string_category import StringCategory
from keramos.tabular.text import TextKind

if TYPE_CHECKING:
    from keramos.tabular.kind import Kind, Parsed
    from keramos.types.schema import ColumnKind, ColumnSchema, Notation
    from keramos.types.table import Column

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        *(Number(), IntegerCategory(), StringCategory(), Boolean(), Date()),
        *(ImageKind(), TextKind(), SeriesKind()),
    )
}
"""Name in the schema -> the kind."""


def parse(column: Column, kind: ColumnKind, notation: Notation = PLAIN) -> Parsed:
    """A column in its kind's dtype; what cannot be read is marked, never guessed."""
    return written_kind(kind, notation).parse(column)


def kind_of(column: ColumnSchema) -> Kind:
    """The kind of a column, as its text is written."""
    return written_kind(column.kind, notation_of(column))


@lru_cache(1024)
def written_kind(kind: ColumnKind, notation: Notation) -> Kind:
    """A kind whose text is written in ``notation``."""
    return KINDS[kind] if notation == PLAIN else type(KINDS[kind])(notation)
