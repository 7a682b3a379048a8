"""Two models on the same rows: differences of metrics with paired intervals.

The same rows are drawn for both models, so what makes a row hard for both cancels out (Efron and
Tibshirani, "An Introduction to the Bootstrap", 1993).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from keramos.evaluate.metrics import metrics
from keramos.types.comparison import MetricPair
from keramos.types.schema import TargetPreparation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.types.schema import TargetSchema
    from keramos.types.training import Metric

    Array = NDArray[np.generic]

DRAWS = 400


def paired_metrics(
    y: Array, outputs: tuple[Array, Array], thresholds: tuple[float, float], target: TargetSchema
) -> tuple[MetricPair, ...]:
    """Metrics of two outputs (n, units) for targets (n,), with intervals of the differences."""
    rows, fitted = len(y), _fitted(y, target)

    def judged(index: NDArray[np.integer] | slice) -> list[tuple[Metric, ...]]:
        return [
            metrics(y[index], output[index], target, fitted, threshold)
            for output, threshold in zip(outputs, thresholds, strict=True)
        ]

    draw = np.random.default_rng(0)
    drawn = np.array([_differences(*judged(draw.integers(0, rows, rows))) for _ in range(DRAWS)])
    first, second = judged(slice(None))
    low, high = np.quantile(drawn, (0.025, 0.975), axis=0)
    return tuple(
        MetricPair(
            a.name,
            a.value,
            b.value,
            b.value - a.value,
            float(low[at]),
            float(high[at]),
            _better(float(low[at]), float(high[at]), higher=a.better == "higher"),
        )
        for at, (a, b) in enumerate(zip(first, second, strict=True))
    )


def _differences(first: tuple[Metric, ...], second: tuple[Metric, ...]) -> list[float]:
    return [b.value - a.value for a, b in zip(first, second, strict=True)]


def _better(low: float, high: float, *, higher: bool) -> Literal["first", "second", "neither"]:
    if low <= 0 <= high:
        return "neither"
    return "second" if (low > 0) == higher else "first"


def _fitted(y: Array, target: TargetSchema) -> TargetPreparation:
    """What a constant guess knows; here from the judged rows themselves."""
    if target.classes:
        counts = np.bincount(y.astype(int), minlength=len(target.classes))
        return TargetPreparation(counts=tuple(counts.tolist()))
    return TargetPreparation(mean=float(y.astype(float).mean()))
