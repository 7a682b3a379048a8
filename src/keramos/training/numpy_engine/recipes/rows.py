"""Rows as recipes learn from them, and what is to be learned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from keramos.training.boosting.objectives import OBJECTIVES
from keramos.training.loss_words import loss_of
from keramos.training.plan import class_weights, weights_of
from keramos.types.schema import MISSING_NUMBER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.training.boosting.objectives import Objective
    from keramos.training.loss_words import NamedLoss
    from keramos.types.schema import Task
    from keramos.types.training import TrainingPlan
    from keramos.types.training_job import TrainingJob, TrainingRows

    Index = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The same rows in two forms, and their targets (n,).

    ``matrix`` (n, features): prepared. ``columns``: float32 numbers with NaN where there is none,
    codes for categories. ``y``: the standardised value, or the class' position. ``weights`` (n,)
    say how much rows count in learning, ``counts`` in judging, which no weight of a class changes;
    None where all count the same.
    """

    matrix: NDArray[np.float32]
    columns: tuple[NDArray[np.generic], ...]
    y: NDArray[np.float64]
    weights: NDArray[np.float64] | None = None
    counts: NDArray[np.float64] | None = None

    def take(self, index: Index) -> Rows:
        """The rows of these positions."""
        columns = tuple(column[index] for column in self.columns)
        weights = None if self.weights is None else self.weights[index]
        counts = None if self.counts is None else self.counts[index]
        return Rows(self.matrix[index], columns, self.y[index], weights, counts)


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """What every candidate needs to know.

    ``objective`` is what is minimised for rows by their weights. ``cells`` has the cells of each
    column in the raw row: 1 for a number, one for each level. ``unseen`` are the prepared features
    that no training row sets; ``classes`` the weights of classes, None where they have none.
    """

    task: Task
    loss: NamedLoss
    objective: Objective
    plan: TrainingPlan
    cells: tuple[int, ...]
    features: int
    unseen: tuple[int, ...]
    classes: NDArray[np.float64] | None

    @property
    def numbers(self) -> int:
        """How many columns are numbers; they are the first ones, prepared and raw."""
        return sum(count == 1 for count in self.cells)


def problem_of(job: TrainingJob) -> Problem:
    """The problem of a job whose targets are standardised."""
    loss = loss_of(job.plan, job.target.task)
    return Problem(
        task=job.target.task,
        loss=loss,
        objective=OBJECTIVES[loss.name](loss.parameter, len(job.target.classes)),
        plan=job.plan,
        cells=job.raw_cells,
        features=job.training.matrix.shape[1],
        unseen=job.unseen,
        classes=class_weights(job),
    )


def rows_of(rows: TrainingRows, problem: Problem) -> Rows:
    """Rows of a job in both forms."""
    raw = rows.raw if rows.raw is not None else rows.matrix
    ends = np.cumsum(problem.cells)
    parts = [raw[:, end - count : end] for end, count in zip(ends, problem.cells, strict=True)]
    return Rows(
        rows.matrix,
        tuple(map(_column, parts)),
        rows.targets.reshape(-1).astype(float),
        weights_of(rows, problem.classes),
        rows.weights,
    )


def _column(cells: NDArray[np.float32]) -> NDArray[np.generic]:
    """A number with NaN for the mark of a missing one, or the position of the level."""
    if cells.shape[1] > 1:
        return np.asarray(cells.argmax(axis=1))
    number = cells[:, 0]
    return np.where(number == np.float32(MISSING_NUMBER), np.float32(np.nan), number)
