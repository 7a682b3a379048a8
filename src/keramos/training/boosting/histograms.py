"""Sums of gradients and hessians by leaf and bin, both exact, from one weighted count.

A gradient and a hessian are packed into one float64 as whole numbers: the gradient above bit 26,
the hessian below it. Sums of up to n such numbers stay below 2**53, so ``np.bincount`` adds both
without rounding, and a histogram minus another one is exact too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_BITS = 26
_FEW_ROWS = 4096
"""Up to so many rows one count over all columns is cheaper than a count for each."""


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """Gradients and hessians of n rows as one float64 each, and the units of both halves."""

    values: Floats
    gradient_unit: float
    hessian_unit: float

    def unpack(self, sums: Floats) -> tuple[Floats, Floats]:
        """Sums of gradients and of hessians."""
        high = np.floor(sums * 2.0**-_BITS)
        return high * self.gradient_unit, (sums - high * 2.0**_BITS) * self.hessian_unit


def pack(gradient: Floats, hessian: Floats) -> Packed:
    """Round both to whole numbers whose sums fit: an error of 2**-26 of the total at most a row."""
    most = float(2**_BITS - len(gradient))
    per_hessian = most / max(float(hessian.sum()), 1e-30)
    per_gradient = most / max(float(np.abs(gradient).sum()), 1e-30)
    values = np.rint(gradient * per_gradient) * 2.0**_BITS + np.rint(hessian * per_hessian)
    return Packed(values, 1.0 / per_gradient, 1.0 / per_hessian)


def sums_by(index: NDArray[np.intp], values: Floats, size: int) -> Floats:
    """The sum of the values of each index, float64."""
    return np.bincount(index, values, size).astype(float, copy=False)


class Histograms:
    """The histograms of one tree, level by level; bins of all columns lie side by side.

    ``bins`` (columns, n) with the first bin of each column at ``starts``; ``width`` bins in all.
    """

    def __init__(self, bins: NDArray[np.intp], starts: NDArray[np.intp], width: int) -> None:
        self._bins = bins
        self._starts = starts
        self._width = width
        self._few = bins.shape[1] <= _FEW_ROWS
        self._shifted = bins + starts[:, None] if self._few else bins
        self._sums: list[Floats] = []

    def sums(self, packed: Sequence[Packed], leaf: NDArray[np.intp], leaves: int) -> list[Floats]:
        """One array (leaves, width) of packed sums for each output.

        ``leaf`` (n,) is each row's leaf; leaves 2i and 2i + 1 are the children of the last level's
        leaf i.
        """
        if self._few or leaves == 1:
            self._sums = [self._all(one.values, leaf, leaves) for one in packed]
        else:
            self._sums = self._smaller(packed, leaf, leaves)
        return self._sums

    def _all(self, values: Floats, leaf: NDArray[np.intp], leaves: int) -> Floats:
        size = leaves * self._width
        if self._few:
            index = (self._shifted + leaf * self._width).ravel()
            weights = np.broadcast_to(values, self._bins.shape).ravel()
            return sums_by(index, weights, size).reshape(leaves, self._width)
        return self._by_column(values, leaf, leaves, self._bins)

    def _by_column(
        self, values: Floats, leaf: NDArray[np.intp], leaves: int, bins: NDArray[np.intp]
    ) -> Floats:
        found = np.empty((leaves, self._width))
        ends = [*self._starts[1:], self._width]
        for column, (start, end) in enumerate(zip(self._starts, ends, strict=True)):
            count = int(end - start)
            sums = sums_by(leaf * count + bins[column], values, leaves * count)
            found[:, start:end] = sums.reshape(leaves, count)
        return found

    def _smaller(
        self, packed: Sequence[Packed], leaf: NDArray[np.intp], leaves: int
    ) -> list[Floats]:
        """Count the rows of the smaller child of each leaf; the other child is the difference."""
        sizes = np.bincount(leaf, minlength=leaves).reshape(-1, 2)
        small = np.argmin(sizes, axis=1)  # 0 or 1 for each parent
        rows = np.flatnonzero(small[leaf >> 1] == (leaf & 1))
        parents = leaf[rows] >> 1
        bins = self._bins.take(rows, axis=1)
        result = []
        for one, above in zip(packed, self._sums, strict=True):
            counted = self._by_column(one.values[rows], parents, leaves // 2, bins)
            both = np.empty((leaves // 2, 2, self._width))
            at = np.arange(leaves // 2)
            both[at, small] = counted
            both[at, 1 - small] = above - counted
            result.append(both.reshape(leaves, self._width))
        return result
