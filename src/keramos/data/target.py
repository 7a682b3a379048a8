"""The column to predict: its task and its classes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from keramos.data.notation import examples, few, notation_like, without, written_as
from keramos.data.whole_numbers import leading_zeros
from keramos.errors import DataError, RowError, UsageError, quoted
from keramos.tabular.cell import show
from keramos.tabular.float32 import merged, offset_of
from keramos.tabular.kind import problems
from keramos.tabular.kinds import parse
from keramos.tabular.notation import PLAIN, is_plain, notation_of, stored
from keramos.types.schema import TargetSchema
from keramos.types.table import Column, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.data.wishes import Wishes
    from keramos.tabular.kind import Parsed
    from keramos.types.schema import Label, Notation, Task

_MOST_INTEGER_CLASSES = 20
_MOST_CLASSES = 1000
_TWO = 2
_WORDS = frozenset({"NA", "N/A"})
"""Texts that mean a missing cell beside numbers, and can be classes beside words (Namibia, North
America, not applicable).
"""


def infer_target(table: Table, name: str, wishes: Wishes) -> TargetSchema:
    """Task and classes of the column to predict; classes in ascending order, the positive one last
    where given.

    Rows whose target is missing are not looked at; see ``usable_rows``.

    Raises:
        DataError: no value, one class only, or far too many; or numbers that can be read in two
            ways, or that are one number in float32.
        UsageError: the wished task or positive class does not fit the values.
    """
    column, missing = without(_written(table.columns[name]), wishes.missing)
    found = _judged(name, column, wishes)
    if not found.classes and found.task != "regression":
        target = _with_classes(found, column, wishes, table.source)
    else:
        _check_numbers(target_cells(column, found), found, wishes, table.source)
        target = found
    notation = replace(notation_of(target), missing=missing)
    unit = (wishes.units or {}).get(name, notation.sign)
    return replace(target, unit=unit, notation=stored(notation))


def _judged(name: str, column: Column, wishes: Wishes) -> TargetSchema:
    """The task, the reason, and the notation of numbers."""
    present = _present(column)
    if not len(present.values):
        raise DataError("the target has no value in any row", column=name)
    notation, like = _notation(name, present, wishes)
    numbers = parse(present, "number", notation)
    bad = int(numbers.bad.sum())
    numeric = bad == 0 or (like != "" and few(bad, len(present.values)))
    task, reason = _task(present, numbers, numeric=numeric)
    if wishes.task is not None and wishes.task != task:
        task, reason = wishes.task, f"{wishes.task} on request"
    if task == "regression":
        return TargetSchema(name, task, reason + like, notation=notation)
    if name in (wishes.written or {}):
        raise UsageError(
            "the target is classes, and an example says how numbers are written",
            option="written",
            column=name,
            received=reason,
            remedy="Leave the example out, or predict numbers with --task regression",
        )
    return TargetSchema(name, task, reason)


def _present(column: Column) -> Column:
    keep = ~column.missing
    return Column(column.values[keep], column.missing[keep], column.text, column.categorical)


def _notation(name: str, present: Column, wishes: Wishes) -> tuple[Notation, str]:
    """How the target's numbers are written, and that in words; none where they are plain.

    Raises:
        DataError: two notations read different numbers, and the values are no classes.
        UsageError: the example of how the target is written is not a number.
    """
    if name in (wishes.written or {}):
        example = (wishes.written or {})[name]
        kind, notation = notation_like(name, example)
        if kind != "number":
            raise UsageError(
                "the example is a date, and a target is numbers or classes",
                option="written",
                column=name,
                received=show(example),
                remedy="Make a number of the dates, for example days from a fixed one",
            )
        return notation, f", written like {show(example)}"
    if not present.text or not parse(present, "number").bad.any():
        return PLAIN, ""
    written = written_as(present)
    if written is None or written.kind != "number" or written.stray:
        return PLAIN, ""
    if not written.doubt:
        odd = written.cells.listed(written.odd) if written.odd.any() else ""
        like = "" if is_plain(written.notation) else f", written like {written.example}"
        return written.notation, like + (
            f". Not read: {odd}; such rows are left out" if odd else ""
        )
    if wishes.task == "regression" or len(np.unique(present.values)) > _most_classes(present):
        raise DataError(
            f"the target's notation is in doubt: {written.doubt}",
            column=name,
            remedy=f"Say how it is written: {examples(name, written)}",
        )
    return PLAIN, ""


def _check_numbers(column: Column, target: TargetSchema, wishes: Wishes, source: str) -> None:
    """Refuse a target for regression that is not numbers, or not in the answers' precision.

    Raises:
        RowError: more than a few values are not numbers.
        DataError: different values are one number in float32.
    """
    numbers = target_numbers(column, target)
    bad, asked = int(numbers.bad.sum()), wishes.task is not None
    if bad and (asked or not few(bad, int((~column.missing).sum()))):
        found = problems(target.name, column, numbers)
        raise RowError("the target is not a number", file=source, problems=found)
    values = numbers.values[~numbers.bad & ~numbers.missing].astype(float)
    offset = offset_of(values)
    if not offset and merged(values) is None:
        return
    remedy = "Split it into two targets"
    if offset:
        remedy = f"Subtract {offset:.17g} from it, and add that to the answers"
    raise DataError(
        "different values of the target are one number in float32, the precision of answers",
        file=source,
        column=target.name,
        remedy=remedy,
    )


def _with_classes(found: TargetSchema, column: Column, wishes: Wishes, source: str) -> TargetSchema:
    name = found.name
    present = _present(column)
    words = []
    if column.text:
        words = sorted(_WORDS.intersection(column.values[column.missing].tolist()))
        words = [word for word in words if word not in wishes.missing]
    if words and parse(present, "number").bad.any():
        gone = column.missing & ~np.isin(column.values.astype(str), words)
        present = _present(replace(column, missing=gone))
        named = " and ".join(map(repr, words))
        note = f"; {named} is a class: say --missing {words[0]} where it means a missing value"
        found = replace(found, reason=found.reason + note)
    classes = _classes(present)
    if len(classes) < _TWO:
        raise DataError(
            f"the target has one class only: {show(classes[0])}; nothing to learn",
            file=source,
            column=name,
        )
    if len(classes) > _most_classes(present):
        raise DataError(
            f"the target has too many classes in {len(present.values)} rows",
            file=source,
            column=name,
            received=f"{len(classes)} classes",
        )
    if wishes.task == "binary" and len(classes) > _TWO:
        raise UsageError(
            "the task cannot be binary", column=name, received=f"{len(classes)} classes"
        )
    two = len(classes) == _TWO and wishes.task != "multiclass"
    ordered = _ordered(classes, wishes.positive, name)
    return replace(found, task="binary" if two else "multiclass", classes=ordered)


def _most_classes(present: Column) -> int:
    return min(_MOST_CLASSES, len(present.values) // _TWO)


def target_numbers(column: Column, target: TargetSchema) -> Parsed:
    """The values of a target for regression, in its notation."""
    return parse(column, "number", notation_of(target))


def target_cells(column: Column, target: TargetSchema) -> Column:
    """The target's cells with those as missing that the schema takes for missing."""
    column, _ = without(column, notation_of(target).missing)
    if not target.classes:
        return replace(column, missing=target_numbers(column, target).missing)
    words = _WORDS.intersection(label for label in target.classes if isinstance(label, str))
    if not words or not column.text:
        return column
    named = np.array([type(cell) is str and cell in words for cell in column.values.tolist()])
    return replace(column, missing=column.missing & ~named)


