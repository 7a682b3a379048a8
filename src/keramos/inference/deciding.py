"""Decisions for the good rows of a table, which bad rows neither stop nor shift."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from keramos.data.conform import conform, row_error
from keramos.frozen import Frozen
from keramos.prepare.feeds import feeds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keramos.errors import Problem
    from keramos.types.artifact import Content
    from keramos.types.prediction import Decision, Feeds
    from keramos.types.table import Table


class Decided(Frozen, frozen=True):
    """Decisions for the good rows of a table, and what became of the others.

    ``rows`` has the 1-based row number of each decision; ``filled`` and ``unknown`` count missing
    values that the null policy filled and categories outside the vocabulary, per column;
    ``ignored`` are columns the model has no use for.
    """

    decisions: tuple[Decision, ...]
    rows: tuple[int, ...]
    problems: tuple[Problem, ...]
    filled: Mapping[str, int]
    unknown: Mapping[str, int]
    ignored: tuple[str, ...]


class _Decides(Protocol):
    def decided(self, fed: Feeds, *, warnings: bool) -> list[Decision]: ...


def table_feeds(table: Table, content: Content) -> Feeds:
    """Model inputs for a table.

    Raises:
        RowError: rows break a rule of the schema; names each with row, column, value and reason.
    """
    typed, bad, _ = conform(table, content.schema, need_target=False)
    fed = feeds(typed, content.preparation)
    if bad or fed.problems:
        raise row_error([*bad, *fed.problems], typed.source)
    return fed.feeds


def decided_table(model: _Decides, table: Table, content: Content, *, warnings: bool) -> Decided:
    """Decisions for every good row of a table."""
    typed, bad, ignored = conform(table, content.schema, need_target=False)
    fed = feeds(typed, content.preparation)
    problems = sorted({*bad, *fed.problems}, key=lambda problem: problem.row)
    good = np.ones(table.rows, bool)
    good[[problem.row - 1 for problem in problems]] = False
    kept = {name: array[good] for name, array in fed.feeds.items()}
    decisions = model.decided(kept, warnings=warnings) if good.any() else []
    rows = tuple((np.flatnonzero(good) + 1).tolist())
    return Decided(tuple(decisions), rows, tuple(problems), fed.filled, fed.unknown, tuple(ignored))
