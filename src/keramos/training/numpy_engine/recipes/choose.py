"""Compare candidates on training rows that none of them learned from, and weigh them."""

from __future__ import annotations

from dataclasses import dataclass
from time import process_time
from typing import TYPE_CHECKING

import numpy as np

from keramos.training.blending.blend import blend_weights

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keramos.training.numpy_engine.recipes.candidate import Candidate, Scores
    from keramos.training.numpy_engine.recipes.rows import Index, Problem, Rows

FEW_ROWS, FOLDS = 1200, 3
"""Up to so many rows, all of them are set aside once, in three folds."""
_SHARE, _MOST_ROWS = 0.2, 20_000
_MORE_ROUNDS = 1.1
"""All rows bear more rounds of boosting than a part of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """A candidate's loss on rows set aside, the rounds that were best, processor seconds."""

    scores: Scores
    loss: float
    rounds: int
    seconds: float


def folds(problem: Problem, rows: Rows) -> list[Index]:
    """The rows to set aside in turn, classes in equal shares."""
    draw = np.random.default_rng(problem.plan.seed)
    order = draw.permutation(len(rows.y))
    if problem.task != "regression":
        order = order[np.argsort(rows.y[order], kind="stable")]
    if len(order) <= FEW_ROWS:
        return [np.sort(order[fold::FOLDS]) for fold in range(FOLDS)]
    count = min(round(_SHARE * len(order)), _MOST_ROWS)
    every = np.floor(np.linspace(0, len(order), count, endpoint=False)).astype(np.intp)
    return [np.sort(order[every])]


def tried(
    candidates: Mapping[str, Candidate], problem: Problem, rows: Rows
) -> tuple[dict[str, Tried], dict[str, float]]:
    """Each candidate on the rows set aside, and the weights of those worth keeping."""
    parts = folds(problem, rows)
    found = {name: _try(one, problem, rows, parts) for name, one in candidates.items()}
    y = rows.y[np.concatenate(parts)]
    scores = {name: one.scores for name, one in found.items()}
    return found, blend_weights(scores, lambda mixed: problem.objective.losses(mixed, y))


def _try(candidate: Candidate, problem: Problem, rows: Rows, parts: list[Index]) -> Tried:
    begun, scores, rounds = process_time(), [], []
    for aside in parts:
        mask = np.ones(len(rows.y), bool)
        mask[aside] = False
        others = rows.take(aside)
        branch = candidate.fit(problem, rows.take(np.flatnonzero(mask)), validation=others)
        scores.append(branch.scores(others, 1)[0])
        rounds.append(branch.rounds)
    seconds = process_time() - begun
    joined = np.concatenate(scores)
    loss = float(problem.plain.losses(joined, rows.y[np.concatenate(parts)]).mean())
    return Tried(joined, loss, round(_MORE_ROUNDS * float(np.mean(rounds))), seconds)
