"""The candidate of a dense network: the prepared row, and its numbers in piecewise-linear bins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log2
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from keramos.training.numpy_engine.answers import BINS_EQUATION
from keramos.training.numpy_engine.bins_front import bins_layer
from keramos.training.numpy_engine.fitting import Batches, run_epoch, weighted_mean
from keramos.training.numpy_engine.losses import named
from keramos.training.numpy_engine.network import Dense, DenseNetwork, Dropout
from keramos.training.numpy_engine.optimizers import Adam, cosine
from keramos.training.numpy_engine.recipes.candidate import checkpoint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from keramos.prepare.front import FrontOutput
    from keramos.tabular.plan import Plan
    from keramos.training.numpy_engine.network import LayerPlan
    from keramos.training.numpy_engine.recipes.candidate import Scores
    from keramos.training.numpy_engine.recipes.rows import Problem, Rows
    from keramos.types.network import Config, TensorRef

    Array = NDArray[np.float32]

HIDDEN = (128, 64)
RATE, DECAY, DROPOUT = 3e-3, 1e-2, 0.1
PASSES = 2
"""Passes over the rows for each epoch of the plan: 20 with its default of 10."""
_STEPS, _MOST_STEPS = 2500, 30_000
_SMALLEST_BATCH, _LARGEST_BATCH = 8, 64
_ROWS_AT_ONCE = 8192
_WORK_A_PARAMETER, _MOST_WORK = 6, 4e11
"""Multiplications and additions of a row for each parameter, and all of one training: 10 to 20
seconds of one processor.
"""
_FEWEST_PASSES, _FEWEST_ROWS = 3, 20_000


def batch_size(rows: int) -> int:
    """The power of two with which 20 passes take about 2,500 steps, 8 to 64; more where the steps
    would be more than 30,000.
    """
    wanted = max(20 * rows / _STEPS, 1.0)
    most = max(_LARGEST_BATCH, 20 * rows / _MOST_STEPS)
    return int(2 ** round(log2(min(max(wanted, _SMALLEST_BATCH), most))))


@dataclass(frozen=True, slots=True, eq=False)
class Bins:
    """``kernel`` and ``bias`` (numbers, bins), see ``bins_front``."""

    kernel: Array
    bias: Array

    def row(self, matrix: Array) -> Array:
        """The prepared row, then the bins of its numbers."""
        numbers, bins = self.kernel.shape
        x = matrix[:, :numbers, None] * self.kernel + self.bias
        return np.hstack([matrix, np.clip(x, 0, 1).reshape(len(matrix), numbers * bins)])


@dataclass(frozen=True, slots=True, eq=False)
class NetworkBranch:
    """A trained network. ``course`` has the parameters after each pass."""

    network: DenseNetwork
    bins: Bins
    hidden: tuple[int, ...]
    course: tuple[Array, ...]
    source: FrontOutput = "prepared"

    @property
    def rounds(self) -> int:
        """The number of passes."""
        return len(self.course)

    def scores(self, rows: Rows, steps: int) -> list[Scores]:
        """The scores after each part of the passes."""
        found: list[Scores] = []
        for step in range(1, steps + 1):
            self.network.parameters[:] = self.course[checkpoint(step, steps, len(self.course)) - 1]
            starts = range(0, len(rows.y), _ROWS_AT_ONCE)
            blocks = (self.bins.row(rows.matrix[at : at + _ROWS_AT_ONCE]) for at in starts)
            found.append(np.concatenate([self.network.forward(block) for block in blocks]))
        return found

    def add_to(self, plan: Plan, row: TensorRef, weight: float) -> TensorRef:
        """Bins, joined with the row, and the Dense layers."""
        x = self._with_bins(plan, row)
        weights = self.network.weights()
        for number, units in enumerate(self.hidden, 1):
            pair = (weights[2 * number - 2].copy(), weights[2 * number - 1].copy())
            x = plan.add("Dense", f"hidden_{number}", _dense(units, "relu"), x, pair)
            dropout: Config = {"rate": DROPOUT, "noise_shape": None, "seed": None}
            x = plan.add("Dropout", f"dropout_{number}", dropout, x)
        kernel, bias = (array * np.float32(weight) for array in weights[-2:])
        return plan.add("Dense", "network", _dense(len(bias), "linear"), x, (kernel, bias))

    def _with_bins(self, plan: Plan, row: TensorRef) -> TensorRef:
        numbers, bins = self.bins.kernel.shape
        if not self.bins.kernel.size:
            return row
        features = self.network.weights()[0].shape[0] - numbers * bins
        only: Config = {
            "units": numbers,
            "activation": "linear",
            "use_bias": False,
            "trainable": False,
        }
        x = row
        if features > numbers:
            x = plan.add(
                "Dense", "numbers_alone", only, row, (np.eye(features, numbers, dtype="f4"),)
            )
        config: Config = {
            "equation": BINS_EQUATION,
            "output_shape": [numbers, bins],
            "activation": "linear",
            "bias_axes": "bc",
            "trainable": False,
        }
        x = plan.add("EinsumDense", "bins", config, x, (self.bins.kernel, self.bins.bias))
        clip: Config = {"max_value": 1.0, "negative_slope": 0.0, "threshold": 0.0}
        x = plan.add("ReLU", "share_of_bin", clip, x)
        x = plan.add("Flatten", "bins_in_a_row", {"data_format": "channels_last"}, x)
        return plan.join("with_bins", [row, x])


class Network:
    """See ``Candidate``."""

    tunes: ClassVar[bool] = True

    def fit(
        self, problem: Problem, rows: Rows, *, validation: Rows | None = None, rounds: int = 0
    ) -> NetworkBranch:
        """Train for so many passes, or for those that were best on validation rows; the learning
        rate falls as if all were made.
        """
        hidden = problem.plan.hidden or HIDDEN
        bins = Bins(*bins_layer(rows.matrix[:, : problem.numbers]))
        network = _network(problem, rows.matrix.shape[1] + bins.kernel.size, hidden)
        passes, rows = _affordable(problem, rows, network.parameters.size)
        batches = _batches(problem, rows, bins)
        optimizer = Adam(
            cosine(problem.plan.learning_rate or RATE, passes * -(-len(rows.y) // batches.size)),
            decay=DECAY,
            decayed=network.kernels(),
        )
        course = []
        for _ in range(min(rounds or passes, passes)):
            run_epoch(network, batches, named(problem.loss), optimizer)
            course.append(network.parameters.copy())
        branch = NetworkBranch(network, bins, hidden, tuple(course))
        return branch if validation is None else _best(branch, problem, validation)


def _best(branch: NetworkBranch, problem: Problem, rows: Rows) -> NetworkBranch:
    """The network after the pass with the lowest loss on rows."""
    scores = branch.scores(rows, branch.rounds)
    losses = [weighted_mean(problem.objective.losses(one, rows.y), rows.weights) for one in scores]
    return replace(branch, course=branch.course[: int(np.argmin(losses)) + 1])


def _affordable(problem: Problem, rows: Rows, parameters: int) -> tuple[int, Rows]:
    """Fewer passes, then fewer rows, where all of them would take more than ``_MOST_WORK``."""
    row, wanted = _WORK_A_PARAMETER * parameters, PASSES * problem.plan.epochs
    passes = min(wanted, max(_FEWEST_PASSES, int(_MOST_WORK // (row * len(rows.y)))))
    most = max(_FEWEST_ROWS, int(_MOST_WORK // (row * passes)))
    if most >= len(rows.y):
        return passes, rows
    draw = np.random.default_rng(problem.plan.seed)
    return passes, rows.take(np.sort(draw.permutation(len(rows.y))[:most]))


def _batches(problem: Problem, rows: Rows, bins: Bins) -> Batches:
    return Batches(
        rows.matrix,
        rows.y.astype("float32"),
        problem.plan.batch_size or batch_size(len(rows.y)),
        None if rows.weights is None else rows.weights.astype("float32"),
        np.random.default_rng(problem.plan.seed),
        bins.row,
    )


def _network(problem: Problem, features: int, hidden: Sequence[int]) -> DenseNetwork:
    layers = _layers(hidden, problem.objective.outputs)
    network = DenseNetwork(features, layers, problem.plan.seed)
    network.weights()[0][list(problem.unseen)] = 0  # levels of no training row stay silent
    return network


def _layers(hidden: Sequence[int], outputs: int) -> list[LayerPlan]:
    inner = [layer for units in hidden for layer in (Dense(units, "relu"), Dropout(DROPOUT))]
    return [*inner, Dense(outputs)]


def _dense(units: int, activation: str) -> Config:
    return {"units": units, "activation": activation, "use_bias": True}
