"""The candidate of boosted oblivious trees, on raw numbers and one-hot categories."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from keramos.training.boosting.boosting import BoostingPlan, Sample, boost
from keramos.training.boosting.tree_layers import tree_layers
from keramos.training.boosting.trees import Forest, Tree, on_grid
from keramos.training.numpy_engine.recipes.candidate import checkpoint

if TYPE_CHECKING:
    from keramos.prepare.front import FrontOutput
    from keramos.tabular.plan import Plan
    from keramos.training.numpy_engine.recipes.candidate import Scores
    from keramos.training.numpy_engine.recipes.rows import Problem, Rows
    from keramos.types.network import TensorRef

_ROUNDS_A_STEP = 30
"""Trees at most for each epoch of the plan: 300 with its default of 10."""
_MOST_CELLS = 250_000
"""Cells of the kernel of all conditions at most, a megabyte; tables with many levels get fewer
trees.
"""
_DEPTH, _DEEP, _MANY_ROWS = 6, 8, 20_000
"""Depth of trees, and that of tables with many rows."""


@dataclass(frozen=True, slots=True, eq=False)
class TreesBranch:
    """A forest over raw columns; ``cells`` as in ``Problem``."""

    forest: Forest
    cells: tuple[int, ...]
    source: FrontOutput = "raw"

    @property
    def rounds(self) -> int:
        """The number of trees."""
        return len(self.forest.trees)

    def scores(self, rows: Rows, steps: int) -> list[Scores]:
        """The scores of ever more trees."""
        found: list[Scores] = []
        total, begin = np.tile(self.forest.start, (len(rows.y), 1)), 0
        nothing = np.zeros_like(self.forest.start)
        for step in range(1, steps + 1):
            end = checkpoint(step, steps, self.rounds)
            total = total + Forest(nothing, self.forest.trees[begin:end]).scores(rows.columns)
            found.append(total)
            begin = end
        return found

    def add_to(self, plan: Plan, row: TensorRef, weight: float) -> TensorRef:
        """Layers that answer bit for bit as the forest times ``weight``, rounded to a grid."""
        ends = np.cumsum(self.cells).tolist()
        places = [slice(end - count, end) for end, count in zip(ends, self.cells, strict=True)]
        weighted = Forest(
            self.forest.start * weight,
            tuple(Tree(tree.conditions, tree.values * weight) for tree in self.forest.trees),
        )
        for layer in tree_layers(on_grid(weighted), places, ends[-1], "trees"):
            row = plan.add(layer.kind, layer.name, layer.config, row, layer.weights)
        return row


class Trees:
    """See ``Candidate``."""

    tunes: ClassVar[bool] = True

    def fit(
        self, problem: Problem, rows: Rows, *, validation: Rows | None = None, rounds: int = 0
    ) -> TreesBranch:
        """Boost for so many rounds, or until validation rows gain nothing more."""
        depth = _DEEP if len(rows.y) >= _MANY_ROWS else _DEPTH
        most = max(1, _MOST_CELLS // (depth * sum(problem.cells)))
        plan = BoostingPlan(
            depth=depth,
            rounds=min(rounds or _ROUNDS_A_STEP * problem.plan.epochs, most),
            seed=problem.plan.seed,
        )
        boosted = boost(
            _sample(rows),
            problem.objective,
            plan,
            validation=None if validation is None else _sample(validation),
        )
        return TreesBranch(boosted.forest, problem.cells)


def _sample(rows: Rows) -> Sample:
    return Sample(rows.columns, rows.y, rows.weights)
