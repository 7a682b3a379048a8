"""Compare candidates on training rows that none of them learned from, and weigh them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import process_time
from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import UsageError
from keramos.training.blending.blend import blend_weights
from keramos.training.numpy_engine.recipes.rows import problem_of, rows_of
from keramos.training.plan import standardised

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from keramos.training.numpy_engine.recipes.candidate import Candidate, Scores
    from keramos.training.numpy_engine.recipes.rows import Index, Problem, Rows
    from keramos.types.schema import TargetPreparation
    from keramos.types.training_job import TrainingJob

FEW_ROWS, FOLDS = 1200, 3
"""Up to so many rows, all of them are set aside once, in three folds."""
_SHARE, _MOST_ROWS = 0.2, 20_000
_MORE_ROUNDS = 1.1
"""All rows bear more rounds of boosting than a part of them."""
_TRIED_SHARE = 0.5
"""Share of the time budget after which no further candidate is tried; learning again from all rows
takes the rest.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """A candidate's loss on rows set aside, the rounds that were best, processor seconds."""

    scores: Scores
    loss: float
    rounds: int
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class _Fold:
    """An inner fold. ``scale`` and ``shift`` turn its scores into those of the whole problem, whose
    target may have another mean and deviation.
    """

    problem: Problem
    rows: Rows
    aside: Rows
    scale: float
    shift: float

    @property
    def y(self) -> Scores:
        """The targets of the rows aside, in the unit of the whole problem."""
        if self.problem.loss.is_rate:
            return self.aside.y * float(np.exp(self.shift))
        return self.aside.y * self.scale + self.shift


def folds(problem: Problem, y: Scores) -> list[Index]:
    """The rows to set aside in turn, classes in equal shares."""
    draw = np.random.default_rng(problem.plan.seed)
    order = draw.permutation(len(y))
    if problem.task != "regression":
        order = order[np.argsort(y[order], kind="stable")]
    if len(order) <= FEW_ROWS:
        return [np.sort(order[fold::FOLDS]) for fold in range(FOLDS)]
    count = min(round(_SHARE * len(order)), _MOST_ROWS)
    every = np.floor(np.linspace(0, len(order), count, endpoint=False)).astype(np.intp)
    return [np.sort(order[every])]


def tried(
    candidates: Mapping[str, Candidate], problem: Problem, rows: Rows, job: TrainingJob
) -> tuple[dict[str, Tried], dict[str, float]]:
    """Each candidate on the rows set aside, and the weights of those worth keeping."""
    begun = process_time()
    found: dict[str, Tried] = {}
    inner = list(_folds(problem, rows, job))
    y = np.concatenate([fold.y for fold in inner])
    learned = _weights([fold.aside.weights for fold in inner])
    for name, one in candidates.items():
        spent = process_time() - begun
        if found and problem.plan.time and spent > _TRIED_SHARE * problem.plan.time:
            break
        found[name] = _try(one, problem, inner, y)
    scores = {name: one.scores for name, one in found.items()}
    return found, blend_weights(scores, lambda mixed: problem.objective.losses(mixed, y) * learned)


def _weights(parts: list[Scores | None]) -> Scores:
    """The weights of all rows aside; 1 where all count the same."""
    given = [part for part in parts if part is not None]
    return np.concatenate(given) if given else np.ones(1)


def _folds(problem: Problem, rows: Rows, job: TrainingJob) -> Iterator[_Fold]:
    """The inner folds, each prepared by what its own rows teach."""
    parts = folds(problem, rows.y) if job.apart is None else [job.apart.astype(np.intp)]
    for aside in parts:
        learning = np.delete(np.arange(len(rows.y)), aside)
        inner = _inner_job(job, learning, aside)
        inside = problem_of(inner)
        yield _Fold(
            inside,
            rows_of(inner.training, inside),
            rows_of(inner.held_out, inside),
            *_change_of_unit(inner.statistics, job.statistics, problem),
        )


def _change_of_unit(
    mine: TargetPreparation, whole: TargetPreparation, problem: Problem
) -> tuple[float, float]:
    """The scale and the shift of a fold; scores of rates are logarithms, whose unit is a shift."""
    if problem.task != "regression":
        return 1.0, 0.0
    scale = mine.deviation / whole.deviation
    if problem.loss.is_rate:
        return 1.0, float(np.log(scale))
    return scale, (mine.mean - whole.mean) / whole.deviation


def _inner_job(job: TrainingJob, learning: Index, aside: Index) -> TrainingJob:
    if job.fold is None:
        raise UsageError(f"the recipe {job.plan.recipe} needs inner folds of the training rows")
    return replace(standardised(job.fold(learning, aside)), plan=job.plan)


def _try(candidate: Candidate, problem: Problem, inner: list[_Fold], y: Scores) -> Tried:
    begun, scores, rounds = process_time(), [], []
    for fold in inner:
        branch = candidate.fit(fold.problem, fold.rows, validation=fold.aside)
        scores.append(branch.scores(fold.aside, 1)[0] * fold.scale + fold.shift)
        rounds.append(branch.rounds)
    seconds = process_time() - begun
    joined = np.concatenate(scores)
    counts = _weights([fold.aside.counts for fold in inner])
    loss = float((problem.objective.losses(joined, y) * counts).mean())
    return Tried(joined, loss, round(_MORE_ROUNDS * float(np.mean(rounds))), seconds)
