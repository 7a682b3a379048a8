"""The linear candidate: ridge or logistic regression of the prepared row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from keramos.training.blending.linear import logistic, ridge
from keramos.training.boosting.objectives import Quantile, SquaredError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.prepare.front import FrontOutput
    from keramos.tabular.plan import Plan
    from keramos.training.numpy_engine.recipes.candidate import Scores
    from keramos.training.numpy_engine.recipes.rows import Problem, Rows
    from keramos.types.network import Config, TensorRef


_MOST_CELLS, _FEWEST_ROWS = 10_000_000, 20_000
_SMOOTH = 0.05
"""Half width of the parabola at the corner of a quantile's loss, in deviations of the target."""


@dataclass(frozen=True, slots=True, eq=False)
class LinearBranch:
    """One Dense layer: ``kernel`` (features, K) and ``bias`` (K,)."""

    kernel: NDArray[np.float64]
    bias: NDArray[np.float64]
    source: FrontOutput = "prepared"
    rounds: int = 1

    def scores(self, rows: Rows, steps: int) -> list[Scores]:
        """The same scores at every step: the solution is found at once."""
        return [rows.matrix @ self.kernel + self.bias] * steps

    def add_to(self, plan: Plan, row: TensorRef, weight: float) -> TensorRef:
        """One Dense layer."""
        weights = ((self.kernel * weight).astype("float32"), (self.bias * weight).astype("float32"))
        config: Config = {"units": len(self.bias), "activation": "linear", "use_bias": True}
        return plan.add("Dense", "linear", config, row, weights)


class Linear:
    """See ``Candidate``."""

    tunes: ClassVar[bool] = False

    def fit(
        self,
        problem: Problem,
        rows: Rows,
        *,
        validation: Rows | None = None,  # noqa: ARG002 (a linear model has no rounds)
        rounds: int = 0,  # noqa: ARG002 (the same)
    ) -> LinearBranch:
        """The one best solution; of tables with more than ``_MOST_CELLS`` cells, for some rows."""
        most = max(_FEWEST_ROWS, _MOST_CELLS // max(1, rows.matrix.shape[1]))
        if most < len(rows.y):
            draw = np.random.default_rng(problem.plan.seed)
            rows = rows.take(np.sort(draw.permutation(len(rows.y))[:most]))
        if isinstance(problem.objective, SquaredError):
            return LinearBranch(*ridge(rows.matrix, rows.y, weights=rows.weights))
        objective = problem.objective
        if isinstance(objective, Quantile):
            objective = replace(objective, smooth=_SMOOTH)
        return LinearBranch(*logistic(rows.matrix, rows.y, objective, weights=rows.weights))
