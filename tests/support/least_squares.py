"""An engine in one file: a linear model by least squares."""

from dataclasses import replace

import numpy as np

from keramos.errors import UsageError
from keramos.training.epochs import EpochRecorder
from keramos.training.loss_words import OF_TASK
from keramos.training.plan import (
    METRICS,
    OUTPUT_ACTIVATIONS,
    output_units,
    planned,
    standardised,
)
from keramos.types.network import Call, Layer, Network, TensorRef
from keramos.types.training import TrainingTrace

STEEPNESS = 4.0  # of the logits, which least squares fits to -1 and 1

ACTIVATIONS = {
    "linear": lambda given: given,
    "sigmoid": lambda given: 1 / (1 + np.exp(-given)),
    "softmax": lambda given: np.exp(given) / np.exp(given).sum(1, keepdims=True),
}


class LeastSquares:
    """One Dense layer; it needs no second epoch."""

    reference = "numpy"

    def fit(self, job):
        job = standardised(planned(job))
        recorder = EpochRecorder(job)
        recorder.begin()
        wanted = _wanted(job.training, job.target)
        solution = np.linalg.lstsq(_with_one(job.training.matrix), wanted, rcond=None)[0]
        loss, metric = _measured(solution, job.training, job.target)
        held_out_loss, held_out_metric = _measured(solution, job.held_out, job.target)
        recorder.end(
            loss=loss,
            metric=metric,
            held_out_loss=held_out_loss,
            held_out_metric=held_out_metric,
            stopping=True,
        )
        plan = replace(job.plan, epochs=1, hidden=(), engine="least squares")
        task = job.target.task
        trace = TrainingTrace(
            OF_TASK[task], METRICS[task], tuple(recorder.epochs), plan, solution.size, 0.0, "numpy"
        )
        if task == "regression":
            solution = solution * job.statistics.deviation
            solution[-1] += job.statistics.mean
        return _network(solution, job.target), trace

    def answers(self, network, inputs):
        if len(network.layers) > 2 or "answer" not in network.layers:
            raise UsageError("only its own Dense layer")
        layer = network.layers["answer"]
        given = inputs["prepared"] @ layer.weights[0] + layer.weights[1]
        return ACTIVATIONS[layer.config["activation"]](given)

    def versions(self):
        return (("numpy", np.__version__),)


def _with_one(matrix):
    return np.column_stack([matrix.astype(float), np.ones(len(matrix))])


def _wanted(rows, target):
    """What the layer should give before its activation."""
    if target.task == "regression":
        return rows.targets.astype(float)
    if target.task == "binary":
        return STEEPNESS * (2.0 * rows.targets.astype(float) - 1)
    return STEEPNESS * (2.0 * np.eye(output_units(target))[rows.targets.astype(int)] - 1)


def _measured(solution, rows, target):
    """Loss and metric, as Keras defines them."""
    given = _with_one(rows.matrix) @ solution
    if target.task == "regression":
        error = given - rows.targets
        return float(np.mean(error**2)), float(np.mean(np.abs(error)))
    if target.task == "binary":
        given = np.hstack([-given, given]) / 2  # the softmax of these is the sigmoid
    truth = rows.targets.reshape(-1).astype(int)
    chances = np.exp(given) / np.exp(given).sum(1, keepdims=True)
    loss = -np.log(chances[np.arange(len(truth)), truth]).mean()
    return float(loss), float(np.mean(chances.argmax(1) == truth))


def _network(solution, target):
    kernel, bias = solution[:-1].astype("float32"), solution[-1].astype("float32")
    config = {
        "units": kernel.shape[1],
        "activation": OUTPUT_ACTIVATIONS[target.task],
        "use_bias": True,
    }
    prepared = {"batch_shape": [None, len(kernel)], "dtype": "float32"}
    layers = {
        "prepared": Layer("prepared", "InputLayer", prepared),
        "answer": Layer("answer", "Dense", config, (kernel, bias)),
    }
    given, answer = TensorRef("prepared"), TensorRef("answer")
    return Network("network", layers, (Call("answer", (given,)),), (given,), (answer,))
