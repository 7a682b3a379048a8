"""Splits of all rows into folds, each held out once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.data.split import SMALLEST
from keramos.errors import UsageError
from keramos.types.schema import Split

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from keramos.data.split_keys import SplitKeys

    Array = NDArray[np.generic]
    Index = NDArray[np.int64]

FEWEST = 2


def fold_splits(
    keys: SplitKeys, rows: int, classes: Array | None, *, folds: int, seed: int
) -> Iterator[Split]:
    """Each of ``folds`` parts held out once: by chance with classes in equal shares, whole groups,
    or consecutive times after all rows that are learned from.

    Raises:
        UsageError: there are fewer than two folds, or too few rows, groups or times for them.
    """
    if folds < FEWEST or rows < SMALLEST * folds / 2:
        raise UsageError(
            "folds must be 2 or more, with 5 rows or more each",
            option="folds",
            received=f"{folds} for {rows} rows",
        )
    places = _places(keys, rows, classes, folds, np.random.default_rng(seed))
    if len(np.unique(places)) < folds + (keys.by == "time"):
        raise UsageError(
            f"there are fewer {keys.by} than folds", option="folds", received=str(folds)
        )
    if keys.by == "time":
        for fold in range(1, folds + 1):
            yield Split(np.flatnonzero(places < fold), np.flatnonzero(places == fold))
        return
    for fold in range(folds):
        yield Split(np.flatnonzero(places != fold), np.flatnonzero(places == fold))


def _places(
    keys: SplitKeys, rows: int, classes: Array | None, folds: int, draw: np.random.Generator
) -> NDArray[np.intp]:
    """The fold of each row; of times, the first block is learned from only."""
    if keys.values is None:
        order = draw.permutation(rows)
        if classes is not None:
            order = order[np.argsort(classes[order], kind="stable")]
        places = np.empty(rows, np.intp)
        places[order] = np.arange(rows) % folds
        return places
    names, codes = np.unique(keys.values, return_inverse=True)
    if keys.by == "time":
        share = np.cumsum(np.bincount(codes)) / rows
        return np.minimum((share * (folds + 1)).astype(np.intp), folds)[codes]
    counts, filled = np.bincount(codes), np.zeros(folds)
    fold_of = np.empty(len(names), np.intp)
    for group in draw.permutation(len(names)):
        fold_of[group] = int(filled.argmin())
        filled[fold_of[group]] += counts[group]
    return fold_of[codes]
