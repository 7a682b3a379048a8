"""Set rows aside before anything is learned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import DataError
from keramos.types.schema import Split

if TYPE_CHECKING:
    from numpy.typing import NDArray

SMALLEST = 10
"""Fewest rows that can be split into something to learn from and something to judge by."""


def split(
    rows: int, classes: NDArray[np.generic] | None, *, seed: int, share: float = 0.2
) -> Split:
    """Hold out ``share`` of the rows, chosen by ``seed``; with ``classes`` (rows,) every class
    keeps its share.

    A class with a single row stays in training.

    Raises:
        DataError: there are fewer than 10 rows.
    """
    if rows < SMALLEST:
        raise DataError(
            f"{rows} rows are too few to train on and to hold out from; {SMALLEST} or more are "
            "needed"
        )
    generator = np.random.default_rng(seed)
    groups = (
        [np.arange(rows)]
        if classes is None
        else [np.flatnonzero(classes == name) for name in np.unique(classes)]
    )
    held_out = [generator.permutation(group)[: _held(len(group), share)] for group in groups]
    chosen = np.sort(np.concatenate(held_out))
    mask = np.ones(rows, bool)
    mask[chosen] = False
    lonely = sum(len(group) == 1 for group in groups)
    notes = (f"{lonely} class(es) have one row only and stay in training",) if lonely else ()
    return Split(np.flatnonzero(mask), chosen, notes)


def _held(rows: int, share: float) -> int:
    return min(max(round(rows * share), 1), rows - 1)


def split_groups(groups: NDArray[np.generic], *, seed: int, share: float = 0.2) -> Split:
    """Hold out whole groups, chosen by ``seed``, until they have ``share`` of the rows.

    Raises:
        DataError: there is one group only.
    """
    names, counts = np.unique(groups, return_counts=True)
    if len(names) < 2:  # noqa: PLR2004 (one to learn from, one to judge by)
        raise DataError(
            "a split by groups needs rows of two groups or more; these are all of one group",
            remedy="Split by a column with more groups",
        )
    order = np.random.default_rng(seed).permutation(len(names))
    before = np.cumsum(counts[order]) - counts[order]
    most = min(int((before < share * len(groups)).sum()), len(names) - 1)
    aside = np.isin(groups, names[order[:most]])
    return Split(np.flatnonzero(~aside), np.flatnonzero(aside))


def split_latest(times: NDArray[np.generic], *, share: float = 0.2) -> Split:
    """Hold out the latest rows, about ``share`` of all; rows of one time stay together.

    Raises:
        DataError: all rows have the same time.
    """
    ordered = np.sort(times)
    first = ordered[min(len(times) - 1, round((1 - share) * len(times)))]
    aside = times >= first
    if aside.all():
        aside = times > first
    if not aside.any():
        raise DataError("all rows have the same time, so no later ones can be held out")
    return Split(np.flatnonzero(~aside), np.flatnonzero(aside))
