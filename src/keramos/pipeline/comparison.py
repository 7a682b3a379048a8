"""Answers of an adopted file beside those of its original parts, on the rows of a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.emit import compile_network
from keramos.data.conform import conform
from keramos.data.read import as_table
from keramos.errors import UsageError
from keramos.inference.arrays import rows_at_once
from keramos.inference.raw_inputs import raw_reader
from keramos.prepare.feeds import feeds
from keramos.runtime.decide import choose
from keramos.runtime.session import Session
from keramos.tabular.cell import show
from keramos.types.table import Column, Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from keramos.types.artifact import Content
    from keramos.types.network import Network


@dataclass(frozen=True, slots=True)
class Compared:
    """``rows`` were compared, ``refused`` were refused; ``difference`` is the largest. ``right`` is
    the share of rows whose label is that of the target column, ``usual`` that of the most frequent
    label (None: the table has no such column).
    """

    rows: int
    refused: int
    difference: float
    right: float | None = None
    usual: float | None = None

    def text(self) -> str:
        """One sentence or two."""
        said = (
            f"on {self.rows} rows of the table the largest difference from the original parts is "
            f"{self.difference:.3g}"
        )
        if self.refused:
            said += f"; {self.refused} rows are refused"
        if self.right is not None and self.usual is not None:
            said += (
                f"; {self.right:.1%} of the answers are the table's own (the most frequent one: "
                f"{self.usual:.1%})"
            )
        return said


def compare(
    network: Network,
    content: Content,
    original: Callable[[object], NDArray[np.float64]] | None,
    source: object,
) -> Compared:
    """Compare on every row of a table that the file takes.

    Raises:
        UsageError: the recipe has no original parts to compare with.
        DataError: the table lacks a column.
    """
    if original is None:
        raise UsageError("there are no original parts to compare with")
    reader = raw_reader(content)
    table = as_table(source if reader is None else reader(source))
    typed, bad, _ = conform(table, content.schema, need_target=False)
    fed = feeds(typed, content.preparation)
    refused = {problem.row - 1 for problem in (*bad, *fed.problems)}
    good = np.array([row for row in range(typed.rows) if row not in refused], int)
    columns = {
        name: Column(column.values[good], column.missing[good])
        for name, column in typed.columns.items()
    }
    expected = original(Table(typed.source, columns, len(good)))
    session = Session(compile_network(network))
    given = {name: array[good] for name, array in fed.feeds.items()}
    step = rows_at_once(given, len(good)) if len(good) else 1
    parts = [
        session.run({name: array[at : at + step] for name, array in given.items()})[0]
        for at in range(0, len(good), step)
    ]
    got = np.concatenate(parts).reshape(expected.shape) if parts else expected
    difference = float(np.abs(got - expected).max(initial=0.0))
    right, usual = _shares(table, content, got, good)
    return Compared(len(good), len(refused), difference, right, usual)


def _shares(
    table: Table, content: Content, got: NDArray[np.generic], good: NDArray[np.int64]
) -> tuple[float | None, float | None]:
    """How many labels are those of the table, and how often its most frequent label occurs."""
    target = table.columns.get(content.schema.target.name)
    chosen = choose(got, content.rule)
    if target is None or chosen is None or not len(good):
        return None, None
    truths = [_plain(cell) for cell in target.values[good].tolist()]
    labels = [_plain(content.rule.labels[place]) for place in chosen.tolist()]
    if not set(truths) & set(map(_plain, content.rule.labels)):
        return None, None
    right = sum(one == other for one, other in zip(truths, labels, strict=True)) / len(good)
    return right, max(map(truths.count, set(truths))) / len(good)


def _plain(cell: object) -> str:
    text = show(cell)
    return text.removesuffix(".0")
