"""Quality on held-out rows, each metric beside the value that a constant guess reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.types.training import Metric

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
) -> tuple[Metric, ...]:
    """Metrics for targets ``y`` (n,) or (n, 1) and the model's ``output`` (n, units).

    The baseline is a constant answer: the majority class, the class frequencies, or the mean of the
    training rows.
    """
    rows = len(y)
    out = output.reshape(rows, -1).astype(float)
    if target.task == "regression":
        return _regression(y.reshape(rows).astype(float), out[:, 0], fitted)
    truth = y.reshape(rows).astype(np.int64)
    frequencies = np.array(fitted.counts, float) / sum(fitted.counts)
    if target.task == "binary":
        return _binary(truth, out[:, 0], frequencies, threshold)
    return _multiclass(truth, out, frequencies)


def _regression(y: Floats, answer: Floats, fitted: TargetPreparation) -> tuple[Metric, ...]:
    error, guess = answer - y, fitted.mean - y
    spread = float(np.mean((y - y.mean()) ** 2))
    squared = float(np.mean(error**2))
    return (
        Metric("rmse", squared**0.5, float(np.mean(guess**2)) ** 0.5, "lower"),
        Metric("mae", float(np.mean(np.abs(error))), float(np.mean(np.abs(guess))), "lower"),
        Metric("r2", 1 - squared / spread if spread else 0.0, 0.0, "higher"),
    )


def _binary(
    truth: Ints, score: Floats, frequencies: Floats, threshold: float
) -> tuple[Metric, ...]:
    chosen = score >= np.float32(threshold)
    majority = int(frequencies.argmax())
    return (
        Metric(
            "accuracy", float(np.mean(chosen == truth)), float(np.mean(truth == majority)), "higher"
        ),
        Metric("auc", auc(truth, score), 0.5, "higher"),
        Metric("f1", f1(truth, chosen), f1(truth, np.full(len(truth), majority == 1)), "higher"),
        Metric(
            "log_loss",
            _log_loss(truth, np.stack([1 - score, score], 1)),
            _guess_loss(truth, frequencies),
            "lower",
        ),
    )


def _multiclass(truth: Ints, scores: Floats, frequencies: Floats) -> tuple[Metric, ...]:
    chosen, majority = scores.argmax(1), int(frequencies.argmax())
    kinds = range(scores.shape[1])
    macro = float(np.mean([f1(truth == kind, chosen == kind) for kind in kinds]))
    guess = float(
        np.mean([f1(truth == kind, np.full(len(truth), kind == majority)) for kind in kinds])
    )
    return (
        Metric(
            "accuracy", float(np.mean(chosen == truth)), float(np.mean(truth == majority)), "higher"
        ),
        Metric("macro_f1", macro, guess, "higher"),
        Metric("log_loss", _log_loss(truth, scores), _guess_loss(truth, frequencies), "lower"),
    )


def auc(truth: NDArray[np.generic], score: Floats) -> float:
    """Area under the ROC curve by ranks, ties at their mean rank (Mann-Whitney U); 0.5 where one
    class is absent.
    """
    positive = truth.astype(bool)
    n, p = len(positive), int(positive.sum())
    if p in (0, n):
        return 0.5
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    middle = np.cumsum(count) - (count - 1) / 2
    return float((middle[place][positive].sum() - p * (p + 1) / 2) / (p * (n - p)))


def f1(truth: NDArray[np.generic], chosen: NDArray[np.generic]) -> float:
    """2 TP / (2 TP + FP + FN); 0 where neither truth nor decision has a positive."""
    positive, found = truth.astype(bool), chosen.astype(bool)
    both = int((positive & found).sum())
    total = int(positive.sum()) + int(found.sum())
    return 2 * both / total if total else 0.0


def _log_loss(truth: Ints, scores: Floats) -> float:
    return float(-np.mean(np.log(np.clip(scores[np.arange(len(truth)), truth], _TINY, 1))))


def _guess_loss(truth: Ints, frequencies: Floats) -> float:
    return _log_loss(truth, np.tile(frequencies, (len(truth), 1)))
