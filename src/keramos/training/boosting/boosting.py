"""Boost oblivious trees: rounds, sampling, early stopping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from keramos.training.boosting.bins import BinnedColumn, bin_numbers, thresholds_of
from keramos.training.boosting.growing import grow, layout_of
from keramos.training.boosting.histograms import pack
from keramos.training.boosting.trees import Condition, Forest, Tree

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from keramos.training.boosting.objectives import Objective

    Columns = Sequence[NDArray[np.generic]]
    Floats = NDArray[np.float64]

_MOST_ROWS = 100_000
"""Rows that one tree looks at, at most."""
_SMOOTH_LEVELS = 10.0
"""Added to a level's hessian where levels are ordered by gradient / hessian."""


@dataclass(frozen=True, slots=True)
class BoostingPlan:
    """``rounds`` at most; stop after ``patience`` rounds without a better validation loss.

    ``rows`` and ``columns`` are the shares that each tree and each level may look at.
    """

    depth: int = 6
    rounds: int = 300
    patience: int = 30
    rate: float = 0.1
    l2: float = 3.0
    rows: float = 0.8
    columns: float = 0.7
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Boosted:
    """The forest of the best round, and the losses of every round grown."""

    forest: Forest
    losses: tuple[float, ...]
    validation_losses: tuple[float, ...]

    @property
    def best(self) -> int:
        """Number of rounds of the forest."""
        return len(self.forest.trees)


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Columns and targets. Numbers are float32 with NaN where missing, categories are codes."""

    columns: Columns
    y: NDArray[np.floating] | NDArray[np.integer]


def boost(
    training: Sample,
    objective: Objective,
    plan: BoostingPlan,
    *,
    validation: Sample | None = None,
    on_round: Callable[[int], None] = lambda _: None,
) -> Boosted:
    """Grow trees that lower the loss; the same seed gives the same trees, bit for bit."""
    run = _Run(training, objective, plan)
    watch = _Watch(validation, objective, run.start, plan.patience)
    trees: list[Tree] = []
    losses: list[float] = []
    for number in range(plan.rounds):
        trees.append(run.round())
        losses.append(run.loss())
        on_round(number + 1)
        if watch.is_done(trees[-1]):
            break
    kept = watch.best or len(trees)
    return Boosted(Forest(run.start, tuple(trees[:kept])), tuple(losses), tuple(watch.losses))


class _Watch:
    """Scores of the validation rows, tree by tree."""

    def __init__(
        self, sample: Sample | None, objective: Objective, start: Floats, patience: int
    ) -> None:
        self.losses: list[float] = []
        self.best = 0
        self._sample = sample
        self._objective = objective
        self._patience = patience
        if sample is not None:
            self._scores = np.tile(start, (len(sample.y), 1))

    def is_done(self, tree: Tree) -> bool:
        if self._sample is None:
            return False
        self._scores += Forest(np.zeros(tree.values.shape[1]), (tree,)).scores(self._sample.columns)
        self.losses.append(float(self._objective.losses(self._scores, self._sample.y).mean()))
        if not self.best or self.losses[-1] < self.losses[self.best - 1]:
            self.best = len(self.losses)
        return len(self.losses) - self.best >= self._patience


class _Run:
    """The state of boosting: shuffled rows, their bins and scores."""

    def __init__(self, sample: Sample, objective: Objective, plan: BoostingPlan) -> None:
        self._draw = np.random.default_rng(plan.seed)
        self._objective = objective
        self._plan = plan
        order = self._draw.permutation(len(sample.y))
        self._y = sample.y[order]
        self._columns = [_binned(column[order]) for column in sample.columns]
        self._layout = layout_of(
            [column.count for column in self._columns],
            [
                column.kind == "category" or bool((column.bins == 0).any())
                for column in self._columns
            ],
        )
        self._bins = np.stack([column.bins for column in self._columns])
        self.start = objective.start(sample.y)
        self._scores = np.tile(self.start.astype("float32"), (len(sample.y), 1))

    def loss(self) -> float:
        return float(self._objective.losses(self._scores, self._y).mean())

    def round(self) -> Tree:
        """One tree more; scores of all rows move with it."""
        plan, n = self._plan, len(self._y)
        begin = int(self._draw.integers(n))
        count = min(max(int(plan.rows * n), 1), _MOST_ROWS)
        rows = np.arange(begin, begin + count) % n
        gradient, hessian = self._objective.derivatives(self._scores[rows], self._y[rows])
        ranks = [
            _ranks(column, column.bins[rows], gradient, hessian, self._draw)
            for column in self._columns
        ]
        bins = self._bins[:, rows]
        for place, rank in enumerate(ranks):
            if rank is not None:
                bins[place] = rank[bins[place]]
        growth = grow(
            bins,
            [pack(gradient[:, k], hessian[:, k]) for k in range(gradient.shape[1])],
            self._layout,
            depth=plan.depth,
            l2=plan.l2,
            allowed=[self._allowed() for _ in range(plan.depth)],
        )
        values = -plan.rate * growth.gradients / (growth.hessians + plan.l2)
        self._advance(growth.questions, ranks, values)
        conditions = tuple(
            _condition(place, self._columns[place], ranks[place], at)
            for place, at in growth.questions
        )
        return Tree(conditions, values)

    def _allowed(self) -> NDArray[np.bool_]:
        """The columns that a level may ask for."""
        count = len(self._columns)
        most = max(1, round(self._plan.columns * count))
        allowed = np.zeros(count, bool)
        allowed[self._draw.permutation(count)[:most]] = True
        return allowed

    def _advance(
        self,
        questions: Sequence[tuple[int, int]],
        ranks: Sequence[NDArray[np.intp] | None],
        values: Floats,
    ) -> None:
        leaf = np.zeros(len(self._y), np.intp)
        for place, at in questions:
            rank = ranks[place]
            bins = self._bins[place] if rank is None else rank[self._bins[place]]
            leaf = leaf * 2 + (bins > at)
        self._scores += values.astype("float32")[leaf]


def _binned(values: NDArray[np.generic]) -> BinnedColumn:
    if values.dtype.kind in "iu":
        codes = values.astype(np.intp)
        return BinnedColumn(
            "category", codes, int(codes.max(initial=0)) + 1, np.zeros(0, "float32")
        )
    numbers = values.astype("float32")
    missing = np.isnan(numbers)
    thresholds = thresholds_of(numbers[~missing])
    bins = bin_numbers(numbers, missing, thresholds)
    return BinnedColumn("number", bins, len(thresholds) + 2, thresholds)


def _ranks(
    column: BinnedColumn,
    codes: NDArray[np.intp],
    gradient: Floats,
    hessian: Floats,
    draw: np.random.Generator,
) -> NDArray[np.intp] | None:
    """The order of a category's levels by gradient / hessian over the rows of this tree.

    With several outputs one random direction stands for them. A level that no row has lies in the
    middle, at 0.
    """
    if column.kind == "number":
        return None
    outputs = gradient.shape[1]
    direction = np.ones(1) if outputs == 1 else draw.normal(size=outputs)
    sums = np.bincount(codes, gradient @ direction, column.count)
    weights = np.bincount(codes, hessian.sum(axis=1), column.count)
    order = np.argsort(sums / (weights + _SMOOTH_LEVELS), kind="stable")
    ranks = np.empty(column.count, np.intp)
    ranks[order] = np.arange(column.count)
    return ranks


def _condition(
    place: int, column: BinnedColumn, rank: NDArray[np.intp] | None, at: int
) -> Condition:
    if rank is not None:
        return Condition(place, levels=tuple(np.flatnonzero(rank > at).tolist()))
    threshold = -np.inf if at == 0 else float(column.thresholds[at - 1])
    return Condition(place, threshold)
