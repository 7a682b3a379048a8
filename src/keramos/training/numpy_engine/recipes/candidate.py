"""What every candidate of a recipe does."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from keramos.prepare.front import FrontOutput
    from keramos.tabular.plan import Plan
    from keramos.training.numpy_engine.recipes.rows import Problem, Rows
    from keramos.types.network import TensorRef

    Scores = NDArray[np.floating]


class Branch(Protocol):
    """A fitted candidate. ``rounds``: the parts of its training, trees or passes over the rows."""

    @property
    def source(self) -> FrontOutput:
        """The row that it takes."""

    @property
    def rounds(self) -> int:
        """How many rounds it was trained."""

    def scores(self, rows: Rows, steps: int) -> list[Scores]:
        """Scores (n, K) after each of ``steps`` equal parts of training; the last are final."""

    def add_to(self, plan: Plan, row: TensorRef, weight: float) -> TensorRef:
        """Add built-in layers from ``row`` (n, cells of ``source``) to ``weight`` times the
        scores.
        """


class Candidate(Protocol):
    """A kind of model. ``tunes``: validation rows decide how long it is trained."""

    tunes: ClassVar[bool]

    def fit(
        self, problem: Problem, rows: Rows, *, validation: Rows | None = None, rounds: int = 0
    ) -> Branch:
        """Learn from rows, until the loss of ``validation`` rows falls no more, or for ``rounds``
        rounds; 0 lets the candidate choose.
        """


def checkpoint(step: int, steps: int, total: int) -> int:
    """Where part ``step`` (from 1) of ``steps`` equal parts of ``total`` ends."""
    return -(-step * total // steps)
