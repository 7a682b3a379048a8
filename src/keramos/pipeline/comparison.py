"""Answers of an adopted file beside those of its original parts, on the rows of a table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.emit import compile_network
from keramos.data.conform import conform
from keramos.data.read import as_table
from keramos.errors import UsageError
from keramos.inference.arrays import rows_at_once
from keramos.inference.picture_files import with_pictures
from keramos.inference.raw_inputs import raw_reader
from keramos.prepare.feeds import feeds
from keramos.runtime.decide import choose
from keramos.runtime.session import Session
from keramos.tabular.cell import show
from keramos.types.table import Column, Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from keramos.adoption.candidate import Published
    from keramos.types.artifact import Content
    from keramos.types.network import Network
    from keramos.types.prediction import Feeds


_MOST_WINDOWS = 200  # of a series that are compared


@dataclass(frozen=True, slots=True)
class Compared:
    """``rows`` were compared, ``refused`` were refused; ``difference`` is the largest. ``right`` is
    the share of rows whose label is that of the target column, ``usual`` that of the most frequent
    label (None: the table has no such column). ``app`` says how the app beside the model does it
    otherwise ("": it does not, as far as its source tells), ``otherwise`` in how many rows its
    label is another (None: answers are values), ``app_difference`` the largest between answers.
    """

    rows: int
    refused: int
    difference: float
    right: float | None = None
    usual: float | None = None
    app: str = ""
    otherwise: int | None = None
    app_difference: float = 0.0

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
        return said + self._of_app()

    def _of_app(self) -> str:
        if not self.app:
            return ""
        far = f"answers differ by up to {self.app_difference:.3g}"
        if self.otherwise is None:
            return f"; as the app does it ({self.app}) {far}"
        return (
            f"; as the app does it ({self.app}) {self.otherwise} of {self.rows} labels are others "
            f"and {far}"
        )


def compare(
    network: Network,
    content: Content,
    original: Callable[[object], NDArray[np.float64]] | None,
    source: object,
    published: Published | None = None,
) -> Compared:
    """Compare on every row of a table that the file takes; of a series on each window.

    Raises:
        UsageError: the recipe has no original parts to compare with.
        DataError: the table lacks a column.
    """
    if original is None:
        raise UsageError("there are no original parts to compare with")
    table = as_table(_rows(source, content))
    typed, bad, _ = conform(table, content.schema, need_target=False)
    fed = feeds(typed, content.preparation)
    refused = {problem.row - 1 for problem in (*bad, *fed.problems)}
    good = np.array([row for row in range(typed.rows) if row not in refused], int)
    columns = {
        name: Column(column.values[good], column.missing[good])
        for name, column in typed.columns.items()
    }
    taken = Table(typed.source, columns, len(good))
    expected = original(taken)
    given = {name: array[good] for name, array in fed.feeds.items()}
    got = _answers(network, given, len(good), expected)
    difference = float(np.abs(got - expected).max(initial=0.0))
    right, usual = _shares(table, content, got, good)
    found = Compared(len(good), len(refused), difference, right, usual)
    return found if published is None else _with_app(found, published, taken, got, content)


def _rows(source: object, content: Content) -> object:
    """Rows of whatever is given; a series as all its windows, evenly spread."""
    reader = raw_reader(content)
    rows = source if reader is None else reader(source)
    if content.preparation.inputs[0].picture and not isinstance(rows, list):
        return with_pictures(as_table(rows), content.schema.columns[0].name)
    series = content.preparation.inputs[0].series
    if not series or not isinstance(rows, list) or len(rows) != 1:
        return rows
    ((name, cell),) = rows[0].items()
    if not isinstance(cell, np.ndarray) or len(cell) <= series.window:
        return rows
    ends = np.unique(np.linspace(series.window, len(cell), _MOST_WINDOWS).astype(int)).tolist()
    first = 0 if series.fitted == "request" else series.window
    return [{name: cell[end - first if first else 0 : end]} for end in ends]


def _answers(
    network: Network, given: Feeds, rows: int, like: NDArray[np.float64]
) -> NDArray[np.float64]:
    """What the file answers, in the shape of the original parts' answers."""
    session = Session(compile_network(network))
    step = rows_at_once(given, rows) if rows else 1
    parts = [
        session.run({name: array[at : at + step] for name, array in given.items()})[0]
        for at in range(0, rows, step)
    ]
    return np.concatenate(parts).reshape(like.shape).astype(float) if parts else like


def _with_app(
    found: Compared, published: Published, table: Table, got: NDArray[np.float64], content: Content
) -> Compared:
    """The comparison with what the app answers to the same rows."""
    app = published.answers(table).reshape(got.shape)
    chosen = [choose(one.reshape(len(one), -1), content.rule) for one in (got, app)]
    labels = None if chosen[0] is None else int((chosen[0] != chosen[1]).sum())
    far = float(np.abs(app - got).max(initial=0.0))
    return replace(found, app=published.how, otherwise=labels, app_difference=far)


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
