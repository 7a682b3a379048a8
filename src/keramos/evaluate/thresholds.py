"""Tuning the threshold of a binary decision for a metric or for costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import UsageError
from keramos.evaluate.metrics import f1

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Judge = Callable[[NDArray[np.bool_], NDArray[np.bool_]], float]


def _rates(truth: NDArray[np.bool_], chosen: NDArray[np.bool_]) -> tuple[float, float]:
    """True positive and true negative rate."""
    return (
        float((truth & chosen).sum() / max(int(truth.sum()), 1)),
        float((~truth & ~chosen).sum() / max(int((~truth).sum()), 1)),
    )


GOALS: dict[str, Judge] = {
    "accuracy": lambda truth, chosen: float(np.mean(truth == chosen)),
    "f1": f1,
    "balanced_accuracy": lambda truth, chosen: sum(_rates(truth, chosen)) / 2,
    "youden": lambda truth, chosen: sum(_rates(truth, chosen)) - 1,
}
"""Metric that a threshold may be tuned for -> its value for (truth, decision); higher is better."""

_CANDIDATES = 512


def tune_threshold(
    truth: NDArray[np.generic], score: NDArray[np.generic], goal: str | tuple[float, float]
) -> tuple[float, str]:
    """The threshold that is best for a named metric, or cheapest for two costs.

    Returns the threshold and one sentence on how it was chosen; of equals, the one nearest to 0.5.
    The two costs are those of a false positive and of a false negative.

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
) -> tuple[Judge, str]:
    if isinstance(goal, str):
        if goal not in GOALS:
            raise UsageError(
                f"a threshold can be tuned for {', '.join(GOALS)}", received=repr(goal)
            )
        return GOALS[goal], goal
    false_positive, false_negative = goal
    if false_positive < 0 or false_negative < 0:
        raise UsageError("costs cannot be negative", received=str(goal))

    def cheap(truth: NDArray[np.bool_], chosen: NDArray[np.bool_]) -> float:
        return -float(
            (~truth & chosen).sum() * false_positive + (truth & ~chosen).sum() * false_negative
        )

    return (
        cheap,
        f"costs {false_positive:g} a false positive and {false_negative:g} a false negative",
    )
