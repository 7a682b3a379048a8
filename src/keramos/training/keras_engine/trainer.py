"""Train a network on a prepared matrix with Keras."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from keramos.artifact.read import read
from keramos.artifact.write import write
from keramos.errors import UsageError
from keramos.training.epochs import EpochRecorder
from keramos.training.keras_engine.answers import keras_outputs, versions
from keramos.training.keras_engine.losses import keras_loss
from keramos.training.keras_engine.network import build, check_own, with_target_scale
from keramos.training.keras_engine.quiet import keras
from keramos.training.loss_words import loss_of
from keramos.training.plan import METRICS, class_weights, planned, row_weights, standardised
from keramos.types.training import TrainingTrace

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from keramos.types.network import Network
    from keramos.types.prediction import Feeds
    from keramos.types.training_job import TrainingJob, TrainingRows

_STEPS_AT_ONCE = 256
"""Steps that one call into the backend takes; the Python cost of a step is larger than its
arithmetic.
"""

_EVALUATED_ROWS = 8192  # rows in one batch where only the loss is wanted


class KerasTrainer:
    """Trains with Keras on any of its backends; see ``Trainer``."""

    reference = "keras"

    def fit(self, job: TrainingJob) -> tuple[Network, TrainingTrace]:
        """Train the default network, or ``job.model`` (a ``keras.Model`` that is not trained yet).

        A regression network learns the standardised target, so its loss is in units of the
        target's variance; the returned network answers in the target's own unit.

        Raises:
            UsageError: the plan or the caller's model does not suit the rows.
        """
        job = standardised(planned(job))
        keras.utils.set_random_seed(job.plan.seed)
        model = _model(job)
        if job.initial:
            model.set_weights(job.initial)
        recorder = EpochRecorder(job)
        begun = perf_counter()
        _run(model, job, recorder)
        seconds = perf_counter() - begun
        whole = with_target_scale(model, job.target, job.statistics.mean, job.statistics.deviation)
        trace = TrainingTrace(
            loss=loss_of(job.plan, job.target.task).name,
            metric=METRICS[job.target.task],
            epochs=tuple(recorder.epochs),
            plan=replace(job.plan, epochs=len(recorder.epochs), engine="keras"),
            parameters=int(model.count_params()),
            seconds=seconds,
            backend=keras.backend.backend(),
        )
        return _network(whole), trace

    def answers(self, network: Network, inputs: Feeds) -> NDArray[np.generic]:
        """What Keras answers to a network that it opens from a file.

        Raises:
            UsageError: the network takes texts, which only the TensorFlow backend can.
        """
        with tempfile.TemporaryDirectory(prefix="keramos-") as folder:
            path = Path(folder, "model.keras")
            write(path, network, None)
            return keras_outputs(path, inputs)[0]

    def versions(self) -> tuple[tuple[str, str], ...]:
        """Versions of Keras and its backend."""
        return versions()


def _model(job: TrainingJob) -> keras.Model:
    features = job.training.matrix.shape[1]
    if job.model is None:
        return build(job)
    own = job.model
    if not isinstance(own, keras.Model):
        own = own(features) if callable(own) else own
    if not isinstance(own, keras.Model):
        raise UsageError(
            "a network of your own is a keras.Model, or a function of the number of features that "
            "builds one",
            received=f"a {type(own).__name__}",
        )
    check_own(own, features, job.target)
    return own


def _network(model: keras.Model) -> Network:
    """A Keras model as data, through the file that Keras writes."""
    with tempfile.TemporaryDirectory(prefix="keramos-") as folder:
        path = Path(folder, "body.keras")
        model.save(path)
        return read(path).network


def _run(model: keras.Model, job: TrainingJob, recorder: EpochRecorder) -> None:
    rows, batch = job.training, job.plan.batch_size
    weighted = rows.weights is not None
    metrics = [METRICS[job.target.task]]
    model.compile(
        optimizer=keras.optimizers.Adam(job.plan.learning_rate),
        loss=keras_loss(loss_of(job.plan, job.target.task)),
        **{"weighted_metrics" if weighted else "metrics": metrics},
        steps_per_execution=min(-(-len(rows.targets) // batch), _STEPS_AT_ONCE),
        jit_compile=False,  # compiling costs more than ten epochs of a small network
    )
    classes = None if weighted else class_weights(job)
    model.fit(
        rows.matrix,
        rows.targets,
        batch_size=batch,
        epochs=job.plan.epochs,
        # Keras takes weights of rows or of classes, not both.
        sample_weight=row_weights(job) if weighted else None,
        class_weight=None if classes is None else dict(enumerate(classes.tolist())),
        validation_data=_evaluated(job.held_out),
        validation_batch_size=_EVALUATED_ROWS,
        callbacks=[_Recording(job, recorder)],
        verbose=0,
    )
    if recorder.best_weights is not None:
        model.set_weights(recorder.best_weights)


def _evaluated(rows: TrainingRows) -> tuple[NDArray[np.generic], ...]:
    """Rows as Keras judges them: inputs, targets and, where there are any, weights."""
    given = (rows.matrix, rows.targets)
    return given if rows.weights is None else (*given, rows.weights)


class _Recording(keras.callbacks.Callback):  # type: ignore[misc]  # keras ships no types
    """Passes Keras' logs to the recorder and stops where the validation rows say so."""

    def __init__(self, job: TrainingJob, recorder: EpochRecorder) -> None:
        super().__init__()
        self._job, self._recorder = job, recorder

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:  # noqa: ARG002 (Keras' signature)
        """Start the clock."""
        self._recorder.begin()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:  # noqa: ARG002 (Keras' signature)
        """Record the epoch."""
        logs, metric = logs or {}, METRICS[self._job.target.task]
        self.model.stop_training = self._should_stop()
        self._recorder.end(
            loss=float(logs["loss"]),
            metric=float(logs[metric]),
            held_out_loss=float(logs["val_loss"]),
            held_out_metric=float(logs[f"val_{metric}"]),
            stopping=self.model.stop_training,
        )

    def _should_stop(self) -> bool:
        rows = self._job.validation
        if rows is None or not self._job.plan.early_stopping:
            return False
        loss = self.model.evaluate(*_evaluated(rows), batch_size=_EVALUATED_ROWS, verbose=0)[0]
        return self._recorder.should_stop(float(loss), self.model.get_weights())