def _written(column: Column) -> Column:
    """The column with cells of several types as text: labels are compared as they are written."""
    if not column.text:
        return column
    cells = (cell if type(cell) is str else str(cell) for cell in column.values.tolist())
    values = np.fromiter(cells, object, len(column.values))
    return Column(values, column.missing, text=True, categorical=column.categorical)


def _task(present: Column, numbers: Parsed, *, numeric: bool) -> tuple[Task, str]:
    distinct = len(np.unique(present.values))
    if distinct <= _TWO:
        return "binary", f"the target has {distinct} different values"
    if present.categorical or not numeric:
        return "multiclass", f"the target is text with {distinct} different values"
    values = numbers.values[~numbers.missing & ~numbers.bad]
    whole = bool((values == np.floor(values)).all()) and not _decimal(present)
    if whole and distinct <= _MOST_INTEGER_CLASSES:
        return "multiclass", f"the target has {distinct} different integers"
    return "regression", f"the target has {distinct} different numbers"


def _decimal(present: Column) -> bool:
    return present.values.dtype.kind == "f" or (
        present.text and any("." in cell for cell in present.values)
    )


def _classes(present: Column) -> list[Label]:
    distinct = {_label(cell) for cell in np.unique(label_cells(present))}
    return sorted(distinct, key=lambda label: (isinstance(label, str), label))


def label_cells(column: Column) -> NDArray[np.generic]:
    """The target's cells as labels: text that is integers throughout becomes integers."""
    if not column.text:
        return column.values
    column = _written(column)
    whole = parse(column, "integer_category")
    return column.values if whole.bad.any() or leading_zeros(column) else whole.values


def _label(cell: object) -> Label:
    value = cell.item() if isinstance(cell, np.generic) else cell
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, (bool, int, str)) else str(value)


def _ordered(classes: list[Label], positive: str | None, name: str) -> tuple[Label, ...]:
    if positive is None:
        return tuple(classes)
    found = [label for label in classes if str(label) == str(positive)]
    if not found or len(classes) > _TWO:
        raise UsageError(
            f"{quoted(str(positive))} cannot be the positive class; the classes are {classes}",
            column=name,
        )
    return (*(label for label in classes if label not in found), *found)


def take(table: Table, rows: NDArray[np.int64]) -> Table:
    """Some rows of a table, in the given order."""
    columns = {
        name: Column(column.values[rows], column.missing[rows], column.text, column.categorical)
        for name, column in table.columns.items()
    }
    return Table(table.source, columns, len(rows))


def of_known_class(column: Column, target: TargetSchema) -> NDArray[np.bool_]:
    """Which cells are of a class that the target has; all cells of numbers."""
    if not target.classes:
        return np.ones(len(column.values), bool)
    distinct, where = np.unique(label_cells(column), return_inverse=True)
    known = frozenset(target.classes)
    return np.array([_label(cell) in known for cell in distinct], bool)[where]


def encode_target(column: Column, target: TargetSchema) -> NDArray[np.generic]:
    """Targets as the loss wants them: regression float32 (n, 1), binary float32 (n, 1), multiclass
    int32 (n,).

    Raises:
        RowError: a value is not one of the classes, or not a number.
    """
    if target.task == "regression":
        numbers = target_numbers(column, target)
        if numbers.bad.any():
            found = problems(target.name, column, numbers)
            raise RowError("the target is not a number", problems=found)
        return numbers.values.astype("float32").reshape(-1, 1)
    places = {label: place for place, label in enumerate(target.classes)}
    distinct, where = np.unique(label_cells(column), return_inverse=True)
    indices = np.array([places[_label(cell)] for cell in distinct], "int32")[where]
    return indices if target.task == "multiclass" else indices.astype("float32").reshape(-1, 1)
