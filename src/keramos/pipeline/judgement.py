"""Answers to rows with known truths, and the metrics that a file keeps of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keramos.evaluate.intervals import metrics_with_intervals
from keramos.evaluate.number_losses import NumberLoss
from keramos.evaluate.weighted import quantile
from keramos.training.loss_words import loss_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.pipeline.prepared_rows import PreparedRows
    from keramos.types.schema import TargetPreparation
    from keramos.types.training import DecisionRule, Metric, TrainingPlan

    Array = NDArray[np.generic]
    Index = NDArray[np.int64]
    Floats = NDArray[np.float64]

_MEDIANS = frozenset({"mean_absolute_error", "huber"})


class Judged(NamedTuple):
    """Truths (n,) or (n, 1), the network's output (n, units), and how much rows count, with the
    mean 1 or None.
    """

    y: Array
    output: Array
    weights: Floats | None


def judgements(
    rows: PreparedRows, plan: TrainingPlan, rule: DecisionRule, judged: Judged
) -> tuple[Metric, ...]:
    """The metrics of some rows; constant guesses are those of the learning rows."""
    return metrics_with_intervals(
        judged.y,
        judged.output,
        rows.schema.target,
        _guess(rows),
        rule.threshold,
        weights=judged.weights,
        loss=number_loss(rows, plan),
    )


def _guess(rows: PreparedRows) -> TargetPreparation:
    """What a constant guess knows: the mean, or the frequencies, by the rows' weights."""
    fitted, weights = rows.preparation.target, rows.weights_of(rows.learning)
    if weights is None or not weights.any():
        return fitted
    y = rows.y[rows.learning].reshape(-1)
    if not rows.schema.target.classes:
        return replace(fitted, mean=float(np.average(y.astype(float), weights=weights)))
    counts = np.bincount(y.astype(int), weights, len(fitted.counts))
    return replace(fitted, counts=tuple(np.rint(counts * _PARTS).astype(int).tolist()))


_PARTS = 1000
"""Counts are whole numbers: thousandths of rows are near enough to their weights."""


def number_loss(rows: PreparedRows, plan: TrainingPlan) -> NumberLoss | None:
    """What a regression minimises, where that is not the squared error."""
    if not plan.loss:
        return None
    named = loss_of(plan, rows.schema.target.task)
    if named.name == "mean_squared_error":
        return None
    fitted, weights = rows.preparation.target, rows.weights_of(rows.learning)
    y = rows.y[rows.learning].reshape(-1).astype(float)
    parameter, guess = named.parameter, _guess(rows).mean
    if named.name == "huber":
        parameter *= fitted.deviation
    if named.name == "quantile" or named.name in _MEDIANS:
        guess = quantile(y, named.parameter if named.name == "quantile" else 0.5, weights)
    return NumberLoss(named.name, parameter, guess)
