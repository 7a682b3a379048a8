"""Means of rows that do not all count the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def mean(values: NDArray[np.generic], weights: NDArray[np.float64] | None) -> float:
    """The mean of values (n,) by their weights; by none where these are all 0; 0 of no values."""
    numbers = values.astype(float)
    if not len(numbers):
        return 0.0
    if weights is None or not weights.any():
        return float(np.mean(numbers))
    return float(np.average(numbers, weights=weights))
