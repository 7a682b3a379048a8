"""Means and quantiles of rows that do not all count the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


class Draws(NamedTuple):
    """How often each row is drawn, (draws, n), and how much a row counts, (n,), or None where all
    count the same.
    """

    counts: Floats
    weights: Floats | None

    def by_row(self) -> Floats:
        """How much each row counts in each draw, (draws, n)."""
        return self.counts if self.weights is None else self.counts * self.weights

    def total(self, values: NDArray[np.generic]) -> Floats:
        """The sum of values (n,) in each draw, (draws,)."""
        return np.asarray(self.by_row() @ values.astype(float))

    def mean(self, values: NDArray[np.generic]) -> Floats:
        """The mean of values (n,) in each draw; by no weights where these are all 0; 0 of no
        values.
        """
        numbers = values.astype(float)
        if not len(numbers):
            return np.zeros(len(self.counts))
        by_row, total = self.by_row(), self.by_row().sum(axis=1)
        if not total.all():
            by_row = np.where(total[:, None] > 0, by_row, self.counts)
            total = by_row.sum(axis=1)
        return np.asarray(by_row @ numbers / total)


def once(rows: int, weights: Floats | None = None) -> Draws:
    """One draw, in which each row is once."""
    return Draws(np.ones((1, rows)), weights)


def mean(values: NDArray[np.generic], weights: NDArray[np.float64] | None) -> float:
    """The mean of values (n,) by their weights; by none where these are all 0; 0 of no values."""
    numbers = values.astype(float)
    if not len(numbers):
        return 0.0
    if weights is None or not weights.any():
        return float(np.mean(numbers))
    return float(np.average(numbers, weights=weights))


def quantile(
    values: NDArray[np.generic], level: float, weights: NDArray[np.floating] | None = None
) -> float:
    """The least value that holds a share ``level`` of the weight at or below it."""
    order = np.argsort(values, kind="stable")
    counted = np.cumsum(np.ones(len(values)) if weights is None else weights[order])
    place = int(np.searchsorted(counted, level * counted[-1]))
    return float(values[order[min(place, len(values) - 1)]])
