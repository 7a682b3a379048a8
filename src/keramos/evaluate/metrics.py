"""Quality on held-out rows, each metric beside the value that a constant guess reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.evaluate.number_losses import with_loss
from keramos.evaluate.weighted import mean
from keramos.types.training import Metric

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.evaluate.number_losses import NumberLoss
    from keramos.types.schema import TargetPreparation, TargetSchema

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_TINY = 1e-7  # keeps logarithms finite; Keras' losses use the same number


def metrics(
    y: NDArray[np.generic],
    output: NDArray[np.generic],
    target: TargetSchema,
    fitted: TargetPreparation,
    threshold: float,
    *,
    weights: Floats | None = None,
    loss: NumberLoss | None = None,
) -> tuple[Metric, ...]:
    """Metrics for targets ``y`` (n,) or (n, 1) and the model's ``output`` (n, units).

    The baseline is a constant answer: the majority class, the class frequencies, or the mean of the
    training rows. Rows count by ``weights`` (n,). ``loss`` is what a regression minimised, where
    that is not the squared error: its metric comes first then.
    """
    rows = len(y)
    out = output.reshape(rows, -1).astype(float)
    if target.task == "regression":
        truth = y.reshape(rows).astype(float)
        usual = _regression(truth, out[:, 0], fitted, weights)
        return usual if loss is None else with_loss(usual, loss, (truth, out[:, 0], weights))
    places = y.reshape(rows).astype(np.int64)
    frequencies = np.array(fitted.counts, float) / sum(fitted.counts)
    if target.task == "binary":
        return _binary(places, out[:, 0], frequencies, threshold, weights)
    return _multiclass(places, out, frequencies, weights)


def _regression(
    y: Floats, answer: Floats, fitted: TargetPreparation, weights: Floats | None
) -> tuple[Metric, ...]:
    error, guess = answer - y, fitted.mean - y
    spread = mean((y - mean(y, weights)) ** 2, weights)
    squared = mean(error**2, weights)
    return (
        Metric("rmse", squared**0.5, mean(guess**2, weights) ** 0.5, "lower"),
        Metric("mae", mean(np.abs(error), weights), mean(np.abs(guess), weights), "lower"),
        Metric("r2", 1 - squared / spread if spread else 0.0, 0.0, "higher"),
    )


def _binary(
    truth: Ints, score: Floats, frequencies: Floats, threshold: float, weights: Floats | None
) -> tuple[Metric, ...]:
    chosen = score >= np.float32(threshold)
    majority = int(frequencies.argmax())
    guess = f1(truth, np.full(len(truth), majority == 1), weights)
    losses = _log_loss(truth, np.stack([1 - score, score], 1), weights)
    return (
        _accuracy(truth, chosen, majority, weights),
        Metric("auc", auc(truth, score, weights), 0.5, "higher"),
        Metric("f1", f1(truth, chosen, weights), guess, "higher"),
        Metric("log_loss", losses, _guess_loss(truth, frequencies, weights), "lower"),
    )


def _multiclass(
    truth: Ints, scores: Floats, frequencies: Floats, weights: Floats | None
) -> tuple[Metric, ...]:
    chosen, majority = scores.argmax(1), int(frequencies.argmax())
    kinds = range(scores.shape[1])
    macro = float(np.mean([f1(truth == kind, chosen == kind, weights) for kind in kinds]))
    guesses = [f1(truth == kind, np.full(len(truth), kind == majority), weights) for kind in kinds]
    guess_loss = _guess_loss(truth, frequencies, weights)
    return (
        _accuracy(truth, chosen, majority, weights),
        Metric("macro_f1", macro, float(np.mean(guesses)), "higher"),
        Metric("log_loss", _log_loss(truth, scores, weights), guess_loss, "lower"),
    )


def _accuracy(
    truth: Ints, chosen: NDArray[np.generic], majority: int, weights: Floats | None
) -> Metric:
    right, guessed = chosen == truth, truth == majority
    return Metric("accuracy", mean(right, weights), mean(guessed, weights), "higher")


def auc(truth: NDArray[np.generic], score: Floats, weights: Floats | None = None) -> float:
    """Area under the ROC curve: the share of pairs of a positive and a negative row in which the
    positive one has the larger score, ties for one half; 0.5 where one class is absent.
    """
    by_row = np.ones(len(truth)) if weights is None else weights
    positive = np.where(truth.astype(bool), by_row, 0.0)
    _, place = np.unique(score, return_inverse=True)
    good = np.bincount(place, positive)
    bad = np.bincount(place, by_row - positive)
    pairs = float(good.sum() * bad.sum())
    if not pairs:
        return 0.5
    return float((good * (np.cumsum(bad) - bad / 2)).sum() / pairs)


def f1(
    truth: NDArray[np.generic], chosen: NDArray[np.generic], weights: Floats | None = None
) -> float:
    """2 TP / (2 TP + FP + FN); 0 where neither truth nor decision has a positive."""
    positive, found = truth.astype(bool), chosen.astype(bool)
    by_row = np.ones(len(positive)) if weights is None else weights
    total = float(by_row[positive].sum() + by_row[found].sum())
    return 2 * float(by_row[positive & found].sum()) / total if total else 0.0


def _log_loss(truth: Ints, scores: Floats, weights: Floats | None) -> float:
    losses = -np.log(np.clip(scores[np.arange(len(truth)), truth], _TINY, 1))
    return mean(losses, weights)


def _guess_loss(truth: Ints, frequencies: Floats, weights: Floats | None) -> float:
    return mean(-np.log(np.clip(frequencies, _TINY, 1))[truth], weights)
