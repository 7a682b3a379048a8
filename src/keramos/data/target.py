"""The column to predict: its task and its classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import DataError, RowError, UsageError, quoted
from keramos.tabular.cell import show
from keramos.tabular.kind import problems
from keramos.tabular.kinds import parse
from keramos.types.schema import TargetSchema
from keramos.types.table import Column, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.tabular.kind import Parsed
    from keramos.types.schema import Label, Task

_MOST_INTEGER_CLASSES = 20
_MOST_CLASSES = 1000
_TWO = 2


def infer_target(
    table: Table, name: str, task: Task | None, positive: str | None, unit: str
) -> TargetSchema:
    """Task and classes of the column to predict; classes in ascending order, the positive one last
    where given.

    Rows whose target is missing are not looked at; see ``rows_with_target``.

    Raises:
        DataError: no value, one class only, or far too many.
        UsageError: the wished task or positive class does not fit the values.
    """
    column = _written(table.columns[name])
    keep = ~column.missing
    if not keep.any():
        raise DataError("the target has no value in any row", file=table.source, column=name)
    present = Column(column.values[keep], column.missing[keep], column.text, column.categorical)
    numbers = parse(present, "number")
    chosen, reason = _task(present, numbers, numeric=not numbers.bad.any())
    if task is not None and task != chosen:
        chosen, reason = task, f"{task} on request"
    if chosen == "regression":
        if numbers.bad.any():
            raise RowError(
                "the target is not a number",
                file=table.source,
                problems=problems(name, present, numbers),
            )
        return TargetSchema(name, "regression", reason, (), unit)
    classes = _classes(present)
    if len(classes) < _TWO:
        raise DataError(
            f"the target has one class only: {show(classes[0])}; nothing to learn",
            file=table.source,
            column=name,
        )
    if len(classes) > min(_MOST_CLASSES, keep.sum() // _TWO):
        raise DataError(
            f"the target has too many classes in {keep.sum()} rows",
            file=table.source,
            column=name,
            received=f"{len(classes)} classes",
        )
    if task == "binary" and len(classes) > _TWO:
        raise UsageError(
            "the task cannot be binary", column=name, received=f"{len(classes)} classes"
        )
    chosen = "binary" if len(classes) == _TWO and task != "multiclass" else "multiclass"
    return TargetSchema(name, chosen, reason, _ordered(classes, positive, name))


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
    whole = bool((numbers.values == np.floor(numbers.values)).all()) and not _decimal(present)
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
    plain = not whole.bad.any() and not any(
        cell[:1] == "0" and len(cell) > 1 for cell in column.values[~column.missing]
    )
    return whole.values if plain else column.values


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


def rows_with_target(table: Table, name: str) -> tuple[Table, str]:
    """The rows whose target is present, and a note about the others (empty where there are
    none).
    """
    keep = ~table.columns[name].missing
    if keep.all():
        return table, ""
    return take(
        table, np.flatnonzero(keep)
    ), f"{int((~keep).sum())} row(s) without a value of '{name}' are left out"


def take(table: Table, rows: NDArray[np.int64]) -> Table:
    """Some rows of a table, in the given order."""
    columns = {
        name: Column(column.values[rows], column.missing[rows], column.text, column.categorical)
        for name, column in table.columns.items()
    }
    return Table(table.source, columns, len(rows))


def encode_target(column: Column, target: TargetSchema) -> NDArray[np.generic]:
    """Targets as the loss wants them: regression float32 (n, 1), binary float32 (n, 1), multiclass
    int32 (n,).

    Raises:
        RowError: a value is not one of the classes, or not a number.
    """
    if target.task == "regression":
        numbers = parse(column, "number")
        if numbers.bad.any():
            found = problems(target.name, column, numbers)
            raise RowError("the target is not a number", problems=found)
        return numbers.values.astype("float32").reshape(-1, 1)
    places = {label: place for place, label in enumerate(target.classes)}
    distinct, where = np.unique(label_cells(column), return_inverse=True)
    indices = np.array([places[_label(cell)] for cell in distinct], "int32")[where]
    return indices if target.task == "multiclass" else indices.astype("float32").reshape(-1, 1)
