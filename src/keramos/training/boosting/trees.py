"""Boosted oblivious trees as plain values, and what they answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Condition:
    """One question of a tree.

    For a number "cell > ``threshold``", where minus infinity asks whether the cell is present; for
    a category "the code is one of ``levels``".
    """

    column: int
    threshold: float = 0.0
    levels: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """``conditions`` from the root down; the first is the highest bit of a leaf's number.

    ``values`` (2 ** depth, outputs) are what a leaf adds to the scores.
    """

    conditions: tuple[Condition, ...]
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """``start`` (outputs,) plus the leaf values of all ``trees``."""

    start: NDArray[np.float64]
    trees: tuple[Tree, ...]

    def scores(self, columns: Sequence[NDArray[np.generic]]) -> NDArray[np.float64]:
        """Scores (n, outputs) of columns: float32 numbers with NaN where missing, or codes."""
        total = np.tile(self.start, (len(columns[0]), 1))
        for tree in self.trees:
            total += tree.values[leaves(tree, columns)]
        return total


def leaves(tree: Tree, columns: Sequence[NDArray[np.generic]]) -> NDArray[np.intp]:
    """The leaf of each row."""
    number = np.zeros(len(columns[0]), np.intp)
    for condition in tree.conditions:
        number = number * 2 + _holds(condition, columns[condition.column])
    return number


def _holds(condition: Condition, column: NDArray[np.generic]) -> NDArray[np.bool_]:
    if condition.levels is not None:
        known = np.zeros(max(int(column.max(initial=0)), *condition.levels, 0) + 1, bool)
        known[list(condition.levels)] = True
        return known[column.astype(np.intp, copy=False)]
    if condition.threshold == -np.inf:
        return np.asarray(~np.isnan(column.astype("float32")))
    return np.asarray(np.greater(column, np.float32(condition.threshold)))


def on_grid(forest: Forest) -> Forest:
    """Start and leaf values rounded to a grid on which every partial sum is exact in float32.

    The step is 2 ** (ceil(log2(largest possible sum)) - 23): sums then have at most 24 bits, in
    whatever order a runtime adds them, so all runtimes give identical bits.
    """
    most = np.abs(forest.start).max() + sum(
        float(np.abs(tree.values).max(initial=0)) for tree in forest.trees
    )
    step = 2.0 ** (np.ceil(np.log2(max(most, 2.0**-60))) - 23)
    trees = tuple(
        Tree(tree.conditions, np.rint(tree.values / step) * step) for tree in forest.trees
    )
    return Forest(np.rint(forest.start / step) * step, trees)
