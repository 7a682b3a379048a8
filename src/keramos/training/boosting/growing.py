"""Grow one oblivious tree: at every level all leaves ask the same question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from keramos.training.boosting.histograms import Histograms, sums_by

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from keramos.training.boosting.histograms import Packed

    Floats = NDArray[np.float64]
    Sums = Sequence[tuple[Floats, Floats]]


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
    """A grown tree: ``questions`` (column, bin) level by level, and each leaf's sums."""

    questions: tuple[tuple[int, int], ...]
    gradients: Floats
    hessians: Floats


def layout_of(counts: Sequence[int], first_open: Sequence[bool]) -> Layout:
    """The layout of columns with so many bins; ``first_open``: "bin > 0" may be asked."""
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.intp)
    width = int(sum(counts))
    open_bins = np.ones(width, bool)
    open_bins[starts + np.asarray(counts) - 1] = False  # nothing lies above the last bin
    open_bins[starts] &= np.asarray(first_open)
    return Layout(starts, width, open_bins, np.repeat(np.arange(len(counts)), counts))


def grow(
    bins: NDArray[np.intp],
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
    leaf = np.zeros(bins.shape[1], np.intp)
    questions: list[tuple[int, int]] = []
    for level in range(depth):
        counted = histograms.sums(packed, leaf, 1 << level)
        sums = [one.unpack(array) for one, array in zip(packed, counted, strict=True)]
        gains = _gains(sums, layout, l2)
        gains[~(layout.open_bins & allowed[level][layout.column_of])] = -np.inf
        best = int(np.argmax(gains))
        column = int(layout.column_of[best])
        questions.append((column, best - int(layout.starts[column])))
        leaf = leaf * 2 + (bins[column] > questions[-1][1])
    gradients, hessians = _leaf_sums(packed, leaf, 1 << depth)
    return Growth(tuple(questions), gradients, hessians)


def _gains(sums: Sums, layout: Layout, l2: float) -> Floats:
    total = np.zeros(layout.width)
    for gradient, hessian in sums:
        left_g, right_g = _halves(gradient, layout)
        left_h, right_h = _halves(hessian, layout)
        total += (left_g**2 / (left_h + l2) + right_g**2 / (right_h + l2)).sum(axis=0)
    return total


def _halves(values: Floats, layout: Layout) -> tuple[Floats, Floats]:
    """Sums up to and including each bin of its column, and above it; both (leaves, width)."""
    running = np.cumsum(values, axis=1)
    before = running[:, layout.starts] - values[:, layout.starts]
    up_to = running - before[:, layout.column_of]
    ends = np.append(layout.starts[1:], layout.width) - 1
    return up_to, up_to[:, ends][:, layout.column_of] - up_to


def _leaf_sums(
    packed: Sequence[Packed], leaf: NDArray[np.intp], leaves: int
) -> tuple[Floats, Floats]:
    """Gradient and hessian sums of each leaf, (leaves, outputs) each."""
    pairs = [one.unpack(sums_by(leaf, one.values, leaves)) for one in packed]
    return (
        np.stack([gradient for gradient, _ in pairs], axis=1),
        np.stack([hessian for _, hessian in pairs], axis=1),
    )
