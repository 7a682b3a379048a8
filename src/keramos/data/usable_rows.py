"""The rows of a table that training can use."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from keramos.data.blanks import trimmed
from keramos.data.conform import conform, counted_rows, row_error
from keramos.data.notation import few
from keramos.data.target import take, target_cells, target_numbers
from keramos.frozen import Frozen
from keramos.tabular.kind import problems

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from keramos.errors import Problem
    from keramos.types.schema import Schema
    from keramos.types.table import Table

_NAMED = 5
"""Cells that a note about rows left out names."""


class UsableRows(Frozen, frozen=True, eq=False):
    """Rows with a target, all cells of which can be read: as they came, and parsed. ``numbers`` are
    their numbers in the table, from 1; ``notes`` say which others were left out, and why.
    """

    raw: Table
    typed: Table
    numbers: NDArray[np.int64]
    notes: tuple[str, ...]

    def numbered(self, problems: Iterable[Problem]) -> list[Problem]:
        """Problems of these rows, with the rows' numbers in the table."""
        return [replace(problem, row=int(self.numbers[problem.row - 1])) for problem in problems]


def usable_rows(source: Table, schema: Schema) -> UsableRows:
    """The rows to learn from and to hold out from; a few that cannot be read are left out.

    Raises:
        RowError: cells of more than a few rows cannot be read; names each.
    """
    name = schema.target.name
    target = target_cells(trimmed(source.columns[name]), schema.target)
    source = replace(source, columns={**source.columns, name: target})
    typed, found, _ = conform(source, schema, need_target=True)
    if not schema.target.classes:
        found += problems(name, target, target_numbers(target, schema.target))
    found = [problem for problem in found if not target.missing[problem.row - 1]]
    bad = np.zeros(source.rows, bool)
    bad[[problem.row - 1 for problem in found]] = True
    if not few(int(bad.sum()), source.rows):
        raise row_error(found, source.source)
    notes = []
    if target.missing.any():
        gone = int(target.missing.sum())
        notes.append(f"left out: {counted_rows(gone)} without a value of '{name}'")
    if found:
        named = "; ".join(map(str, sorted(found, key=lambda one: one.row)[:_NAMED]))
        more = f"; and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        lost = counted_rows(int(bad.sum()))
        notes.append(f"left out: {lost} that cannot be read: {named}{more}")
    for column in schema.columns:
        lacking = typed.columns[column.name].missing & ~bad & ~target.missing
        if column.gaps == "refuse" and lacking.any():
            bad |= lacking
            notes.append(f"left out: {counted_rows(int(lacking.sum()))} without '{column.name}'")
    keep = np.flatnonzero(~bad & ~target.missing)
    if len(keep) == source.rows:
        return UsableRows(source, typed, keep + 1, tuple(notes))
    return UsableRows(take(source, keep), take(typed, keep), keep + 1, tuple(notes))
