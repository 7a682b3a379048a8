"""Tuning the threshold of a binary decision for a metric or for costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import UsageError
from keramos.evaluate.metrics import f1
from keramos.evaluate.weighted import mean

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Judge = Callable[..., float]


def _rates(truth: Bools, chosen: Bools, weights: Floats | None = None) -> tuple[float, float]:
    """True positive and true negative rate."""
    by_row = np.ones(len(truth)) if weights is None else weights
    return mean(chosen[truth], by_row[truth]), mean(~chosen[~truth], by_row[~truth])


def _accuracy(truth: Bools, chosen: Bools, weights: Floats | None = None) -> float:
    return mean(truth == chosen, weights)


GOALS: dict[str, Judge] = {
    "accuracy": _accuracy,
    "f1": f1,
    "balanced_accuracy": lambda *rows: sum(_rates(*rows)) / 2,
    "youden": lambda *rows: sum(_rates(*rows)) - 1,
}
"""Metric that a threshold may be tuned for -> its value for (truth, decision, weights); higher is
better.
"""

_CANDIDATES = 512


def tune_threshold(
    truth: NDArray[np.generic],
    score: NDArray[np.generic],
    goal: str | tuple[float, float],
    weights: Floats | None = None,
) -> tuple[float, str]:
    """The threshold that is best for a named metric, or cheapest for two costs.

    Returns the threshold and one sentence on how it was chosen; of equals, the one nearest to 0.5.
    The two costs are those of a false positive and of a false negative. Rows count by ``weights``.

    Raises:
        UsageError: the metric is unknown or a cost is negative.
    """
    positive, values = truth.reshape(-1).astype(bool), score.reshape(-1).astype(float)
    judge, name = _goal(goal)
    by_row = np.ones(len(values)) if weights is None else weights
    middles = np.unique(np.quantile(values, np.linspace(0, 1, _CANDIDATES)))
    candidates = [0.5, *((middles[1:] + middles[:-1]) / 2).tolist()]
    worth = [judge(positive, values >= candidate, by_row) for candidate in candidates]
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

    def cheap(truth: Bools, chosen: Bools, weights: Floats) -> float:
        alarms, gaps = weights[~truth & chosen].sum(), weights[truth & ~chosen].sum()
        return -float(alarms * false_positive + gaps * false_negative)

    return (
        cheap,
        f"costs {false_positive:g} a false positive and {false_negative:g} a false negative",
    )
