"""The kind of one column and why, or why a model must not use it."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from keramos.data.looks_like import looks_like
from keramos.data.notation import examples, few, notation_like, without, written_as
from keramos.data.whole_numbers import exact_integers, leading_zeros
from keramos.errors import DataError
from keramos.tabular.cell import Refused, distinct, show
from keramos.tabular.float32 import merged, offset_of
from keramos.tabular.kind import NUMBER_NULLS
from keramos.tabular.kinds import KINDS, parse
from keramos.tabular.notation import PLAIN, is_plain, stored
from keramos.types.schema import ColumnSchema, DroppedColumn

if TYPE_CHECKING:
    from keramos.data.notation import Written
    from keramos.data.wishes import Wishes
    from keramos.types.schema import ColumnKind, Notation
    from keramos.types.table import Column

    Found = tuple[ColumnKind, str, Notation]

_CODE_NAMES = "code zip zipcode postcode postal category type cluster class"
_CODE_WORDS = frozenset(_CODE_NAMES.split())
_ID_NAMES = "id ids uuid guid key index idx rowid rownumber number no nr identifier serial"
_ID_WORDS = frozenset(_ID_NAMES.split())
_MOST_CODES = 50
_FEW_VALUES = 20
_FREE_TEXT_SHARE = 0.5
_FREE_TEXT_VALUES = 50
_ORDINARY = frozenset({str, int, float, bool, Decimal, np.datetime64})
"""Classes of cells that some kind can read."""
_MOST_MERGED = 0.25
"""Share of the different numbers up to which float32 may merge them with another."""
_IDENTIFIER_ROWS = 20
"""With fewer rows, all-distinct values are no sign of an identifier."""

_STORED: dict[str, tuple[ColumnKind, str]] = {
    "b": ("boolean", "the source stores booleans"),
    "M": ("date", "the source stores dates"),
}
"""Kinds of numpy dtypes that say what a column is."""


def judged(name: str, column: Column, wishes: Wishes) -> ColumnSchema | DroppedColumn:
    """A column as a feature, or as one that a model must not use; with the reason.

    Raises:
        DataError: the caller wants to use a column that cannot be used so.
        UsageError: the example of how a column is written can be read in two ways or in none.
    """
    if name in wishes.drop:
        return DroppedColumn(name, "dropped on request")
    column, missing = without(column, wishes.missing)
    asked = {*wishes.categorical, *wishes.numeric, *(wishes.written or {})}
    if column.missing.all():
        if name in asked:
            raise DataError("the column has no value in any row", column=name, remedy="Drop it")
        return DroppedColumn(name, "every value is missing")
    if name in asked:
        kind, reason, notation = _on_request(name, column, wishes)
    else:
        if reason := _useless(column):
            return DroppedColumn(name, reason)
        found = _inferred(name, column)
        if isinstance(found, str):
            return DroppedColumn(name, found)
        kind, reason, notation = found
    notation = replace(notation, missing=missing)
    unit = (wishes.units or {}).get(name, notation.sign)
    return ColumnSchema(name, kind, reason, unit, stored(notation))


def _on_request(name: str, column: Column, wishes: Wishes) -> Found:
    """A column that the caller has decided about."""
    if name in (wishes.written or {}):
        example = (wishes.written or {})[name]
        kind, notation = notation_like(name, example)
        return kind, f"written like {show(example)} on request", notation
    if name in wishes.numeric:
        notation = _numeric(name, column)
        numbers = parse(column, "number", notation)
        values = numbers.values[~numbers.missing & ~numbers.bad].astype(float)
        _, note = _precision(values)
        return "number", "numeric on request" + (f"; {note}" if note else ""), notation
    different = len(_distinct(column.values[~column.missing]))
    if different == (~column.missing).sum() and different > _IDENTIFIER_ROWS:
        raise DataError(
            f"the column has as many categories as rows ({different})",
            column=name,
            remedy="Drop it",
        )
    return _category_kind(column), "categorical on request", PLAIN


def _numeric(name: str, column: Column) -> Notation:
    """The notation of a column that the caller takes for numbers.

    Raises:
        DataError: two notations read different numbers.
    """
    written = written_as(column) if column.text else None
    if written is None or written.kind != "number":
        return PLAIN
    if written.doubt:
        raise DataError(
            f"the notation is in doubt: {written.doubt}",
            column=name,
            remedy=f"Say how it is written: {examples(name, written)}",
        )
    return written.notation


def _useless(column: Column) -> str:
    """Why a column cannot teach anything, whatever its kind; empty where it may."""
    if reason := _odd_cell(column):
        return reason
    different = _distinct(column.values[~column.missing])
    if len(different) == 1 and not column.missing.any():
        return f"constant: every row has {show(different[0])}"
    return ""


def _distinct(present: np.ndarray) -> list[object]:
    """The distinct cells of a column, in no promised order."""
    if present.dtype.kind == "O":
        return distinct(present.tolist())[0]
    return list(np.unique(present).tolist())


def _odd_cell(column: Column) -> str:
    """Why no model can use a column of lists, bytes or the like; empty for ordinary cells."""
    if not column.text:
        return ""
    for row, cell in enumerate(column.values.tolist(), 1):
        if type(cell) not in _ORDINARY:
            found = KINDS["string_category"].read(cell)
            if isinstance(found, Refused):
                return f"row {row} has {show(cell)}: {found.reason}"
    return ""


def _inferred(name: str, column: Column) -> Found | str:
    """Kind, reason and notation, or why the column is not used."""
    source = column.values.dtype.kind
    if source in _STORED:
        return *_STORED[source], PLAIN
    integers = exact_integers(column)
    rows = 0 if column.missing.any() else len(column.values)
    if reason := _identifier(name, integers, rows):
        return reason
    if column.categorical and (column.text or source == "i"):
        return _category_kind(column), "the source declares categories", PLAIN
    if column.text:
        return _of_text(name, column, integers)
    values = column.values[~column.missing]
    if integers is None or source == "f":
        return _numbers(name, values, "the source stores decimal numbers")
    return _integers(name, values, integers)


def _of_text(name: str, column: Column, integers: list[int] | None) -> Found | str:
    numbers = parse(column, "number")
    if not numbers.bad.any() and not numbers.missing.all():
        return _plain_numbers(name, column, integers)
    if not parse(column, "boolean").bad.any():
        return "boolean", "every value is true or false", PLAIN
    written = None if leading_zeros(column) else written_as(column)
    if written is None or written.doubt or written.stray:
        return _text(name, column, written)
    return _written(name, written)


def _text(name: str, column: Column, written: Written | None) -> Found | str:
    """Text that is not, or not without doubt, numbers or dates."""
    present = column.values[~column.missing]
    rows, different = len(column.values), len(_distinct(present))
    seen, remedy = _seen(name, column, written)
    unique = different == rows >= _IDENTIFIER_ROWS
    free = different > max(_FREE_TEXT_VALUES, _FREE_TEXT_SHARE * len(present)) and (
        rows >= _IDENTIFIER_ROWS
    )
    doubtful = written is not None and written.doubt and different > _FREE_TEXT_VALUES
    if seen and (unique or free or doubtful):
        return f"{seen}; {remedy}, or take it as text with --categorical '{name}'"
    if unique:
        return "row identifier: a different text in every row"
    if free:
        return f"free text: {different} different values in {len(present)} rows"
    why = f"text with {different} different values"
    if seen and (written is not None or different > _FEW_VALUES):
        why += f"; {seen}; to have numbers or dates, {remedy}"
    return "string_category", why, PLAIN


def _seen(name: str, column: Column, written: Written | None) -> tuple[str, str]:
    """What text looks like that is not taken for numbers or dates, and what helps."""
    if written is None:
        return looks_like(name, column)
    if written.doubt:
        return (
            f"its notation is in doubt: {written.doubt}",
            f"say how it is written ({examples(name, written)})",
        )
    cells, odd = written.cells, written.odd
    remedy = "correct these rows, or say which texts mean a missing value (--missing TEXT)"
    if written.kind == "number" and few(int(cells.counts[odd].sum()), int(cells.counts.sum())):
        remedy += f", or leave these rows out with --numeric '{name}'"
    return written.stray, remedy


def _words(name: str) -> set[str]:
    """Words of a column name: split at anything but letters and digits, and where small letters
    turn to capitals.
    """
    return set(re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name).lower().replace("_", " ").split())


def _identifier(name: str, integers: list[int] | None, rows: int) -> str:
    """Why whole numbers, one for each of the rows, number them; empty where they mean something."""
    if integers is None or len(integers) != rows or rows < _IDENTIFIER_ROWS:
        return ""
    low, high = integers[0], integers[-1]
    if low in (0, 1) and high - low + 1 == rows:
        return "row identifier: counts the rows"
    if _words(name) & _ID_WORDS or not name or name.startswith("Unnamed"):
        return "row identifier: a different integer in every row, and the name says so"
    return ""


def _category_kind(column: Column) -> ColumnKind:
    whole = not leading_zeros(column) and not parse(column, "integer_category").bad.any()
    return "integer_category" if whole else "string_category"


def _plain_numbers(name: str, column: Column, integers: list[int] | None) -> Found | str:
    """Text that is plain numbers throughout."""
    if leading_zeros(column):
        return "string_category", "digits with leading zeros are codes, not amounts", PLAIN
    numbers = parse(column, "number")
    marks = sorted(NUMBER_NULLS.intersection(_texts(column, numbers.missing & ~column.missing)))
    note = f"; {', '.join(map(repr, marks))} is read as missing" if marks else ""
    present = numbers.values[~numbers.missing].astype(float)
    decimal = any("." in cell for cell in _texts(column, ~column.missing))
    if integers is not None and not decimal:
        return _integers(name, present, integers, note)
    return _numbers(name, present, f"decimal numbers ({len(np.unique(present))} different){note}")


def _texts(column: Column, which: np.ndarray) -> list[str]:
    return [cell for cell in column.values[which].tolist() if type(cell) is str]


def _integers(name: str, values: np.ndarray, integers: list[int], note: str = "") -> Found | str:
    different = len(integers)
    words = _words(name) & _CODE_WORDS
    if words and different <= _MOST_CODES:
        why = f"{different} different integers, and the name says '{min(words)}'{note}"
        return "integer_category", why, PLAIN
    kept = len(np.unique(values.astype(float)))
    if kept < different:
        digits = max(len(str(abs(integer))) for integer in (integers[0], integers[-1]))
        return (
            f"integers of up to {digits} digits, which are codes: as numbers (float64) only {kept} "
            f"of {different} differ. To use them, take them as codes with --categorical '{name}'"
        )
    if named := _may_name(name, len(values), different):
        note += f"; {named}"
    return _numbers(name, values.astype(float), f"integers ({different} different){note}")


def _may_name(name: str, rows: int, different: int) -> str:
    """What speaks for integers that name something, and what helps then."""
    if rows < _IDENTIFIER_ROWS:
        return ""
    if words := _words(name) & _ID_WORDS:
        return (
            f"the name says '{min(words)}': if they name things, leave them out (--drop '{name}') "
            f"or keep the rows of each together (--split-by '{name}')"
        )
    if different == rows:
        return (
            f"a different one in every row: if they only name the row, leave them out "
            f"(--drop '{name}')"
        )
    return ""


def _numbers(name: str, values: np.ndarray, why: str, notation: Notation = PLAIN) -> Found | str:
    """Numbers, unless the network's float32 merges many of them."""
    lost, note = _precision(values)
    if lost > _MOST_MERGED:
        return (
            f"{note}. Subtract a number, or split the column into a coarse and a fine one; to use "
            f"it as it is, say --numeric '{name}'"
        )
    return "number", f"{why}; {note}" if note else why, notation


