"""Train a network on a prepared matrix, watching each epoch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from keramos.evaluate.observations import observe
from keramos.training.network import LOSSES, METRICS, build, check_own, with_target_scale
from keramos.training.plan import resolve
from keramos.training.quiet import keras
from keramos.types.training import Epoch, TrainingTrace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from keramos.types.schema import TargetPreparation, TargetSchema
    from keramos.types.training import TrainingPlan

_STEPS_AT_ONCE = 256
"""Steps that one call into the backend takes; the Python cost of a step is larger than its
arithmetic.
"""

_WATCH_ROWS = 8192  # rows at once where only the loss is wanted


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Prepared rows with their targets: ``matrix`` (n, features) float32; ``y`` as
    ``prepare.target`` encodes it.
    """

    matrix: NDArray[np.float32]
    y: NDArray[np.generic]


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """What to train: rows to learn from, rows to watch, and for early stopping ``validation`` rows
    that decide.

    ``unseen`` are positions of the prepared row that no training row sets.
    """

    training: Rows
    held_out: Rows
    target: TargetSchema
    statistics: TargetPreparation
    plan: TrainingPlan
    unseen: tuple[int, ...] = ()
    validation: Rows | None = None


def fit(
    job: Job,
    save_to: Path,
    *,
    model: keras.Model | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> TrainingTrace:
    """Train and save the network, without the preparation in front of it, to ``save_to`` (a .keras
    file).

    A regression network learns the standardised target (its loss is in units of the target's
    variance); the saved one answers in the target's own unit. The same seed on the same machine
    gives the same weights.

    Raises:
        UsageError: the plan or the caller's own model does not suit the table.
    """
    job = _standardised(job)
    keras.utils.set_random_seed(job.plan.seed)
    features = job.training.matrix.shape[1]
    if model is None:
        model = build(features, job.target, job.plan, job.unseen)
    else:
        check_own(model, features, job.target)
    watch = _Watch(job, on_epoch)
    begun = perf_counter()
    _run(model, job, watch)
    seconds = perf_counter() - begun
    with_target_scale(model, job.target, job.statistics.mean, job.statistics.deviation).save(
        save_to
    )
    return TrainingTrace(
        loss=LOSSES[job.target.task],
        metric=METRICS[job.target.task],
        epochs=tuple(watch.epochs),
        plan=replace(job.plan, epochs=len(watch.epochs)),
        parameters=int(model.count_params()),
        seconds=seconds,
        backend=keras.backend.backend(),
    )


def _standardised(job: Job) -> Job:
    """The job with every open number chosen and, for regression, targets of mean 0 and deviation
    1.
    """
    job = replace(job, plan=resolve(job.plan, len(job.training.y), job.target.task))
    if job.target.task != "regression":
        return job

    def scale(rows: Rows) -> Rows:
        return replace(
            rows,
            y=((rows.y.astype(float) - job.statistics.mean) / job.statistics.deviation).astype(
                "float32"
            ),
        )

    validation = None if job.validation is None else scale(job.validation)
    return replace(
        job, training=scale(job.training), held_out=scale(job.held_out), validation=validation
    )


def _run(model: keras.Model, job: Job, watch: _Watch) -> None:
    batch = job.plan.batch_size
    model.compile(
        optimizer=keras.optimizers.Adam(job.plan.learning_rate),
        loss=LOSSES[job.target.task],
        metrics=[METRICS[job.target.task]],
        steps_per_execution=min(-(-len(job.training.y) // batch), _STEPS_AT_ONCE),
        jit_compile=False,  # compiling costs more than ten epochs of a small network
    )
    model.fit(
        job.training.matrix,
        job.training.y,
        batch_size=batch,
        epochs=job.plan.epochs,
        class_weight=_class_weights(job.training.y)
        if job.plan.class_weight and job.target.classes
        else None,
        validation_data=(job.held_out.matrix, job.held_out.y),
        validation_batch_size=_WATCH_ROWS,
        callbacks=[watch],
        verbose=0,
    )
    watch.restore_best()


def _class_weights(y: NDArray[np.generic]) -> dict[int, float]:
    """Weights that give every class the same total: rows / (classes * rows of the class)."""
    classes, counts = np.unique(y.astype(int), return_counts=True)
    return {int(c): len(y) / (len(classes) * int(n)) for c, n in zip(classes, counts, strict=True)}


class _Watch(keras.callbacks.Callback):  # type: ignore[misc]  # keras ships no types
    """Turns Keras' logs into Epochs and stops where the validation rows say so."""

    def __init__(self, job: Job, on_epoch: Callable[[Epoch], None] | None) -> None:
        super().__init__()
        self.epochs: list[Epoch] = []
        self._job = job
        self._tell = on_epoch or (lambda _: None)
        self._begun = 0.0
        self._best: tuple[float, int, list[NDArray[np.generic]]] = (
            float("inf"),
            0,
            [],
        )  # loss, epoch, weights

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:  # noqa: ARG002 (Keras' signature)
        """Start the clock."""
        self._begun = perf_counter()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Record the epoch."""
        seconds = perf_counter() - self._begun
        logs = logs or {}
        stop = self._stop_early(epoch)
        history = [
            *((e.loss, e.held_out_loss) for e in self.epochs),
            (float(logs["loss"]), float(logs["val_loss"])),
        ]
        last = stop or epoch + 1 == self._job.plan.epochs
        metric = METRICS[self._job.target.task]
        unit = self._job.statistics.deviation if self._job.target.task == "regression" else 1.0
        done = Epoch(
            number=epoch + 1,
            loss=history[-1][0],
            metric=float(logs[metric]) * unit,
            held_out_loss=history[-1][1],
            held_out_metric=float(logs[f"val_{metric}"]) * unit,
            seconds=seconds,
            observation=observe(history, last=last),
        )
        self.epochs.append(done)
        self._tell(done)

    def _stop_early(self, epoch: int) -> bool:
        rows, patience = self._job.validation, self._job.plan.early_stopping
        if rows is None or not patience:
            return False
        loss = float(self.model.evaluate(rows.matrix, rows.y, batch_size=_WATCH_ROWS, verbose=0)[0])
        if loss < self._best[0]:
            self._best = (loss, epoch, self.model.get_weights())
        self.model.stop_training = epoch - self._best[1] >= patience
        return bool(self.model.stop_training)

    def restore_best(self) -> None:
        """With early stopping, go back to the weights that were best on the validation rows."""
        if self._best[2]:
            self.model.set_weights(self._best[2])
