"""Quality on held-out rows, each metric beside the value that a constant guess reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from keramos.evaluate.number_losses import LOSS_METRICS
from keramos.evaluate.weighted import once
from keramos.types.training import Metric

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.evaluate.number_losses import NumberLoss
    from keramos.evaluate.weighted import Draws
    from keramos.types.schema import TargetPreparation, TargetSchema

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_TINY = 1e-7  # keeps logarithms finite; Keras' losses use the same number


class Measured(NamedTuple):
    """A metric and that of a constant guess in each draw, (draws,)."""

    name: str
    value: Floats
    baseline: Floats
    better: Literal["higher", "lower"]


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
    found = measured(y, output, target, fitted, threshold, once(len(y), weights), loss)
    return tuple(Metric(n, float(value[0]), float(base[0]), to) for n, value, base, to in found)


def measured(
    y: NDArray[np.generic],
    output: NDArray[np.generic],
    target: TargetSchema,
    fitted: TargetPreparation,
    threshold: float,
    draws: Draws,
    loss: NumberLoss | None = None,
) -> tuple[Measured, ...]:
    """The metrics of several draws of the same rows."""
    rows = len(y)
    out = output.reshape(rows, -1).astype(float)
    if target.task == "regression":
        truth = y.reshape(rows).astype(float)
        usual = _regression(truth, out[:, 0], fitted, draws)
        return usual if loss is None else _with_loss(usual, loss, (truth, out[:, 0]), draws)
    places = y.reshape(rows).astype(np.int64)
    frequencies = np.array(fitted.counts, float) / sum(fitted.counts)
    if target.task == "binary":
        return _binary(places, out[:, 0], frequencies, threshold, draws)
    return _multiclass(places, out, frequencies, draws)


def _regression(
    y: Floats, answer: Floats, fitted: TargetPreparation, draws: Draws
) -> tuple[Measured, ...]:
    error, guess = answer - y, fitted.mean - y
    centred = y - (y.mean() if len(y) else 0.0)
    spread = draws.mean(centred**2) - draws.mean(centred) ** 2
    squared = draws.mean(error**2)
    explained = np.where(spread > 0, 1 - squared / np.where(spread > 0, spread, 1), 0.0)
    return (
        Measured("rmse", squared**0.5, draws.mean(guess**2) ** 0.5, "lower"),
        Measured("mae", draws.mean(np.abs(error)), draws.mean(np.abs(guess)), "lower"),
        Measured("r2", explained, np.zeros_like(explained), "higher"),
    )


def _with_loss(
    usual: tuple[Measured, ...], loss: NumberLoss, rows: tuple[Floats, Floats], draws: Draws
) -> tuple[Measured, ...]:
    """The metric of the loss before the usual ones; of a quantile also the share of truths that are
    at or below the answers.
    """
    name, by_row = LOSS_METRICS[loss.name]
    y, answer = rows
    both = answer, np.full(len(y), loss.guess)
    value, baseline = (draws.mean(by_row(y, given, loss.parameter)) for given in both)
    found = [Measured(name, value, baseline, "lower")]
    if loss.name == "quantile":
        below, by_guess = (draws.mean(y <= given) for given in both)
        found.append(Measured("share_at_or_below", below, by_guess, "higher"))
    return (*found, *(one for one in usual if one.name != name))


def _binary(
    truth: Ints, score: Floats, frequencies: Floats, threshold: float, draws: Draws
) -> tuple[Measured, ...]:
    chosen = score >= np.float32(threshold)
    majority = int(frequencies.argmax())
    guess = _f1(truth, np.full(len(truth), majority == 1), draws)
    losses = _log_loss(truth, np.stack([1 - score, score], 1), draws)
    areas = _areas(truth, score, draws)
    return (
        _accuracy(truth, chosen, majority, draws),
        Measured("auc", areas, np.full_like(areas, 0.5), "higher"),
        Measured("f1", _f1(truth, chosen, draws), guess, "higher"),
        Measured("log_loss", losses, _guess_loss(truth, frequencies, draws), "lower"),
    )


def _multiclass(
    truth: Ints, scores: Floats, frequencies: Floats, draws: Draws
) -> tuple[Measured, ...]:
    chosen, majority = scores.argmax(1), int(frequencies.argmax())
    kinds, same = range(scores.shape[1]), np.full(len(truth), majority)
    macro, guess = (
        np.mean([_f1(truth == kind, given == kind, draws) for kind in kinds], axis=0)
        for given in (chosen, same)
    )
    losses = _log_loss(truth, scores, draws)
    return (
        _accuracy(truth, chosen, majority, draws),
        Measured("macro_f1", macro, guess, "higher"),
        Measured("log_loss", losses, _guess_loss(truth, frequencies, draws), "lower"),
    )


def _accuracy(truth: Ints, chosen: NDArray[np.generic], majority: int, draws: Draws) -> Measured:
    right, guessed = draws.mean(chosen == truth), draws.mean(truth == majority)
    return Measured("accuracy", right, guessed, "higher")


def auc(truth: NDArray[np.generic], score: Floats, weights: Floats | None = None) -> float:
    """Area under the ROC curve: the share of pairs of a positive and a negative row in which the
    positive one has the larger score, ties for one half; 0.5 where one class is absent.
    """
    return float(_areas(truth, score, once(len(truth), weights))[0])


def _areas(truth: NDArray[np.generic], score: Floats, draws: Draws) -> Floats:
    if not len(score):
        return np.full(len(draws.counts), 0.5)
    order = np.argsort(score, kind="stable")
    ordered, positive = score[order], truth[order].astype(bool)
    ties = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    by_row = draws.by_row()[:, order]
    good, bad = (
        np.add.reduceat(np.where(kind, by_row, 0.0), ties, axis=1) for kind in (positive, ~positive)
    )
    pairs = good.sum(axis=1) * bad.sum(axis=1)
    above = (good * (np.cumsum(bad, axis=1) - bad / 2)).sum(axis=1)
    return np.where(pairs > 0, above / np.where(pairs > 0, pairs, 1), 0.5)


def f1(
    truth: NDArray[np.generic], chosen: NDArray[np.generic], weights: Floats | None = None
) -> float:
    """2 TP / (2 TP + FP + FN); 0 where neither truth nor decision has a positive."""
    return float(_f1(truth, chosen, once(len(truth), weights))[0])


def _f1(truth: NDArray[np.generic], chosen: NDArray[np.generic], draws: Draws) -> Floats:
    positive, found = truth.astype(bool), chosen.astype(bool)
    total = draws.total(positive.astype(float) + found)
    both = 2 * draws.total(positive & found)
    return np.where(total > 0, both / np.where(total > 0, total, 1), 0.0)


def _log_loss(truth: Ints, scores: Floats, draws: Draws) -> Floats:
    return draws.mean(-np.log(np.clip(scores[np.arange(len(truth)), truth], _TINY, 1)))


def _guess_loss(truth: Ints, frequencies: Floats, draws: Draws) -> Floats:
    return draws.mean(-np.log(np.clip(frequencies, _TINY, 1))[truth])
