"""Decide tables of pictures or texts: few rows at a time, for one becomes many numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from keramos.data.conform import check_present
from keramos.inference.arrays import rows_at_once
from keramos.inference.host_cells import host_cells
from keramos.inference.scored import Scored, finite_rows, not_finite, rejected, rule_rejects
from keramos.inference.table_scorer import BatchScorer
from keramos.prepare.feeds import feeds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.inference.host_cells import HostCells
    from keramos.inference.scored import Batch, Rejects
    from keramos.types.prediction import Feeds

    Outputs = NDArray[np.generic]

_VALUES = 1 << 23  # numbers that are prepared at a time: 32 MB
_MOST_ROWS, _FIRST_ROWS = 1 << 12, 16


class HostScorer(BatchScorer):
    """Decides batches of a model whose one column is pictures or texts. A cell of text in a column
    of pictures may be the path of one below the folder of the table.
    """

    def score(self, batch: Batch, source: str = "the table") -> Scored:
        """Decide the rows of a batch; ``source`` is its table, in whose folder pictures are.

        Raises:
            DataError: the column is absent.
            RowError: no cell of the column can be read, by its type.
        """
        check_present(batch.schema.names, list(self.needs), source)
        self._check_types(batch, source)
        (column,) = self._columns
        cells = host_cells(self._batches, batch.column(column.name), column, source)
        rows, rejects = batch.num_rows, cells.rejects
        good = np.ones(rows, bool)
        for reject in rejects:
            good[reject.rows] = False
        outputs: list[Outputs] = [np.empty((0, self._rule.units), "float32")]
        begin, step, todo = 0, _FIRST_ROWS, np.flatnonzero(good)
        while begin < len(todo):
            some = todo[begin : begin + step]
            output, bad, values = self._some(cells, some)
            outputs.append(output)
            rejects += bad
            begin, step = begin + len(some), int(np.clip(_VALUES // values, 1, _MOST_ROWS))
        for reject in rejects:
            good[reject.rows] = False
        answers = dict(
            zip(self._answers, self._answer_columns(np.concatenate(outputs)), strict=True)
        )
        places = None if good.all() else np.flatnonzero(good)
        decided = self._batches.decided(batch, self._keep, places, answers)
        return Scored(rows, decided, rejected(rejects), int((~good).sum()), ())

    def _some(
        self, cells: HostCells, rows: NDArray[np.int64]
    ) -> tuple[Outputs, list[Rejects], int]:
        """Answers of the good rows among some, why others have none, and the numbers of a row."""
        table, codes, unread = cells.some(rows)
        fed = feeds(table, self._preparation)
        problems = [*unread, *cells.named(fed.problems, rows)]
        bad = {problem.row - 1 for problem in problems}
        good = np.array([code not in bad for code in codes.tolist()], bool)
        rejects = [
            replace(one, rows=rows[one.rows])
            for one in rule_rejects(problems, codes.astype("int32"))
        ]
        values = sum(max(int(np.prod(array.shape[1:])), 1) for array in fed.feeds.values())
        output = self._outputs({name: array[codes[good]] for name, array in fed.feeds.items()})
        finite = finite_rows(output)
        if finite is not None:
            rejects.append(not_finite(output[~finite], rows[good][~finite]))
            output = output[finite]
        return output, rejects, values

    def _outputs(self, fed: Feeds) -> Outputs:
        """The first output as (rows, units)."""
        rows = len(next(iter(fed.values())))
        if not rows:
            return np.empty((0, self._rule.units), "float32")
        step = rows_at_once(fed, rows)
        parts = [
            self._session.run({name: array[at : at + step] for name, array in fed.items()})[0]
            for at in range(0, rows, step)
        ]
        return np.concatenate(parts).reshape(rows, -1)
