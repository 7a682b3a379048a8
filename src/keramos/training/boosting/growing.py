"""Grow one oblivious tree: at every level all leaves ask the same question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from keramos.training.boosting.histograms import Histograms, halves, sums_by

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from keramos.training.boosting.histograms import Packed

    Floats = NDArray[np.float64]

_SMALL_DEPTH = 15
"""Leaves of trees up to this depth are counted in 16 bits."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the bins of each column lie: column c has bins ``starts[c]`` to ``starts[c + 1] - 1``.

    ``open_bins`` marks each bin b for which "bin > b" is a question that may be asked.
    """

    starts: NDArray[np.intp]
    width: int
    open_bins: NDArray[np.bool_]
    column_of: NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Growth:
    """A grown tree: ``questions`` (column, bin) level by level, each leaf's sums, and the leaf of
    each row.
    """

    questions: tuple[tuple[int, int], ...]
    gradients: Floats
    hessians: Floats
    leaf: NDArray[np.integer]


def layout_of(counts: Sequence[int], first_open: Sequence[bool]) -> Layout:
    """The layout of columns with so many bins; ``first_open``: "bin > 0" may be asked."""
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.intp)
    width = int(sum(counts))
    open_bins = np.ones(width, bool)
    open_bins[starts + np.asarray(counts) - 1] = False  # nothing lies above the last bin
    open_bins[starts] &= np.asarray(first_open)
    return Layout(starts, width, open_bins, np.repeat(np.arange(len(counts)), counts))


def grow(
    bins: NDArray[np.integer],
    packed: Sequence[Packed],
    layout: Layout,
    *,
    depth: int,
    l2: float,
    allowed: Sequence[NDArray[np.bool_]],
) -> Growth:
    """The tree whose questions gain most, level by level.

    ``bins`` (columns, n); ``packed`` has one entry for each output; ``allowed`` has the columns
    that may be asked for at each level. A question's gain is the sum over leaves and outputs of
    GL^2 / (HL + l2) + GR^2 / (HR + l2).
    """
    histograms = Histograms(bins, layout.starts, layout.width)
    leaf: NDArray[np.integer] = np.zeros(
        bins.shape[1], np.uint16 if depth <= _SMALL_DEPTH else np.intp
    )
    questions: list[tuple[int, int]] = []
    for level in range(depth):
        counted = histograms.sums(packed, leaf, 1 << level)
        gains = np.zeros(layout.width)
        for one, sums in zip(packed, counted, strict=True):
            gains += _gains(one, sums, layout, l2)
        gains[~(layout.open_bins & allowed[level][layout.column_of])] = -np.inf
        best = int(np.argmax(gains))
        column = int(layout.column_of[best])
        questions.append((column, best - int(layout.starts[column])))
        leaf = leaf * 2 + (bins[column] > questions[-1][1])
    gradients, hessians = _leaf_sums(packed, leaf, 1 << depth)
    return Growth(tuple(questions), gradients, hessians, leaf)


def _gains(packed: Packed, sums: Floats, layout: Layout, l2: float) -> Floats:
    """The gain of each question for one output.

    Whole numbers keep sums exact: every column of a leaf has the same total, so the running sum
    over all columns is that over a column's own bins once the totals of those before are taken off.
    """
    end = int(layout.starts[1]) if len(layout.starts) > 1 else layout.width
    gain = np.zeros(layout.width)
    parts = []
    for half, unit in zip(halves(sums), (packed.gradient_unit, packed.hessian_unit), strict=True):
        total = half[:, :end].sum(axis=1, keepdims=True)
        lower = np.cumsum(half, axis=1, out=half)
        lower -= total * layout.column_of
        parts.append((lower * unit, (total - lower) * unit))
    (low_g, high_g), (low_h, high_h) = parts
    for gradient, hessian in ((low_g, low_h), (high_g, high_h)):
        np.multiply(gradient, gradient, out=gradient)
        np.add(hessian, l2, out=hessian)
        gain += np.divide(gradient, hessian, out=gradient).sum(axis=0)
    return gain


def _leaf_sums(
    packed: Sequence[Packed], leaf: NDArray[np.integer], leaves: int
) -> tuple[Floats, Floats]:
    """Gradient and hessian sums of each leaf, (leaves, outputs) each."""
    index = leaf.astype(np.intp)
    pairs = [one.unpack(sums_by(index, one.values, leaves)) for one in packed]
    return (
        np.stack([gradient for gradient, _ in pairs], axis=1),
        np.stack([hessian for _, hessian in pairs], axis=1),
    )
