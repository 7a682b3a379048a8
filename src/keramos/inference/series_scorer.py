"""Decide a table in the order of time: one answer for each row with a full window before it."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from keramos.data.conform import check_present
from keramos.data.time_order import in_order, is_called_a_date
from keramos.errors import DataError
from keramos.inference.scored import Rejects, Scored, finite_rows, not_finite, rejected
from keramos.inference.table_scorer import BatchScorer
from keramos.tabular.series import window_input
from keramos.types.schema import ColumnSchema
from keramos.types.table import Column, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from keramos.inference.scored import Batch, Batches
    from keramos.inference.scored import Schema as BatchSchema
    from keramos.runtime.session import Session
    from keramos.types.artifact import Content

    Floats = NDArray[np.float64]

NO_VALUE = "no value, and a series has no gaps"
IN_WINDOW = "a row of its window cannot be used"
_VALUES_AT_ONCE = 1 << 18


class SeriesScorer(BatchScorer):
    """Decides batches in order; it remembers the rows before a batch, so one thread uses it."""

    in_order = True

    def __init__(
        self,
        session: Session,
        content: Content,
        batches: Batches,
        keep: Sequence[str] = (),
    ) -> None:
        super().__init__(session, content.schema, content.preparation, content.rule, batches, keep)
        self._inputs = content.preparation.inputs
        series = self._inputs[0].series
        assert series  # noqa: S101 (whoever makes one has looked)
        self._series = series
        self._date = ""
        self._file, self._lock = "", Lock()
        self._before: Floats = np.zeros((0, len(series.columns)))
        self._last: np.datetime64 | None = None
        self._name_columns()

    def _name_columns(self) -> None:
        dates = [self._date] if self._date else []
        names = [*self._series.columns, *self._keep, *dates]
        self.needs = tuple(dict.fromkeys(names))
        self._columns = tuple(ColumnSchema(name, "number", "") for name in self._series.columns)

    def schema(self, given: BatchSchema, source: str = "the table") -> BatchSchema:
        """The columns of ``decided``; a column of dates is read too, to know the order."""
        others = [name for name in given.names if name not in self._series.columns]
        self._date = next((name for name in others if is_called_a_date(name)), "")
        self._name_columns()
        return super().schema(given, source)

    def score(self, batch: Batch, source: str = "the table") -> Scored:
        """Decide the rows of a batch that have a full window; those before are not decided.

        Raises:
            DataError: a column is absent, or rows are not in the order of time.
            RowError: no cell of a column can be read, by its type.
        """
        check_present(batch.schema.names, list(self.needs), source)
        self._check_types(batch, source)
        with self._lock:
            if source != self._file:
                self._file, self._before, self._last = source, self._before[:0], None
            self._check_order(batch, source)
            rows, rejects = self._numbers(batch)
            joined = np.concatenate([self._before, rows])
            kept = min(self._series.window - 1, len(joined))
            self._before = joined[len(joined) - kept :]
        return self._scored(batch, joined, rejects)

    def _scored(self, batch: Batch, joined: Floats, rejects: list[Rejects]) -> Scored:
        count = batch.num_rows
        places, windows = self._windows(joined, count)
        sound = np.asarray(np.isfinite(windows).all(axis=(1, 2)))
        own = np.asarray(np.isfinite(joined[len(joined) - count :]).all(axis=1))
        lost = places[~sound & own[places]]
        rejects.append(_reject(lost, self._series.columns[0], IN_WINDOW))
        windows, places = windows[sound], places[sound]
        output = self._outputs(windows)
        finite = finite_rows(output)
        if finite is not None:
            rejects.append(not_finite(output[~finite], places[~finite]))
            output, places = output[finite], places[finite]
        answers = dict(zip(self._answers, self._answer_columns(output), strict=True))
        decided = self._batches.decided(batch, self._keep, places, answers)
        bad = {row for reject in rejects for row in reject.rows.tolist()}
        return Scored(count, decided, rejected(rejects), len(bad), (), places)

    def _windows(self, joined: Floats, count: int) -> tuple[NDArray[np.int64], Floats]:
        """The rows of the batch that end a window, and the windows."""
        size = self._series.window
        if len(joined) < size:
            empty = np.zeros((0, size, joined.shape[1]))
            return np.zeros(0, np.int64), empty
        windows = np.lib.stride_tricks.sliding_window_view(joined, size, axis=0)
        places = np.arange(len(windows)) + size - 1 - (len(joined) - count)
        return places[places >= 0], windows.swapaxes(1, 2)[places >= 0]

    def _outputs(self, windows: Floats) -> NDArray[np.generic]:
        """The first output as (windows, units)."""
        step = max(1, _VALUES_AT_ONCE // max(windows[0].size if len(windows) else 1, 1))
        parts = [
            self._session.run(
                {
                    column.input: window_input(
                        windows[at : at + step], self._series, column.part
                    ).astype("float32")
                    for column in self._inputs
                }
            )[0]
            for at in range(0, len(windows), step)
        ]
        if not parts:
            return np.empty((0, self._rule.units), "float32")
        return np.concatenate(parts).reshape(len(windows), -1)

    def _numbers(self, batch: Batch) -> tuple[Floats, list[Rejects]]:
        """The numbers of the batch, NaN where a cell is none; and why."""
        columns, rejects = [], []
        for column in self._columns:
            array = batch.column(column.name)
            found = self._batches.cells(array, column)
            bad = np.zeros(len(found.distinct.values), bool)
            for problem in found.problems:
                bad[problem.row - 1] = True
            missing = np.asarray(found.distinct.missing)
            values = np.where(bad | missing, np.nan, found.distinct.values.astype(float))
            columns.append(values[found.codes])
            rows = np.flatnonzero((bad | missing)[found.codes])
            reason = found.problems[0].reason if found.problems else NO_VALUE
            rejects.append(_reject(rows, column.name, reason))
        return np.column_stack(columns), rejects

    def _check_order(self, batch: Batch, source: str) -> None:
        if not self._date or not batch.num_rows:
            return
        order, dates = self._dates(batch, source)
        if dates is None:
            return
        if order is not None or (self._last is not None and dates[0] <= self._last):
            raise DataError(
                "the rows are not in the order of time",
                file=source,
                column=self._date,
                remedy="Sort them by date, the oldest first",
            )
        self._last = dates[-1]

    def _dates(
        self, batch: Batch, source: str
    ) -> tuple[NDArray[np.intp] | None, NDArray[np.datetime64] | None]:
        array = batch.column(self._date)
        for kind in ("date", "string_category"):
            found = self._batches.cells(array, ColumnSchema(self._date, kind, ""))
            if not found.problems and not found.distinct.missing.any():
                values = found.distinct.values[found.codes]
                column = Column(values, np.zeros(len(values), bool), text=kind != "date")
                return in_order(Table(source, {self._date: column}, len(values)), ())
        return None, None


def _reject(rows: NDArray[np.int64], column: str, rule: str) -> Rejects:
    return Rejects(rows, column, rule, np.full(len(rows), "nothing", object))
