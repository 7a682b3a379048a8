"""Decide batches: the one way of deciding many rows, wherever they come from.

Columns of numbers take no step of Python a row; refused cells are listed with the column, the rule
they break and the value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace

from keramos.data.conform import check_present
from keramos.errors import Problem, RowError, UsageError
from keramos.frozen import Frozen
from keramos.inference.decisions import WARNINGS, answer_columns, possible_text
from keramos.inference.row_warnings import RowWarnings, warning_cells
from keramos.inference.scored import (
    Labels,
    Scored,
    finite_rows,
    good_rows,
    not_finite,
    rejected,
    rule_rejects,
)
from keramos.monitor.drift import DriftCounter
from keramos.prepare.feeds import feeds
from keramos.runtime.decide import choose
from keramos.types.schema import MATRIX_INPUT
from keramos.types.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from keramos.inference.scored import Array, Batch, Batches, Rejects
    from keramos.inference.scored import Schema as BatchSchema
    from keramos.runtime.session import Session
    from keramos.types.prediction import Feeds
    from keramos.types.schema import ColumnSchema, Preparation, Schema
    from keramos.types.training import DecisionRule

_VALUES_AT_ONCE = 1 << 16
"""Input values of one run of the model; what the layers compute from them stays in the processor's
cache.
"""


class BatchScorer:
    """Decides batches of one shape of table. Safe to share between threads."""

    in_order = False

    def __init__(
        self,
        session: Session,
        schema: Schema,
        preparation: Preparation,
        rule: DecisionRule,
        batches: Batches,
        keep: Sequence[str] = (),
        *,
        warn: bool = False,
    ) -> None:
        """``warn``: answers have a column of warnings, where the file records training rows."""
        self._session, self._batches = session, batches
        self._columns = schema.columns
        self._preparation = preparation
        self._rule = rule
        self._keep = tuple(keep)
        self._parts = {column.name: _only(preparation, column) for column in schema.columns}
        self._warnings = RowWarnings(preparation)
        self._warned = warn and self._warnings.known
        self._answers = answer_columns(rule, warned=self._warned)
        self.needs = tuple(
            dict.fromkeys([*(column.name for column in schema.columns), *self._keep])
        )
        """Columns that a batch must have."""
        self.histograms = preparation
        """What drift is counted against."""
        clash = sorted(set(self._keep) & set(self._answers))
        if clash:
            raise UsageError(
                "the column cannot be kept: the answers have a column of that name",
                column=clash[0],
                remedy="Rename it",
            )

    def schema(self, given: BatchSchema, source: str = "the table") -> BatchSchema:
        """The columns of ``decided`` for batches with the columns ``given``.

        Raises:
            DataError: a column that the model or ``keep`` needs is absent.
        """
        check_present(given.names, list(self.needs), source)
        return self.score(self._batches.empty(given), source).decided.schema

    def score(self, batch: Batch, source: str = "the table") -> Scored:
        """Decide the rows of a batch; ``source`` names it in messages.

        Raises:
            DataError: a column is absent.
            RowError: no cell of a column can be read, by its type.
        """
        rows = batch.num_rows
        check_present(batch.schema.names, list(self.needs), source)
        self._check_types(batch, source)
        fed, levels, rejects = self._encoded(batch, source)
        good = good_rows(rejects, rows)
        if good is not None:
            fed = {name: array[good] for name, array in fed.items()}
        output = self._run(fed)
        finite = finite_rows(output)
        if finite is not None:
            places = np.arange(rows) if good is None else np.flatnonzero(good)
            rejects.append(not_finite(output[~finite], places[~finite]))
            good = good_rows(rejects, rows)
            output, fed = output[finite], {name: array[finite] for name, array in fed.items()}
        counter = DriftCounter(self._preparation)
        counter.add(fed, {name: level.counted(good) for name, level in levels.items()})
        left = None if good is None else np.flatnonzero(good)
        answers = dict(zip(self._answers, self._answer_columns(output), strict=False))
        if self._warned:
            answers[WARNINGS] = self._warning_column(fed, levels, good)
        decided = self._batches.decided(batch, self._keep, left, answers)
        bad = 0 if good is None else rows - int(good.sum())
        return Scored(rows, decided, rejected(rejects), bad, counter.counts())

    def _warning_column(
        self, fed: Feeds, levels: Mapping[str, _Level], good: NDArray[np.bool_] | None
    ) -> NDArray[np.object_]:
        """The warnings of the good rows, whose model inputs are ``fed``."""
        coded = {
            name: (level.distinct, level.codes if good is None else level.codes[good])
            for name, level in levels.items()
        }
        return warning_cells(self._warnings.found(fed, coded), len(next(iter(fed.values()))))

    def _check_types(self, batch: Batch, source: str) -> None:
        """Refuse a column in which no cell can be read, before any row of the batch is decided; one
        without cells is missing values.

        Raises:
            RowError: names the column and its type.
        """
        for column in self._columns:
            kind, reason = self._batches.odd(batch.column(column.name))
            if reason:
                raise RowError(
                    "no cell of the column can be used",
                    file=source,
                    column=column.name,
                    received=f"type {kind}",
                    problems=[Problem(1, column.name, kind, reason)],
                )

    def _encoded(self, batch: Batch, source: str) -> tuple[Feeds, dict[str, _Level], list[Rejects]]:
        fed: Feeds = {}
        levels: dict[str, _Level] = {}
        rejects: list[Rejects] = []
        matrix = (
            np.empty((batch.num_rows, len(self._columns)), "float32")
            if self._preparation.matrix
            else None
        )
        for place, column in enumerate(self._columns):
            array = batch.column(column.name)
            first = self._parts[column.name].inputs[0]
            special = first.part or first.steps
            vector = None if special else self._batches.vector(array, column)
            if vector is not None:
                arrays: Feeds = {first.input: vector[:, None]}
            else:
                arrays, own, bad = self._parsed(array, column, source)
                levels |= own
                rejects += bad
            if matrix is not None:
                (matrix[:, place : place + 1],) = arrays.values()
            else:
                fed |= arrays
        return ({MATRIX_INPUT: matrix} if matrix is not None else fed), levels, rejects

    def _parsed(
        self, array: Array, column: ColumnSchema, source: str
    ) -> tuple[Feeds, dict[str, _Level], list[Rejects]]:
        """Model inputs of one column, each distinct cell parsed once."""
        found = self._batches.cells(array, column)
        table = Table(source, {column.name: found.distinct}, len(found.distinct.values))
        part = self._parts[column.name]
        fed = feeds(table, part)
        levels = {
            c.input: _Level(fed.feeds[c.input], found.codes) for c in part.inputs if c.categories
        }
        rejects = rule_rejects([*found.problems, *fed.problems], found.codes)
        return {name: values[found.codes] for name, values in fed.feeds.items()}, levels, rejects

    def _run(self, fed: Feeds) -> NDArray[np.generic]:
        """The first output as (rows, units)."""
        rows = len(next(iter(fed.values())))
        if not rows:
            return np.empty((0, self._rule.units), "float32")
        step = max(1, _VALUES_AT_ONCE // max(len(self._preparation.features), 1))
        parts = [
            self._session.run({name: array[at : at + step] for name, array in fed.items()})[0]
            for at in range(0, rows, step)
        ]
        return (
            np.concatenate(parts).reshape(rows, -1)
            if len(parts) > 1
            else parts[0].reshape(rows, -1)
        )

    def _answer_columns(self, output: NDArray[np.generic]) -> list[NDArray[np.generic] | Labels]:
        chosen = choose(output, self._rule)
        if chosen is None:
            values = [output[:, place] for place in range(self._rule.units)]
            return [*values, *self._sure(output)]
        score = output[:, 0]
        several = []
        if self._rule.kind == "argmax":
            score = np.take_along_axis(output, chosen[:, None], 1)[:, 0]
            several = [output[:, place] for place in range(len(self._rule.labels))]
        return [Labels(chosen, self._rule.labels), score, *several, *self._sure(output)]

    def _sure(self, output: NDArray[np.generic]) -> list[NDArray[np.generic]]:
        """Ends of intervals, or possible labels, where the rule has an interval."""
        if self._rule.interval is None:
            return []
        from keramos.evaluate.conformal import bounds, possible  # noqa: PLC0415 (few rules have one)

        if self._rule.kind == "value":
            return list(bounds(output, self._rule))
        labels = np.array(self._rule.labels, object)
        texts = [possible_text(labels[held]) for held in possible(output, self._rule)]
        return [np.array(texts, np.str_)]


class _Level(Frozen, frozen=True, eq=False):
    """Categories of one model input: the distinct ones, shape (n, 1), and the place of each
    row's.
    """

    distinct: NDArray[np.generic]
    codes: NDArray[np.int32]

    def counted(self, good: NDArray[np.bool_] | None) -> Mapping[object, int]:
        """How often each value occurs in the good rows."""
        codes = self.codes if good is None else self.codes[good]
        counts = np.bincount(codes, minlength=len(self.distinct)).tolist()
        total: dict[object, int] = {}
        for value, count in zip(self.distinct[:, 0].tolist(), counts, strict=True):
            total[value] = total.get(value, 0) + count
        return total


def _only(preparation: Preparation, column: ColumnSchema) -> Preparation:
    inputs = tuple(part for part in preparation.inputs if part.column == column.name)
    return replace(preparation, inputs=inputs, matrix=False)
