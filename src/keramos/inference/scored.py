"""The result of deciding a batch: its decided rows and its rejected cells."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias, cast

import numpy as np
from msgspec.structs import replace

from keramos.errors import Problem
from keramos.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from keramos.tabular.distinct_cells import DistinctCells
    from keramos.types.block import Block, Cells, Fields
    from keramos.types.drift import InputCounts
    from keramos.types.schema import ColumnSchema, Preparation

    Batch: TypeAlias = "pa.RecordBatch | Block"
    Schema: TypeAlias = "pa.Schema | Fields"
    Array: TypeAlias = "pa.Array | Cells"

NOT_FINITE = "the model's answer is not a finite number"


class Scored(Frozen, frozen=True, eq=False):
    """What became of a batch of ``rows`` rows.

    ``decided`` has the kept columns and the answers of the good rows, in order. ``rejected`` lists
    the bad cells in the order of rows, which count from 1 in the batch; ``rejected_rows`` says in
    how many rows they are. ``drift`` counts the decided rows.
    """

    rows: int
    decided: Batch
    rejected: list[Problem]
    rejected_rows: int
    drift: tuple[InputCounts, ...]
    places: NDArray[np.int64] | None = None
    """Which rows (from 0) are decided, where not all are that are not rejected."""

    def problems(self, before: int = 0) -> list[Problem]:
        """The rejected cells; ``before`` is how many rows came before this batch."""
        return [replace(problem, row=problem.row + before) for problem in self.rejected]


class Rejects(Frozen, frozen=True, eq=False):
    """Rows (from 0) of one column that break one rule, with what was received."""

    rows: NDArray[np.int64]
    column: str
    rule: str
    values: NDArray[np.object_]


class Labels(NamedTuple):
    """Answers that are labels: the position of each row's among all."""

    chosen: NDArray[np.int64]
    labels: Sequence[str | int | bool]


class Batches(Protocol):
    """How batches are stored: reads their columns, and makes the columns of answers."""

    def vector(self, array: Array, column: ColumnSchema) -> NDArray[np.generic] | None:
        """The model input of a column at once, shape (rows,), where no cell needs to be looked
        at; else None.
        """

    def numbers(self, array: Array) -> NDArray[np.generic] | None:
        """The values of a column of numbers without a missing one; None for any other."""

    def cells(self, array: Array, column: ColumnSchema) -> DistinctCells:
        """A column parsed as the schema has it."""

    def odd(self, array: Array) -> tuple[str, str]:
        """The type of a column and why no cell of it can be read; empty where cells can."""

    def shown(self, array: Array, rows: NDArray[np.int64]) -> list[str]:
        """Some cells of a column, for messages."""

    def of_numbers(self, given: Schema, names: Sequence[str]) -> list[str]:
        """Which of the columns hold numbers; all of them where each holds text, as in CSV."""

    def empty(self, given: Schema) -> Batch:
        """A batch without rows."""

    def decided(
        self,
        batch: Batch,
        keep: Sequence[str],
        places: NDArray[np.int64] | None,
        answers: Mapping[str, NDArray[np.generic] | Labels],
    ) -> Batch:
        """The kept columns of the rows at ``places`` (None: all), and the answers beside them."""


class Scorer(Protocol):
    """Decides batches of one shape of table. Safe to share between threads."""

    @property
    def in_order(self) -> bool:
        """Whether batches have to come one after another, in the order of the rows."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Columns that a batch must have."""

    @property
    def histograms(self) -> Preparation | None:
        """What drift is counted against."""

    def schema(self, given: Schema, source: str = "the table") -> Schema:
        """The columns of ``decided`` for batches with the columns ``given``."""

    def score(self, batch: Batch, source: str = "the table") -> Scored:
        """Decide the rows of a batch; ``source`` names it in messages."""


def good_rows(rejects: Sequence[Rejects], rows: int) -> NDArray[np.bool_] | None:
    """Which rows break no rule; None for all."""
    if not rejects:
        return None
    good = np.ones(rows, bool)
    for reject in rejects:
        good[reject.rows] = False
    return good


def finite_rows(output: NDArray[np.generic]) -> NDArray[np.bool_] | None:
    """Which rows of answers are finite; None for all."""
    finite = np.isfinite(output)
    return None if finite.all() else cast("NDArray[np.bool_]", finite.all(axis=1))


def not_finite(output: NDArray[np.generic], rows: NDArray[np.int64]) -> Rejects:
    """Answers of these rows that are not finite numbers."""
    shown = np.array([str(answer) for answer in output.tolist()], object)
    return Rejects(rows, "", NOT_FINITE, shown)


def rule_rejects(problems: Sequence[Problem], codes: NDArray[np.int32]) -> list[Rejects]:
    """Problems of distinct cells as rows, one entry for each rule."""
    found = []
    for rule, group in groupby(sorted(problems, key=lambda p: p.reason), key=lambda p: p.reason):
        values = np.full(int(codes.max()) + 1, "", object)
        broken = np.zeros(len(values), bool)
        for problem in group:
            values[problem.row - 1] = problem.value
            broken[problem.row - 1] = True
        rows = np.flatnonzero(broken[codes])
        found.append(Rejects(rows, problems[0].column, rule, values[codes[rows]]))
    return found


def rejected(rejects: Sequence[Rejects]) -> list[Problem]:
    """All of them in the order of rows, which count from 1."""
    found = [
        Problem(row + 1, reject.column, value, reject.rule)
        for reject in rejects
        for row, value in zip(reject.rows.tolist(), reject.values.tolist(), strict=True)
    ]
    return sorted(found, key=lambda problem: problem.row)
