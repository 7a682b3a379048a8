"""Blanks around text: what inference leaves out of account, and what is said about them.

Cells keep their blanks. Numbers, dates and booleans are read without them, and so are the classes
of a target; in a column of text they belong to the value, as for Keras, unless the caller has the
column trimmed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from keramos.tabular.cell import NULL_TEXT, distinct, show
from keramos.tabular.notation import notation_of, stored

if TYPE_CHECKING:
    from keramos.types.schema import ColumnSchema, TargetSchema
    from keramos.types.table import Column


def trimmed(column: Column) -> Column:
    """The column with its text trimmed; text of nothing but blanks is missing."""
    if not column.text:
        return column
    cells = [cell.strip() if type(cell) is str else cell for cell in column.values.tolist()]
    gone = np.fromiter((type(c) is str and c in NULL_TEXT for c in cells), bool, len(cells))
    values = np.fromiter(cells, object, len(cells))
    return replace(column, values=values, missing=column.missing | gone)


def with_blanks(found: ColumnSchema, column: Column, *, trim: bool) -> ColumnSchema:
    """A column's schema with the rule for blanks around its text; ``column`` has its own cells."""
    if found.kind != "string_category":
        return found
    notation = notation_of(found)
    if trim:
        reason = f"{found.reason}; trimmed on request"
        return replace(found, reason=reason, notation=stored(notation))
    note = _note(column, f"--trim '{found.name}'")
    reason = f"{found.reason}; {note}" if note else found.reason
    return replace(found, reason=reason, notation=replace(notation, blanks="kept"))


def _texts(column: Column) -> list[str]:
    """The distinct texts of a column that are not missing, in the order of their first rows."""
    if not column.text:
        return []
    cells, _ = distinct(column.values[~column.missing].tolist())
    return [cell for cell in cells if type(cell) is str]


def _note(column: Column, option: str) -> str:
    """What people should know about blanks around the text of a column; empty where it has none."""
    texts = _texts(column)
    padded = [text for text in texts if text != text.strip()]
    if not padded:
        return ""
    first: dict[str, str] = {}
    for text in texts:
        other = first.setdefault(text.strip(), text)
        if other != text:
            return (
                f"{len(texts)} with the blanks around them: {show(other)} and {show(text)} differ "
                f"only by blanks and are two values ({option} makes them one)"
            )
    return f"blanks around a value belong to it, as in {show(padded[0])} ({option} removes them)"


def with_trimmed_classes(found: TargetSchema, column: Column) -> TargetSchema:
    """A target's schema that says so where classes differ only by blanks around them."""
    texts = _texts(column)
    if not found.classes or len({text.strip() for text in texts}) == len(texts):
        return found
    return replace(found, reason=f"{found.reason}; blanks around a class are no part of it")
