"""The result of deciding a batch: its decided rows and its rejected cells."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np
import pyarrow as pa

from keramos.errors import Problem
from keramos.tabular.arrow import as_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from keramos.types.drift import InputCounts
    from keramos.types.schema import Preparation

REJECTED = pa.schema(
    [("row", pa.int64()), ("column", pa.string()), ("rule", pa.string()), ("value", pa.string())]
)
"""Columns of the list of rejected cells; ``row`` counts from 1 within what was given."""

NOT_FINITE = "the model's answer is not a finite number"


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """What became of a batch of ``rows`` rows.

    ``decided`` has the kept columns and the answers of the good rows, in order. ``rejected`` has a
    row for each bad cell (columns of ``REJECTED``), ``rejected_rows`` says in how many rows.
    ``drift`` counts the decided rows.
    """

    rows: int
    decided: pa.RecordBatch
    rejected: pa.RecordBatch
    rejected_rows: int
    drift: tuple[InputCounts, ...]

    def problems(self, before: int = 0) -> list[Problem]:
        """The rejected cells as problems; ``before`` is how many rows came before this batch."""
        listed = self.rejected.to_pylist()
        return [
            Problem(cell["row"] + before, cell["column"], cell["value"], cell["rule"])
            for cell in listed
        ]


@dataclass(frozen=True, slots=True, eq=False)
class Rejects:
    """Rows (from 0) of one column that break one rule, with what was received."""

    rows: NDArray[np.int64]
    column: str
    rule: str
    values: NDArray[np.object_]


class Scorer(Protocol):
    """Decides batches of one shape of table. Safe to share between threads."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Columns that a batch must have."""

    @property
    def histograms(self) -> Preparation | None:
        """What drift is counted against."""

    def schema(self, given: pa.Schema, source: str = "the table") -> pa.Schema:
        """The columns of ``decided`` for batches with the columns ``given``."""

    def score(self, batch: pa.RecordBatch, source: str = "the table") -> Scored:
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


def rejected(rejects: Sequence[Rejects]) -> pa.RecordBatch:
    """All of them as a list in the order of rows, with the columns of ``REJECTED``."""
    if not rejects:
        return pa.RecordBatch.from_pylist([], REJECTED)
    rows = np.concatenate([reject.rows for reject in rejects])
    order = np.argsort(rows, kind="stable")
    columns = np.concatenate(
        [np.full(len(reject.rows), reject.column, object) for reject in rejects]
    )
    rules = np.concatenate([np.full(len(reject.rows), reject.rule, object) for reject in rejects])
    values = np.concatenate([reject.values for reject in rejects])
    texts = [pa.array(part[order], pa.string()) for part in (columns, rules, values)]
    return pa.RecordBatch.from_arrays(
        [pa.array(rows[order] + 1, pa.int64()), *texts], schema=REJECTED
    )


def kept_columns(batch: pa.RecordBatch, names: Sequence[str]) -> pa.RecordBatch:
    """The columns that answers carry along."""
    arrays = [as_text(batch.column(name)) for name in names]
    if not arrays:
        return batch.select([])
    fields = [
        batch.schema.field(name).with_type(array.type)
        for name, array in zip(names, arrays, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


def joined(
    kept: pa.RecordBatch, names: Sequence[str], arrays: Sequence[pa.Array]
) -> pa.RecordBatch:
    """Kept columns and answers side by side."""
    for name, array in zip(names, arrays, strict=True):
        kept = kept.append_column(name, array)
    return kept
