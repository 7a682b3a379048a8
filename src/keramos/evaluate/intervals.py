"""95 % confidence intervals of metrics on held-out rows.

Most metrics use the bootstrap: B. Efron, "Bootstrap methods: another look at the jackknife", Annals
of Statistics 7 (1979). Large tables are subsampled, and the spread is scaled by the root of the
sampled share ("m out of n" bootstrap). Accuracy is a proportion and uses the score interval, which
also holds near 0 and 1: E. B. Wilson, "Probable inference, the law of succession, and statistical
inference", JASA 22 (1927).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from keramos.evaluate.metrics import measured, metrics
from keramos.evaluate.weighted import Draws

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.evaluate.number_losses import NumberLoss
    from keramos.types.schema import TargetPreparation, TargetSchema
    from keramos.types.training import Metric

DRAWS = 200
_BETWEEN = 5, DRAWS - 6
"""Places of sorted draws between which 95 % of them lie."""

_ROWS_AT_MOST = 2000  # keeps the cost near 0.1 s of CPU for any table
_Z = 1.959964  # 95 % of a normal distribution lie within this many standard deviations
_SHARE = (0.0, 1.0)
_LIMITS = {
    **dict.fromkeys(("accuracy", "auc", "f1", "macro_f1", "share_at_or_below"), _SHARE),
    "r2": (None, 1.0),
}
"""Metric -> its lowest and highest possible value; other metrics are at least 0."""


def metrics_with_intervals(
    y: NDArray[np.generic],
    output: NDArray[np.generic],
    target: TargetSchema,
    fitted: TargetPreparation,
    threshold: float,
    *,
    weights: NDArray[np.float64] | None = None,
    loss: NumberLoss | None = None,
) -> tuple[Metric, ...]:
    """The metrics of ``evaluate.metrics``, each with its 95 % interval.

    ``y`` has shape (n,) or (n, 1), ``output`` (n, units).
    """
    found = metrics(y, output, target, fitted, threshold, weights=weights, loss=loss)
    rows, generator = len(y), np.random.default_rng(0)
    part = generator.permutation(rows)[:_ROWS_AT_MOST]
    draws = Draws(_drawn(generator, len(part)), None if weights is None else weights[part])
    each = measured(y[part], output[part], target, fitted, threshold, draws, loss)
    values = np.stack([metric.value for metric in each], axis=1)
    spread = np.sort(values[1:] - values[0], axis=0)[list(_BETWEEN)] * (len(part) / rows) ** 0.5
    return tuple(
        _wilson(metric, rows)
        if metric.name == "accuracy" and weights is None
        else _between(metric, *spread[:, place])
        for place, metric in enumerate(found)
    )


def _drawn(generator: np.random.Generator, rows: int) -> NDArray[np.float64]:
    """How often each row is in each draw, (1 + DRAWS, rows); in the first draw each is once."""
    chosen = generator.integers(0, rows, (DRAWS, rows)) + rows * np.arange(1, DRAWS + 1)[:, None]
    every = np.concatenate([np.arange(rows), chosen.ravel()])
    return np.bincount(every, minlength=(DRAWS + 1) * rows).reshape(-1, rows).astype(float)


def _wilson(metric: Metric, rows: int) -> Metric:
    share, slack = metric.value, _Z**2 / rows
    centre = (share + slack / 2) / (1 + slack)
    half = _Z / (1 + slack) * (share * (1 - share) / rows + slack / (4 * rows)) ** 0.5
    return replace(metric, low=max(0.0, centre - half), high=max(share, min(1.0, centre + half)))


def _between(metric: Metric, low: float, high: float) -> Metric:
    least, most = _LIMITS.get(metric.name, (0.0, None))
    start, end = metric.value + min(low, 0.0), metric.value + max(high, 0.0)
    return replace(
        metric,
        low=float(start if least is None else max(start, least)),
        high=float(end if most is None else min(end, most)),
    )
