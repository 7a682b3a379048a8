"""Any table -> the columns that a schema asks for, each in its kind's dtype."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keramos.errors import DataError, RowError
from keramos.tabular.columns import cells_column
from keramos.tabular.kind import problems
from keramos.tabular.kinds import kind_of
from keramos.types.table import Column, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.errors import Problem
    from keramos.types.schema import Schema


class Conformed(NamedTuple):
    """The typed table (one column for each of the schema's, in its order), the cells that were
    refused, and the names of columns that the schema has no use for.
    """

    table: Table
    problems: list[Problem]
    ignored: list[str]


def conform(table: Table, schema: Schema, *, need_target: bool) -> Conformed:
    """The schema's columns of ``table``, found by name in any order; the target only where
    ``need_target``.

    A table without rows may lack all columns: JSON Lines and lists name theirs in rows only.

    Raises:
        DataError: a column of the schema is not in the table.
    """
    if not table.rows and not table.columns:
        table = _without_rows(table.source, schema)
    kinds = {column.name: column for column in schema.columns}
    wanted = [*kinds, *([schema.target.name] if need_target else [])]
    check_present(list(table.columns), wanted, table.source)
    typed, found = {}, []
    for name in wanted:
        source = table.columns[name]
        if name == schema.target.name:
            typed[name] = source
            continue
        parsed = kind_of(kinds[name]).parse(source)
        typed[name] = Column(parsed.values, parsed.missing)
        found += problems(name, source, parsed)
    known = {*kinds, schema.target.name, *(column.name for column in schema.dropped)}
    return Conformed(
        Table(table.source, typed, table.rows),
        found,
        [name for name in table.columns if name not in known],
    )


def _without_rows(source: str, schema: Schema) -> Table:
    names = [*(column.name for column in schema.columns), schema.target.name]
    return Table(source, {name: cells_column([]) for name in names}, 0)


def row_error(problems: Sequence[Problem], source: str) -> RowError:
    """All problems of a table as one error, in the order of rows."""
    ordered = sorted(problems, key=lambda problem: problem.row)
    rows = len({problem.row for problem in ordered})
    return RowError(f"{counted_rows(rows)} cannot be used", file=source, problems=ordered)


def counted_rows(count: int) -> str:
    """``1 row``, ``2 rows``."""
    return f"{count:,} row{'' if count == 1 else 's'}"


def check_present(have: list[str], names: list[str], source: str) -> None:
    """Refuse a table that lacks a column; ``have`` are the names of those it has.

    Raises:
        DataError: names every absent column and the nearest name that is there.
    """
    absent = [name for name in names if name not in have]
    if not absent:
        return
    from difflib import get_close_matches  # noqa: PLC0415 (some milliseconds, for a refusal only)

    lines = []
    for name in absent:
        near = get_close_matches(name, [other for other in have if other not in names], 1)
        lines.append(f"'{name}'" + (f" (is it '{near[0]}'?)" if near else ""))
    shown = ", ".join(f"'{name}'" for name in have[:20])
    columns = f"{len(absent)} column{'' if len(absent) == 1 else 's'}"
    raise DataError(
        f"the table lacks {columns}: {', '.join(lines)}. It has {shown}",
        file=source,
    )
