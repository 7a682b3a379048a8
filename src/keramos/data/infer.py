"""What the columns of a table are: a kind and a reason for each, and which ones a model must not
use.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from typing import TYPE_CHECKING

import numpy as np

from keramos.data.conform import check_present
from keramos.data.target import infer_target
from keramos.errors import DataError, UsageError, quoted
from keramos.tabular.cell import Refused, distinct, show
from keramos.tabular.kind import NUMBER_NULLS
from keramos.tabular.kinds import KINDS, parse
from keramos.types.schema import ColumnSchema, DroppedColumn, Schema

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from keramos.tabular.kind import Parsed
    from keramos.types.schema import ColumnKind, Task
    from keramos.types.table import Column, Table

_CODE_NAMES = "code zip zipcode postcode postal category type cluster class"
_CODE_WORDS = frozenset(_CODE_NAMES.split())
_ID_NAMES = "id ids uuid guid key index idx rowid rownumber number no nr identifier serial"
_ID_WORDS = frozenset(_ID_NAMES.split())
_MOST_CODES = 50
_FREE_TEXT_SHARE = 0.5
_FREE_TEXT_VALUES = 50
_ORDINARY = frozenset({str, int, float, bool, Decimal, np.datetime64})
"""Classes of cells that some kind can read."""
_FEW_ROWS = 20
"""With fewer rows, all-distinct values are no sign of an identifier."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the caller decided against inference: columns by name, and the unit of columns."""

    drop: Collection[str] = ()
    categorical: Collection[str] = ()
    numeric: Collection[str] = ()
    task: Task | None = None
    positive: str | None = None
    units: Mapping[str, str] | None = None


_NO_WISHES = Wishes()


def infer_schema(table: Table, target: str, wishes: Wishes = _NO_WISHES) -> Schema:
    """Kind and reason of every column, dropped columns with reasons, and the task.

    Raises:
        DataError: there are no rows, the target has one class, or no usable column is left.
        UsageError: a wish names a column that the table does not have.
    """
    if not table.rows:
        raise DataError("the table has no rows to learn from", file=table.source)
    check_present(list(table.columns), [target], table.source)
    _check_names(table, target, wishes)
    goal = infer_target(
        table, target, wishes.task, wishes.positive, (wishes.units or {}).get(target, "")
    )
    columns: list[ColumnSchema] = []
    dropped: list[DroppedColumn] = []
    for name, column in table.columns.items():
        if name == target:
            continue
        reason = "dropped on request" if name in wishes.drop else _useless(name, column, wishes)
        if reason:
            dropped.append(DroppedColumn(name, reason))
            continue
        kind, why = _kind(name, column, wishes)
        columns.append(ColumnSchema(name, kind, why, (wishes.units or {}).get(name, "")))
    if not columns:
        reasons = "; ".join(f"'{column.name}': {column.reason}" for column in dropped)
        raise DataError(
            f"no column is left to learn from ({reasons or 'only the target is there'})",
            file=table.source,
        )
    return Schema(tuple(columns), goal, tuple(dropped))


def _check_names(table: Table, target: str, wishes: Wishes) -> None:
    for name in table.columns:
        if not name.isprintable() and name.encode(errors="ignore").decode() != name:
            raise DataError(
                "the column name holds half a character (a surrogate)",
                file=table.source,
                column=name,
                remedy="Rename the column",
            )
    named = [*wishes.drop, *wishes.categorical, *wishes.numeric, *(wishes.units or {})]
    for name in named:
        if name not in table.columns:
            near = get_close_matches(name, list(table.columns), 1)
            raise UsageError(
                f"the table has no column {quoted(name)}"
                + (f"; is it {quoted(near[0])}?" if near else ""),
                file=table.source,
            )
    if target in wishes.drop:
        raise UsageError("the target cannot be dropped", column=target)
    both = set(wishes.categorical) & set(wishes.numeric)
    if both:
        raise UsageError("a column cannot be both categorical and numeric", column=min(both))


def _words(name: str) -> set[str]:
    """Words of a column name: split at anything but letters and digits, and where small letters
    turn to capitals.
    """
    return set(re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name).lower().replace("_", " ").split())


def _useless(name: str, column: Column, wishes: Wishes) -> str:
    """Why a column cannot teach anything that holds for new rows; empty where it can."""
    present = column.values[~column.missing]
    if not len(present):
        if name in {*wishes.categorical, *wishes.numeric}:
            raise DataError("the column has no value in any row", column=name, remedy="Drop it")
        return "every value is missing"
    different = _distinct(present)
    if name in {*wishes.categorical, *wishes.numeric}:
        if (
            len(different) == len(present)
            and name in wishes.categorical
            and len(different) > _FEW_ROWS
        ):
            raise DataError(
                f"the column has as many categories as rows ({len(different)})",
                column=name,
                remedy="Drop it",
            )
        return ""
    if reason := _odd_cell(column):
        return reason
    if len(different) == 1 and not column.missing.any():
        return f"constant: every row has {show(different[0])}"
    if len(column.values) < _FEW_ROWS:
        return ""
    return next(
        (reason for reason in _identifier_reasons(name, column, present, len(different)) if reason),
        "",
    )


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


