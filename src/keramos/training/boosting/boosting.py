"""Boost oblivious trees: rounds, sampling, early stopping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from keramos.training.boosting.bins import column_bins
from keramos.training.boosting.growing import grow, layout_of
from keramos.training.boosting.histograms import pack
from keramos.training.boosting.leaf_quantiles import leaf_quantiles
from keramos.training.boosting.objectives import Quantile
from keramos.training.boosting.trees import Condition, Forest, Tree

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from keramos.training.boosting.bins import BinnedColumn
    from keramos.training.boosting.objectives import Objective

    Columns = Sequence[NDArray[np.generic]]
    Floats = NDArray[np.float64]
    Targets = NDArray[np.floating] | NDArray[np.integer]
    Question = tuple[int, int, NDArray[np.intp] | None]
    """Column, bin that is asked to be exceeded, and the order of a category's levels."""

_Cell = TypeVar("_Cell", bound=np.generic)

_ENOUGH_ROWS, _LEAST_SHARE, _MOST_ROWS = 30_000, 0.3, 100_000
"""A tree looks at the planned share of the rows up to so many, at no smaller share than this of
more, and at no more rows than these.
"""
_WATCHED_ROWS = 10_000
"""Training rows whose loss is computed after each round."""
_BYTE = 256
"""Bins that fit in 8 bits."""
_LEAST_WEIGHT = 1e-30
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
    """The forest of the best round, and the losses of every round grown; those of training are of
    at most ``_WATCHED_ROWS`` rows.
    """

    forest: Forest
    losses: tuple[float, ...]
    validation_losses: tuple[float, ...]

    @property
    def best(self) -> int:
        """Number of rounds of the forest."""
        return len(self.forest.trees)


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Columns, targets and how much each row counts (None: all the same). Numbers are float32 with
    NaN where missing, categories are codes.
    """

    columns: Columns
    y: Targets
    weights: NDArray[np.floating] | None = None


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
    watch = _Watch(run.validation(validation), objective, plan.patience)
    trees: list[Tree] = []
    losses: list[float] = []
    for number in range(plan.rounds):
        questions, values = run.round()
        trees.append(run.tree(questions, values))
        losses.append(run.loss())
        on_round(number + 1)
        if watch.is_done(questions, values):
            break
    kept = watch.best or len(trees)
    return Boosted(Forest(run.start, tuple(trees[:kept])), tuple(losses), tuple(watch.losses))


@dataclass(frozen=True, slots=True, eq=False)
class _Binned:
    """Rows as bins (columns, n), 8 bits a cell where that is enough, with targets and scores."""

    bins: NDArray[np.unsignedinteger]
    y: Floats
    scores: NDArray[np.float32]
    weights: Floats | None = None

    def loss(self, objective: Objective, most: int | None = None) -> float:
        """The mean loss of the first ``most`` rows."""
        part = slice(most)
        losses = objective.losses(self.scores[part], self.y[part])
        if self.weights is None:
            return float(losses.mean())
        weights = self.weights[part]
        return float((losses * weights).sum() / max(float(weights.sum()), _LEAST_WEIGHT))

    def advance(self, questions: Sequence[Question], values: Floats) -> None:
        """Add the values of the leaves to the scores."""
        leaf = np.zeros(len(self.y), np.uint16)
        for place, at, rank in questions:
            bins = self.bins[place]
            leaf <<= 1
            leaf |= rank[bins] > at if rank is not None else bins > at
        added = values.astype("float32")
        for output in range(added.shape[1]):
            self.scores[:, output] += added[:, output].take(leaf, mode="clip")


class _Watch:
    """Losses of the validation rows, tree by tree."""

    def __init__(self, rows: _Binned | None, objective: Objective, patience: int) -> None:
        self.losses: list[float] = []
        self.best = 0
        self._rows = rows
        self._objective = objective
        self._patience = patience

    def is_done(self, questions: Sequence[Question], values: Floats) -> bool:
        if self._rows is None:
            return False
        self._rows.advance(questions, values)
        self.losses.append(self._rows.loss(self._objective))
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
        self._columns = [column_bins(column) for column in sample.columns]
        self.start = objective.start(sample.y, sample.weights)
        self._rows = self._binned(sample, order)
        bins = self._rows.bins
        self._layout = layout_of(
            [column.count for column in self._columns],
            [
                column.kind == "category" or not bins[place].all()
                for place, column in enumerate(self._columns)
            ],
        )

    def _binned(self, sample: Sample, order: NDArray[np.intp] | slice) -> _Binned:
        most = max((column.count for column in self._columns), default=0)
        y = sample.y[order].astype(float)
        bins = np.empty((len(self._columns), len(y)), np.uint8 if most < _BYTE else np.uint16)
        for place, (column, cells) in enumerate(zip(self._columns, sample.columns, strict=True)):
            bins[place] = column.bins(cells)[order]
        weights = None if sample.weights is None else sample.weights[order].astype(float)
        return _Binned(bins, y, np.tile(self.start.astype("float32"), (len(y), 1)), weights)

    def validation(self, sample: Sample | None) -> _Binned | None:
        """Validation rows in the bins of the training rows."""
        return None if sample is None else self._binned(sample, slice(None))

    def loss(self) -> float:
        return self._rows.loss(self._objective, _WATCHED_ROWS)

    def round(self) -> tuple[list[Question], Floats]:
        """Questions and leaf values of one tree more; scores of all rows move with it."""
        plan, n = self._plan, len(self._rows.y)
        begin = int(self._draw.integers(n))
        count = _rows_of_a_tree(plan.rows, n)
        y = _window(self._rows.y, begin, count)
        scores = _window(self._rows.scores, begin, count)
        weights = None if self._rows.weights is None else _window(self._rows.weights, begin, count)
        gradient, hessian = self._objective.derivatives(scores, y)
        if weights is not None:
            gradient, hessian = gradient * weights[:, None], hessian * weights[:, None]
        bins, ranks = self._ranked(begin, count, gradient, hessian)
        growth = grow(
            bins,
            [pack(gradient[:, k], hessian[:, k]) for k in range(gradient.shape[1])],
            self._layout,
            depth=plan.depth,
            l2=plan.l2,
            allowed=[self._allowed() for _ in range(plan.depth)],
        )
        values = -plan.rate * growth.gradients / (growth.hessians + plan.l2)
        if isinstance(self._objective, Quantile):  # slopes alone do not say how far a leaf is off
            values = plan.rate * leaf_quantiles(
                growth.leaf, y - scores[:, 0], self._objective.level, growth.hessians, plan.l2
            )
        questions = [(place, at, ranks[place]) for place, at in growth.questions]
        self._rows.advance(questions, values)
        return questions, values

    def _ranked(
        self, begin: int, count: int, gradient: Floats, hessian: Floats
    ) -> tuple[NDArray[np.unsignedinteger], list[NDArray[np.intp] | None]]:
        """The bins of the rows of one tree, with the levels of categories in its order."""
        window = [_window(bins, begin, count) for bins in self._rows.bins]
        ranks: list[NDArray[np.intp] | None] = []
        for place, column in enumerate(self._columns):
            ranks.append(None)
            if column.kind == "category":
                rank = _ranks(column.count, window[place], gradient, hessian, self._draw)
                window[place], ranks[-1] = rank.astype(window[place].dtype)[window[place]], rank
        return np.stack(window), ranks

    def _allowed(self) -> NDArray[np.bool_]:
        """The columns that a level may ask for."""
        count = len(self._columns)
        most = max(1, round(self._plan.columns * count))
        allowed = np.zeros(count, bool)
        allowed[self._draw.permutation(count)[:most]] = True
        return allowed

    def tree(self, questions: Sequence[Question], values: Floats) -> Tree:
        """A grown tree with the conditions of its questions."""
        columns = self._columns
        return Tree(
            tuple(_condition(place, columns[place], at, rank) for place, at, rank in questions),
            values,
        )


def _rows_of_a_tree(share: float, n: int) -> int:
    wanted = min(share * n, max(_ENOUGH_ROWS, _LEAST_SHARE * n), _MOST_ROWS)
    return max(int(wanted), 1)


def _window(rows: NDArray[_Cell], begin: int, count: int) -> NDArray[_Cell]:
    """``count`` rows from ``begin``, going on at the first after the last."""
    end = begin + count
    if end <= len(rows):
        return rows[begin:end]
    return np.concatenate([rows[begin:], rows[: end - len(rows)]])


def _ranks(
    count: int,
    codes: NDArray[np.unsignedinteger],
    gradient: Floats,
    hessian: Floats,
    draw: np.random.Generator,
) -> NDArray[np.intp]:
    """The order of a category's levels by gradient / hessian over the rows of this tree.

    With several outputs one random direction stands for them. A level that no row of the tree has
    lies in the middle, at 0; the last rank is that of codes of no training row, below all.
    """
    outputs = gradient.shape[1]
    direction = np.ones(1) if outputs == 1 else draw.normal(size=outputs)
    sums = np.bincount(codes, gradient @ direction, count)
    weights = np.bincount(codes, hessian.sum(axis=1), count)
    order = np.argsort(sums / (weights + _SMOOTH_LEVELS), kind="stable")
    ranks = np.full(count + 1, -1)
    ranks[order] = np.arange(count)
    return ranks


def _condition(
    place: int, column: BinnedColumn, at: int, rank: NDArray[np.intp] | None
) -> Condition:
    if rank is not None:
        return Condition(place, levels=tuple(np.flatnonzero(rank > at).tolist()))
    threshold = -np.inf if at == 0 else float(column.thresholds[at - 1])
    return Condition(place, threshold)
