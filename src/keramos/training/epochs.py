"""Epochs as engines report them, and early stopping on the validation rows."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from keramos.evaluate.observations import observe
from keramos.types.training import Epoch

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from keramos.types.training_job import TrainingJob

    Weights = Sequence[NDArray[np.generic]]


class EpochRecorder:
    """Collects the epochs of one job and reports each of them as it ends.

    ``epochs`` holds those that ended; ``best_weights`` the weights of the best validation loss,
    None where the plan has no early stopping.
    """

    def __init__(self, job: TrainingJob) -> None:
        self.epochs: list[Epoch] = []
        self.best_weights: Weights | None = None
        self._job = job
        # Losses are of the standardised target; the metric of a regression is in its own unit.
        self._unit = job.statistics.deviation if job.target.task == "regression" else 1.0
        self._begun = perf_counter()
        self._best_loss, self._best_number = float("inf"), 1

    def begin(self) -> None:
        """Start the clock of an epoch."""
        self._begun = perf_counter()

    def should_stop(self, validation_loss: float, weights: Weights) -> bool:
        """Whether ``early_stopping`` epochs have passed without a better validation loss.

        Called once an epoch, before ``end``, for plans with early stopping.
        """
        number = len(self.epochs) + 1
        if validation_loss < self._best_loss:
            self._best_loss, self._best_number = validation_loss, number
            self.best_weights = weights
        return number - self._best_number >= self._job.plan.early_stopping

    def end(
        self,
        *,
        loss: float,
        metric: float,
        held_out_loss: float,
        held_out_metric: float,
        stopping: bool = False,
        seconds: float | None = None,
    ) -> None:
        """Record an epoch; ``stopping`` is true where training ends with it early. ``seconds``
        instead of those since ``begin``.
        """
        seconds = perf_counter() - self._begun if seconds is None else seconds
        number = len(self.epochs) + 1
        losses = [(epoch.loss, epoch.held_out_loss) for epoch in self.epochs]
        done = Epoch(
            number=number,
            loss=loss,
            metric=metric * self._unit,
            held_out_loss=held_out_loss,
            held_out_metric=held_out_metric * self._unit,
            seconds=seconds,
            observation=observe(
                [*losses, (loss, held_out_loss)],
                last=stopping or number == self._job.plan.epochs,
            ),
        )
        self.epochs.append(done)
        if self._job.on_epoch is not None:
            self._job.on_epoch(done)