def _identifier_reasons(
    name: str, column: Column, present: np.ndarray, distinct: int
) -> Iterator[str]:
    unique = distinct == len(column.values)
    numbers = None if _is_date(column) else parse(column, "integer_category")
    if numbers is not None and not numbers.bad.any():
        if unique and not column.missing.any():
            values = np.sort(numbers.values)
            if values[0] in (0, 1) and values[-1] - values[0] + 1 == len(values):
                yield "row identifier: counts the rows"
            if _words(name) & _ID_WORDS or not name or name.startswith("Unnamed"):
                yield "row identifier: a different integer in every row, and the name says so"
        return
    if not column.text and present.dtype.kind != "O":
        return
    if not parse(column, "number").bad.any() or _is_date(column):
        return
    if unique:
        yield "row identifier: a different text in every row"
    if distinct > _FREE_TEXT_VALUES and distinct > _FREE_TEXT_SHARE * len(present):
        yield f"free text: {distinct} different values in {len(present)} rows"


def _is_date(column: Column) -> bool:
    if column.values.dtype.kind == "M":
        return True
    return column.text and not parse(column, "date").bad.any() and not column.missing.all()


def _kind(name: str, column: Column, wishes: Wishes) -> tuple[ColumnKind, str]:
    if column.values.dtype.kind == "b":
        return "boolean", "the source stores booleans"
    if name in wishes.numeric:
        return "number", "numeric on request"
    if name in wishes.categorical:
        return _category_kind(column), "categorical on request"
    if column.categorical and (column.text or column.values.dtype.kind == "i"):
        return _category_kind(column), "the source declares categories"
    if not column.text:
        return _typed_kind(name, column)
    return _text_kind(name, column)


def _category_kind(column: Column) -> ColumnKind:
    whole = not _padded(column) and not parse(column, "integer_category").bad.any()
    return "integer_category" if whole else "string_category"


def _padded(column: Column) -> bool:
    """Whether text numbers carry leading zeros, which makes them codes."""
    if not column.text:
        return False
    return any(
        type(cell) is str and len(cell) > 1 and cell[0] == "0" and cell.isdigit()
        for cell in column.values[~column.missing]
    )


def _typed_kind(name: str, column: Column) -> tuple[ColumnKind, str]:
    match column.values.dtype.kind:
        case "M":
            return "date", "the source stores dates"
        case "f":
            return "number", "the source stores decimal numbers"
        case "i":
            return _integer_kind(name, column.values[~column.missing])
    return "string_category", "the source stores text"


def _integer_kind(name: str, values: np.ndarray) -> tuple[ColumnKind, str]:
    distinct = len(np.unique(values))
    words = _words(name) & _CODE_WORDS
    if words and distinct <= _MOST_CODES:
        return (
            "integer_category",
            f"{distinct} different integers, and the name says '{min(words)}'",
        )
    return "number", f"integers ({distinct} different)"


def _text_kind(name: str, column: Column) -> tuple[ColumnKind, str]:
    numbers = parse(column, "number")
    bad = numbers.bad
    different = len(_distinct(column.values[~column.missing]))
    if not bad.any() and not numbers.missing.all():
        return _number_kind(name, column, numbers, different)
    if not parse(column, "boolean").bad.any():
        return "boolean", "every value is true or false"
    if _is_date(column):
        return "date", "every value is an ISO 8601 date"
    share = 1 - bad.sum() / max(int((~column.missing).sum()), 1)
    example = show(column.values[bad][0])
    mixed = f"; {share:.0%} look like numbers, but {example} does not" if share > 0 else ""
    return "string_category", f"text with {different} different values{mixed}"


def _number_kind(
    name: str, column: Column, numbers: Parsed, different: int
) -> tuple[ColumnKind, str]:
    if _padded(column):
        return "string_category", "digits with leading zeros are codes, not amounts"
    marks = sorted(NUMBER_NULLS.intersection(column.values[numbers.missing & ~column.missing]))
    note = f"; {', '.join(map(repr, marks))} is read as missing" if marks else ""
    present = numbers.values[~numbers.missing]
    if (present == np.floor(present)).all() and not any(
        type(cell) is str and "." in cell for cell in column.values[~column.missing]
    ):
        kind, why = _integer_kind(name, present)
        return kind, why + note
    return "number", f"decimal numbers ({different} different){note}"
