"""Train the default network on a prepared matrix with NumPy."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import UsageError
from keramos.platform.blas import one_thread
from keramos.training.epochs import EpochRecorder
from keramos.training.loss_words import loss_of
from keramos.training.numpy_engine.activations import ACTIVATIONS
from keramos.training.numpy_engine.answers import network_outputs
from keramos.training.numpy_engine.fitting import Batches, evaluate, run_epoch, weighted_mean
from keramos.training.numpy_engine.losses import named
from keramos.training.numpy_engine.network import Dense, DenseNetwork, Dropout
from keramos.training.numpy_engine.optimizers import Adam, constant
from keramos.training.plan import (
    DROPOUT,
    METRICS,
    class_weights,
    output_activation,
    output_units,
    planned,
    standardised,
    weights_of,
)
from keramos.training.recipes import TUTORIAL
from keramos.types.network import Call, Layer, Network, TensorRef
from keramos.types.training import TrainingTrace

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.training.numpy_engine.losses import Loss
    from keramos.training.numpy_engine.network import LayerPlan
    from keramos.types.network import Config
    from keramos.types.prediction import Feeds
    from keramos.types.training_job import TrainingJob, TrainingRows


class NumpyTrainer:
    """Trains with NumPy, without Keras or TensorFlow; see ``Trainer``."""

    reference = "numpy"

    def fit(self, job: TrainingJob) -> tuple[Network, TrainingTrace]:
        """Follow the plan's recipe. That of the tutorial has the same layers, loss and optimizer as
        the Keras engine.

        Losses, gradients and updates are those of Keras 3 in float32; initial weights, the order
        of rows and dropout are drawn from NumPy's generator instead.

        Raises:
            UsageError: the job has a network of the caller's own, which only Keras can train.
        """
        if job.model is not None:
            raise UsageError(
                "the engine numpy trains no network of your own", remedy="Take the engine keras"
            )
        job = standardised(job)
        if job.plan.recipe != TUTORIAL:
            from keramos.training.numpy_engine.recipes.recipe import (  # noqa: PLC0415 (the tutorial starts without them)
                follow,
            )

            with one_thread():
                return follow(job)
        job = planned(job)
        features = job.training.matrix.shape[1]
        network = DenseNetwork(features, _layer_plan(job), job.plan.seed)
        network.weights()[0][list(job.unseen)] = 0  # levels that no training row sets stay silent
        for array, first in zip(network.weights(), job.initial, strict=bool(job.initial)):
            array[:] = first
        recorder = EpochRecorder(job)
        begun = perf_counter()
        with one_thread():
            _run(network, job, recorder)
        trace = TrainingTrace(
            loss=loss_of(job.plan, job.target.task).name,
            metric=METRICS[job.target.task],
            epochs=tuple(recorder.epochs),
            plan=replace(job.plan, epochs=len(recorder.epochs), engine="numpy"),
            parameters=network.parameters.size,
            seconds=perf_counter() - begun,
            backend="numpy",
        )
        return _as_network(network, job), trace

    def answers(self, network: Network, inputs: Feeds) -> NDArray[np.generic]:
        """What NumPy answers to a network of Dense layers.

        Raises:
            UsageError: it has other layers, such as lookups of texts.
        """
        return network_outputs(network, inputs)

    def versions(self) -> tuple[tuple[str, str], ...]:
        """The version of NumPy."""
        return (("numpy", np.__version__),)


def _layer_plan(job: TrainingJob) -> list[LayerPlan]:
    plan: list[LayerPlan] = []
    for units in job.plan.hidden:
        plan.append(Dense(units, "relu"))
        if DROPOUT[job.target.task]:
            plan.append(Dropout(DROPOUT[job.target.task]))
    return [*plan, Dense(output_units(job.target))]


def _run(network: DenseNetwork, job: TrainingJob, recorder: EpochRecorder) -> None:
    rows, plan, task = job.training, job.plan, job.target.task
    loss, optimizer = named(loss_of(plan, task)), Adam(constant(plan.learning_rate))
    classes, order = class_weights(job), np.random.default_rng(plan.seed)
    batches = _batches(rows, classes, plan.batch_size, order)
    for _ in range(plan.epochs):
        recorder.begin()
        seen_loss, seen = run_epoch(network, batches, loss, optimizer)
        total, count = seen_loss * len(rows.targets), len(rows.targets)
        for part in () if job.more is None else job.more():
            more = _batches(part, classes, plan.batch_size, order)
            total += run_epoch(network, more, loss, optimizer)[0] * len(part.targets)
            count += len(part.targets)
        held_out_loss, held_out = _evaluated(network, job.held_out, loss)
        stopping = _should_stop(network, job, loss, recorder)
        recorder.end(
            loss=total / count,
            metric=_metric(seen, rows, loss),
            held_out_loss=held_out_loss,
            held_out_metric=_metric(held_out, job.held_out, loss),
            stopping=stopping,
        )
        if stopping:
            break
    if recorder.best_weights is not None:
        for array, best in zip(network.weights(), recorder.best_weights, strict=True):
            array[:] = best


def _batches(
    rows: TrainingRows,
    classes: NDArray[np.float64] | None,
    size: int,
    order: np.random.Generator,
) -> Batches:
    weights = weights_of(rows, classes)
    counted = None if weights is None else weights.astype("float32")
    return Batches(rows.matrix, _targets(rows), size, counted, order)


def _targets(rows: TrainingRows) -> NDArray[np.float32]:
    """Targets as one row; class positions are exact in float32."""
    return rows.targets.reshape(-1).astype("float32", copy=False)


def _evaluated(
    network: DenseNetwork, rows: TrainingRows, loss: Loss
) -> tuple[float, NDArray[np.float32]]:
    return evaluate(network, rows.matrix, _targets(rows), loss, rows.weights)


def _should_stop(
    network: DenseNetwork, job: TrainingJob, loss: Loss, recorder: EpochRecorder
) -> bool:
    if job.validation is None or not job.plan.early_stopping:
        return False
    value, _ = _evaluated(network, job.validation, loss)
    return recorder.should_stop(value, [array.copy() for array in network.weights()])


def _metric(logits: NDArray[np.float32], rows: TrainingRows, loss: Loss) -> float:
    """Accuracy of classes, mean absolute error of numbers."""
    truth = _targets(rows)
    if loss.activation in {"linear", "exponential"}:
        answers = ACTIVATIONS[loss.activation].apply(logits[:, 0])
        return weighted_mean(np.abs(answers - truth), rows.weights)
    chosen = logits[:, 0] > 0 if loss.activation == "sigmoid" else logits.argmax(axis=1)
    return weighted_mean((chosen == truth).astype(float), rows.weights)


def _as_network(network: DenseNetwork, job: TrainingJob) -> Network:
    """The trained arrays as Keras layers, with the names that the Keras engine gives them."""
    task, weights = job.target.task, iter(network.weights())
    layers = [Layer("prepared", "InputLayer", _input(job))]
    for number, units in enumerate(job.plan.hidden, 1):
        pair = (next(weights).copy(), next(weights).copy())
        layers.append(Layer(f"hidden_{number}", "Dense", _dense(units, "relu"), pair))
        if DROPOUT[task]:
            dropout: Config = {"rate": DROPOUT[task], "noise_shape": None, "seed": None}
            layers.append(Layer(f"dropout_{number}", "Dropout", dropout))
    output = _dense(output_units(job.target), output_activation(job))
    pair = (next(weights).copy(), next(weights).copy())
    layers.append(Layer("answer", "Dense", output, pair))
    if task == "regression":
        statistics = job.statistics
        unit: Config = {
            "scale": float(np.float32(statistics.deviation)),
            "offset": float(np.float32(statistics.mean)),
        }
        layers.append(Layer("in_unit", "Rescaling", unit))
    return _chain(layers)


def _input(job: TrainingJob) -> Config:
    return {"batch_shape": [None, job.training.matrix.shape[1]], "dtype": "float32"}


def _dense(units: int, activation: str) -> Config:
    return {"units": units, "activation": activation, "use_bias": True}


def _chain(layers: list[Layer]) -> Network:
    """Layers one after the other."""
    refs = [TensorRef(layer.name) for layer in layers]
    calls = tuple(Call(layer.name, (ref,)) for layer, ref in zip(layers[1:], refs, strict=False))
    named = {layer.name: layer for layer in layers}
    return Network("network", named, calls, (refs[0],), (refs[-1],))