def _precision(values: np.ndarray) -> tuple[float, str]:
    """The share of the different numbers that float32 merges with another, and what is to be said
    about it.
    """
    finite = values[np.isfinite(values)]
    found = merged(finite)
    if found is not None:
        return found.share, (
            f"{found.first:.17g} and {found.second:.17g}, for example, are one number in the "
            "network's float32, and the range of the column is too wide to subtract one first"
        )
    if offset_of(finite):
        return 0.0, "a number near them is subtracted first, since float32 would merge them"
    return 0.0, ""


def _written(name: str, written: Written) -> Found | str:
    """Numbers or dates in the notation that was found."""
    cells, read = written.cells, ~written.odd
    note = ""
    if written.odd.any():
        note = (
            f". Not read: {cells.listed(written.odd)}; such rows are left out of training and "
            "refused later, unless --missing names the text as one for a missing value"
        )
    if written.kind == "date":
        if is_plain(written.notation):
            return "date", f"ISO 8601 dates{note}", PLAIN
        return "date", f"dates written like {written.example}{note}", written.notation
    values = written.values[read]
    whole = bool((values == np.floor(values)).all())
    if whole:
        integers = sorted({int(value) for value in values})
        if reason := _identifier(name, integers, int(cells.counts[read].sum())):
            return reason
    what = "integers" if whole else "decimal numbers"
    like = "" if is_plain(written.notation) else f" written like {written.example}"
    return _numbers(
        name, values, f"{what}{like} ({written.different} different){note}", written.notation
    )
