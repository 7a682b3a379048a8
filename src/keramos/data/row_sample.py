"""A sample of rows by a hash of their numbers: the same rows however a table comes in parts.

The rows with the smallest hashes are kept, so samples of parts merge into that of the whole
("bottom-k sketch").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Hashes = NDArray[np.uint64]


def row_hashes(first: int, count: int, seed: int) -> Hashes:
    """A hash for each of ``count`` rows from number ``first`` on (SplitMix64)."""
    z = np.arange(first, first + count, dtype="uint64") + np.uint64(seed) * np.uint64(1 << 40)
    with np.errstate(over="ignore"):
        z = (z + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))


def smallest(hashes: Hashes, most: int) -> NDArray[np.intp]:
    """Positions of the ``most`` smallest hashes, ascending; all where there are no more."""
    if len(hashes) <= most:
        return np.arange(len(hashes))
    return np.sort(np.argpartition(hashes, most - 1)[:most])
