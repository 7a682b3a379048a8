"""The kinds of columns, one row each. To add one: a file beside this one, and a row here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.tabular.boolean import Boolean
from keramos.tabular.date import Date
from keramos.tabular.integer_category import IntegerCategory
from keramos.tabular.number import Number
from keramos.tabular.string_category import StringCategory

if TYPE_CHECKING:
    from keramos.tabular.kind import Kind, Parsed
    from keramos.types.schema import ColumnKind
    from keramos.types.table import Column

KINDS: dict[str, Kind] = {
    kind.name: kind for kind in (Number(), IntegerCategory(), StringCategory(), Boolean(), Date())
}
"""Name in the schema -> the kind."""


def parse(column: Column, kind: ColumnKind) -> Parsed:
    """A column in its kind's dtype; what cannot be read is marked, never guessed."""
    return KINDS[kind].parse(column)
