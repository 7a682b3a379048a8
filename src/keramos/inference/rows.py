"""Rows as people give them: dicts, one row alone, rows that lack a column."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from keramos.errors import Problem
    from keramos.types.artifact import Content

    NameFiles = Callable[[Sequence[Problem]], tuple[Problem, ...]]

Row = Mapping[str, object]


def files_named(given: object, content: Content | None) -> AbstractContextManager[NameFiles]:
    """Problems of pictures that were given as paths name the file of each, instead of its bytes;
    others stay as they are, as all do without ``content``.
    """
    if content is None or not any(column.picture for column in content.preparation.inputs):
        return _NOTHING_TO_NAME
    from keramos.inference.pictures import files_named  # noqa: PLC0415 (few files)

    return files_named(given, content)


_NOTHING_TO_NAME = nullcontext(tuple)


def one_row_as_rows(given: object) -> object:
    """A row by itself (a dict of single cells, a pandas Series) is a table of one row."""
    if type(given) is list:
        return given
    if isinstance(given, Mapping):
        alone = given and not any(_has_cells(cells) for cells in given.values())
        return [given] if alone else given
    if hasattr(given, "to_dict") and getattr(given, "ndim", 0) == 1:
        return [given.to_dict()]
    return given


def _has_cells(cells: object) -> bool:
    return not isinstance(cells, (str, bytes, bytearray, Mapping)) and hasattr(cells, "__len__")


def with_every_column(rows: Sequence[Row], content: Content) -> list[dict[str, object]]:
    """Rows in which an absent key is a missing value, even where no row has the key."""
    absent = dict.fromkeys(column.name for column in content.schema.columns)
    if all(type(name) is str for row in rows for name in row):
        return [{**absent, **row} for row in rows]
    # Columns of a DataFrame without names are counted: the key 0 is the column '0'.
    return [{**absent, **{str(name): cell for name, cell in row.items()}} for row in rows]


def is_rows(rows: object) -> TypeGuard[Sequence[Row]]:
    """Whether these are rows: dicts by column name."""
    return isinstance(rows, (list, tuple)) and all(
        type(row) is dict or isinstance(row, Mapping) for row in rows
    )
