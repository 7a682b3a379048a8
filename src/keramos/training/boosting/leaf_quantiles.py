"""Leaf values of quantile losses: the quantile of what the rows of a leaf still lack.

J. Friedman, "Greedy function approximation: a gradient boosting machine", Annals of Statistics 29
(2001), algorithm 3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating]


def leaf_quantiles(
    leaf: NDArray[np.integer], lacking: Floats, level: float, weight: Floats, l2: float
) -> NDArray[np.float64]:
    """The quantile of ``lacking`` (n,) in each leaf, shape (leaves, 1).

    ``weight`` (leaves, 1) is that of the rows of each leaf; leaves with little of it stay near 0,
    as ``l2`` has it.
    """
    order = np.lexsort((lacking, leaf))
    counts = np.bincount(leaf, minlength=len(weight))
    ends = np.cumsum(counts)
    places = ends - counts + np.ceil(level * counts).astype(np.intp) - 1
    inside = np.clip(places, 0, len(order) - 1)
    found = np.where(counts > 0, lacking[order[inside]], 0.0)
    return np.asarray(found[:, None] * weight / (weight + l2))
