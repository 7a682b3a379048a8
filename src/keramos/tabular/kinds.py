"""The kinds of columns, one row each. To add one: a file beside this one, and a row here."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from keramos.tabular.notation import PLAIN, notation_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from keramos.tabular.kind import Kind, Parsed
    from keramos.types.schema import ColumnKind, ColumnSchema, Notation
    from keramos.types.table import Column


def _number() -> Kind:
    from keramos.tabular.number import Number  # noqa: PLC0415 (kinds load when used)

    return Number()


def _integer_category() -> Kind:
    from keramos.tabular.integer_category import IntegerCategory  # noqa: PLC0415 (kinds load when used)

    return IntegerCategory()


def _string_category() -> Kind:
    from keramos.tabular.string_category import StringCategory  # noqa: PLC0415 (kinds load when used)

    return StringCategory()


def _boolean() -> Kind:
    from keramos.tabular.boolean import Boolean  # noqa: PLC0415 (kinds load when used)

    return Boolean()


def _date() -> Kind:
    from keramos.tabular.date import Date  # noqa: PLC0415 (kinds load when used)

    return Date()


def _image() -> Kind:
    from keramos.tabular.image import ImageKind  # noqa: PLC0415 (kinds load when used)

    return ImageKind()


def _text() -> Kind:
    from keramos.tabular.text import TextKind  # noqa: PLC0415 (kinds load when used)

    return TextKind()


def _series() -> Kind:
    from keramos.tabular.series import SeriesKind  # noqa: PLC0415 (kinds load when used)

    return SeriesKind()


_MAKERS: dict[str, Callable[[], Kind]] = {
    "number": _number,
    "integer_category": _integer_category,
    "string_category": _string_category,
    "boolean": _boolean,
    "date": _date,
    "image": _image,
    "text": _text,
    "series": _series,
}


class _Kinds(Mapping[str, "Kind"]):
    """Each kind is made when it is first used: most models have columns of one or two."""

    def __init__(self) -> None:
        self._made: dict[str, Kind] = {}

    def __getitem__(self, name: str) -> Kind:
        if name not in self._made:
            self._made[name] = _MAKERS[name]()
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_MAKERS)

    def __len__(self) -> int:
        return len(_MAKERS)


KINDS: Mapping[str, Kind] = _Kinds()
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
