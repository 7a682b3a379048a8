"""Which columns answers depend on, and how.

L. Breiman, "Random forests" (2001): shuffle a column among the rows and see how much worse answers
become. J. Friedman (2001): the mean answer of rows that all have one value (partial dependence).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.types.evaluation import ColumnImportance

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.generic]
    Feeds = Mapping[str, Array]

_SHUFFLES = 5


def importance(
    feeds: Feeds,
    columns: Mapping[str, list[tuple[str, int]]],
    measure: Callable[[dict[str, Array]], float],
) -> tuple[float, tuple[ColumnImportance, ...]]:
    """The measure of the rows as they are, and its rise for each column, the largest first.

    ``columns`` has the model inputs of each column, with the position in each; ``measure`` is a
    loss of answers to model inputs.
    """
    base, draw = measure(dict(feeds)), np.random.default_rng(0)
    rows = len(next(iter(feeds.values())))
    found = []
    for column, places in columns.items():
        rises = []
        for _ in range(_SHUFFLES):
            order = draw.permutation(rows)
            rises.append(measure(with_cells(feeds, places, order)) - base)
        found.append(ColumnImportance(column, float(np.mean(rises)), float(np.std(rises))))
    return base, tuple(sorted(found, key=lambda one: -one.rise))


def with_cells(
    feeds: Feeds, places: list[tuple[str, int]], order: NDArray[np.integer]
) -> dict[str, Array]:
    """The inputs with the cells of one column taken from the rows in ``order``."""
    changed = dict(feeds)
    for name, place in places:
        array = changed[name].copy()
        array[:, place] = array[order, place]
        changed[name] = array
    return changed
