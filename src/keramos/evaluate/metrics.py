"""Quality on rows that training never used, each number beside what a constant guess reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import UsageError
from keramos.types.training import HELD_OUT_KEPT, HeldOut, Metric

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from keramos.types.schema import TargetPreparation, TargetSchema

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_TINY = 1e-7  # keeps logarithms finite, as Keras' own losses do


def metrics(
    y: NDArray[np.generic],
    output: NDArray[np.generic],
    target: TargetSchema,
    fitted: TargetPreparation,
    threshold: float,
) -> tuple[Metric, ...]:
    """Metrics for targets ``y`` (n,) or (n, 1) and the model's ``output`` (n, units).

    The baseline always answers with the training rows' majority class, class frequencies, or mean.
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


def kept_rows(y: NDArray[np.generic], output: NDArray[np.generic], target: TargetSchema) -> HeldOut:
    """What a file keeps of held-out rows: their truths and the model's answers, at most
    ``HELD_OUT_KEPT`` of them.
    """
    rows = len(y)
    index = np.unique(np.linspace(0, rows - 1, min(rows, HELD_OUT_KEPT)).astype(np.int64))
    truths, out = (
        y.reshape(rows)[index].astype(float),
        output.reshape(rows, -1)[index].astype("float32"),
    )
    chosen = out.argmax(1) if target.task == "multiclass" else []
    # The shortest digits that are the same float32, not the 17 of a double.
    scores = tuple(float(str(score)) for score in out.max(1))
    return HeldOut(rows, tuple(truths.tolist()), scores, tuple(int(place) for place in chosen))


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
    """Area under the ROC curve by ranks, ties at their middle (Mann-Whitney U); 0.5 where one class
    is absent.
    """
    positive = truth.astype(bool)
    n, p = len(positive), int(positive.sum())
    if p in (0, n):
        return 0.5
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    middle = np.cumsum(count) - (count - 1) / 2
    return float((middle[place][positive].sum() - p * (p + 1) / 2) / (p * (n - p)))


def f1(truth: NDArray[np.generic], chosen: NDArray[np.generic]) -> float:
    """2 TP / (2 TP + FP + FN); 0 where there is nothing to find."""
    positive, found = truth.astype(bool), chosen.astype(bool)
    both = int((positive & found).sum())
    total = int(positive.sum()) + int(found.sum())
    return 2 * both / total if total else 0.0


def _log_loss(truth: Ints, scores: Floats) -> float:
    return float(-np.mean(np.log(np.clip(scores[np.arange(len(truth)), truth], _TINY, 1))))


def _guess_loss(truth: Ints, frequencies: Floats) -> float:
    return _log_loss(truth, np.tile(frequencies, (len(truth), 1)))


def _rates(truth: NDArray[np.bool_], chosen: NDArray[np.bool_]) -> tuple[float, float]:
    """True positive and true negative rate."""
    return (
        float((truth & chosen).sum() / max(int(truth.sum()), 1)),
        float((~truth & ~chosen).sum() / max(int((~truth).sum()), 1)),
    )


GOALS: dict[str, Callable[[NDArray[np.bool_], NDArray[np.bool_]], float]] = {
    "accuracy": lambda truth, chosen: float(np.mean(truth == chosen)),
    "f1": f1,
    "balanced_accuracy": lambda truth, chosen: sum(_rates(truth, chosen)) / 2,
    "youden": lambda truth, chosen: sum(_rates(truth, chosen)) - 1,
}
"""What a threshold may be tuned for: higher is better."""

_CANDIDATES = 512


def tune_threshold(
    truth: NDArray[np.generic], score: NDArray[np.generic], goal: str | tuple[float, float]
) -> tuple[float, str]:
    """The threshold that is best for a named metric, or cheapest for (cost of a false positive, of
    a false negative).

    Gives the threshold and a sentence on how it was chosen; of equals, the one nearest to 0.5.

    Raises:
        UsageError: the metric is unknown or a cost is negative.
    """
    positive, values = truth.reshape(-1).astype(bool), score.reshape(-1).astype(float)
    judge, name = _goal(goal)
    middles = np.unique(np.quantile(values, np.linspace(0, 1, _CANDIDATES)))
    candidates = [0.5, *((middles[1:] + middles[:-1]) / 2).tolist()]
    worth = [judge(positive, values >= candidate) for candidate in candidates]
    best = max(range(len(candidates)), key=lambda i: (worth[i], -abs(candidates[i] - 0.5)))
    threshold = float(np.float32(candidates[best]))
    return (
        threshold,
        f"tuned for {name} on {len(positive)} validation rows taken from the training rows",
    )


def _goal(
    goal: str | tuple[float, float],
) -> tuple[Callable[[NDArray[np.bool_], NDArray[np.bool_]], float], str]:
    if isinstance(goal, str):
        if goal not in GOALS:
            raise UsageError(f"a threshold can be tuned for {', '.join(GOALS)}; received {goal!r}")
        return GOALS[goal], goal
    false_positive, false_negative = goal
    if false_positive < 0 or false_negative < 0:
        raise UsageError(f"costs cannot be negative; received {goal}")

    def cheap(truth: NDArray[np.bool_], chosen: NDArray[np.bool_]) -> float:
        return -float(
            (~truth & chosen).sum() * false_positive + (truth & ~chosen).sum() * false_negative
        )

    return (
        cheap,
        f"costs {false_positive:g} a false positive and {false_negative:g} a false negative",
    )
