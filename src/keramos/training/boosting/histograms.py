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
_SMALL_INDEX = 1 << 16
"""Positions below this fit in 16 bits, in which leaves and bins are added faster."""


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """Gradients and hessians of n rows as one float64 each, and the units of both halves."""

    values: Floats
    gradient_unit: float
    hessian_unit: float

    def unpack(self, sums: Floats) -> tuple[Floats, Floats]:
        """Sums of gradients and of hessians."""
        high, low = halves(sums)
        return high * self.gradient_unit, low * self.hessian_unit


def halves(sums: Floats) -> tuple[Floats, Floats]:
    """The whole numbers of gradients and hessians in packed sums."""
    high = np.floor(sums * 2.0**-_BITS)
    return high, sums - high * 2.0**_BITS


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

    ``bins`` (columns, n), of any integer type, with the first bin of each column at ``starts``;
    ``width`` bins in all.
    """

    def __init__(self, bins: NDArray[np.integer], starts: NDArray[np.intp], width: int) -> None:
        self._bins = bins
        self._starts = starts
        self._width = width
        self._few = bins.shape[1] <= _FEW_ROWS
        self._shifted = bins + starts[:, None] if self._few else bins
        self._sums: list[Floats] = []

    def sums(
        self, packed: Sequence[Packed], leaf: NDArray[np.integer], leaves: int
    ) -> list[Floats]:
        """One array (leaves, width) of packed sums for each output.

        ``leaf`` (n,) is each row's leaf; leaves 2i and 2i + 1 are the children of the last level's
        leaf i.
        """
        values = [one.values for one in packed]
        if self._few:
            self._sums = self._at_once(values, leaf, leaves)
        elif leaves == 1:
            self._sums = self._by_column(values, leaf, leaves, None)
        else:
            self._sums = self._smaller(values, leaf, leaves)
        return self._sums

    def _at_once(
        self, values: Sequence[Floats], leaf: NDArray[np.integer], leaves: int
    ) -> list[Floats]:
        index = (self._shifted + leaf.astype(np.intp) * self._width).ravel()
        size = leaves * self._width
        weights = (np.broadcast_to(one, self._bins.shape).ravel() for one in values)
        return [sums_by(index, one, size).reshape(leaves, self._width) for one in weights]

    def _by_column(
        self,
        values: Sequence[Floats],
        leaf: NDArray[np.integer],
        leaves: int,
        rows: NDArray[np.intp] | None,
    ) -> list[Floats]:
        """Sums over some ``rows``, of which ``values`` and ``leaf`` are; None for all."""
        found = [np.empty((leaves, self._width)) for _ in values]
        ends = [*self._starts[1:].tolist(), self._width]
        for column, (start, end) in enumerate(zip(self._starts.tolist(), ends, strict=True)):
            count, bins = end - start, self._bins[column]
            if leaves * count > _SMALL_INDEX:
                leaf = leaf.astype(np.intp, copy=False)
            # "clip" takes without a check of each position, which costs more than the copy.
            index = leaf * count + (bins if rows is None else bins.take(rows, mode="clip"))
            index = index.astype(np.intp, copy=False)
            for one, array in zip(values, found, strict=True):
                sums = sums_by(index, one, leaves * count)
                array[:, start:end] = sums.reshape(leaves, count)
        return found

    def _smaller(
        self, values: Sequence[Floats], leaf: NDArray[np.integer], leaves: int
    ) -> list[Floats]:
        """Count the rows of the smaller child of each leaf; the other child is the difference."""
        sizes = np.bincount(leaf, minlength=leaves).reshape(-1, 2)
        small = np.argmin(sizes, axis=1)  # 0 or 1 for each parent
        at = np.arange(leaves // 2)
        is_small = np.zeros(leaves, bool)
        is_small[2 * at + small] = True
        rows = np.flatnonzero(is_small.take(leaf, mode="clip"))
        parents = leaf.take(rows) >> 1
        counted = self._by_column([one.take(rows) for one in values], parents, leaves // 2, rows)
        result = []
        for part, above in zip(counted, self._sums, strict=True):
            both = np.empty((leaves // 2, 2, self._width))
            both[at, small] = part
            both[at, 1 - small] = above - part
            result.append(both.reshape(leaves, self._width))
        return result
