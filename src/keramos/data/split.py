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
