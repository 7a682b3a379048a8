"""What a table is: kind and reason of each column, the target, and the columns that a model must
not use.
"""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from itertools import combinations
from typing import TYPE_CHECKING

from keramos.data.blanks import trimmed, with_blanks, with_trimmed_classes
from keramos.data.column_kind import judged
from keramos.data.conform import check_present
from keramos.data.target import infer_target
from keramos.data.wishes import Wishes
from keramos.errors import DataError, UsageError, quoted
from keramos.tabular.kinds import KINDS
from keramos.types.schema import DroppedColumn, Schema

if TYPE_CHECKING:
    from keramos.types.schema import ColumnSchema
    from keramos.types.table import Table

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
    given, table = (
        table,
        replace(table, columns={name: trimmed(column) for name, column in table.columns.items()}),
    )
    _check_missing(table, wishes)
    goal = with_trimmed_classes(infer_target(table, target, wishes), given.columns[target])
    columns: list[ColumnSchema] = []
    dropped: list[DroppedColumn] = []
    for name, column in table.columns.items():
        if name == target:
            continue
        found = judged(name, column, wishes)
        if isinstance(found, DroppedColumn):
            dropped.append(found)
        else:
            spaced = with_blanks(found, given.columns[name], trim=name in wishes.trim)
            columns.append(_with_gaps(spaced, wishes))
    if not columns:
        reasons = "; ".join(f"'{column.name}': {column.reason}" for column in dropped)
        raise DataError(
            f"no column is left to learn from ({reasons or 'only the target is there'})",
            file=table.source,
        )
    return Schema(tuple(columns), goal, tuple(dropped))


def _with_gaps(column: ColumnSchema, wishes: Wishes) -> ColumnSchema:
    """The column with what the caller decided about its missing values."""
    wanted = wishes.gaps or {}
    found = wanted.get(column.name, wanted.get("*"))
    return column if found is None else replace(column, gaps=found)


def _check_names(table: Table, target: str, wishes: Wishes) -> None:
    for name in table.columns:
        if not name.isprintable() and name.encode(errors="ignore").decode() != name:
            raise DataError(
                "the column name holds half a character (a surrogate)",
                file=table.source,
                column=name,
                remedy="Rename the column",
            )
    named = [*wishes.drop, *wishes.categorical, *wishes.numeric]
    named += [*(wishes.units or {}), *(wishes.written or {}), *wishes.trim]
    named += [name for name in wishes.gaps or {} if name != "*"]
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
    wrong = sorted(set((wishes.gaps or {}).values()) - {"impute", "refuse"})
    if wrong:
        raise UsageError(
            "missing values are imputed or refused",
            option="gaps",
            received=repr(wrong[0]),
            remedy="Say impute or refuse",
        )
    others = {*wishes.categorical, *wishes.numeric, *wishes.trim, *(wishes.gaps or {})}
    if target in others:
        raise UsageError(
            "wishes about kinds, blanks and missing values are for feature columns, not for the "
            "target",
            column=target,
            remedy="Say what to predict with --task",
        )
    _check_one_wish(wishes)


def _check_one_wish(wishes: Wishes) -> None:
    """Refuse wishes about a column that exclude each other."""
    kinds = {
        "categorical": wishes.categorical,
        "numeric": wishes.numeric,
        "dropped": wishes.drop,
        "written as a number or date": wishes.written or (),
    }
    for (one, columns), (other, others) in combinations(kinds.items(), 2):
        both = set(columns) & set(others)
        if both and {one, other} != {"numeric", "written as a number or date"}:
            raise UsageError(f"a column cannot be both {one} and {other}", column=min(both))


def _check_missing(table: Table, wishes: Wishes) -> None:
    """Refuse texts for missing cells that are numbers, which other sources have as numbers, or that
    no column has.
    """
    for text in wishes.missing:
        if isinstance(KINDS["number"].read(text), float):
            raise UsageError(
                "a text that means a missing cell cannot be a number",
                option="missing",
                received=repr(text),
                remedy="Replace it in the table",
            )
        if not any(text in column.values for column in table.columns.values() if column.text):
            raise UsageError(
                "no column has the text",
                option="missing",
                received=repr(text),
                file=table.source,
            )
