"""The default Keras network for tables, and the checks of a network that the caller built."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import UsageError
from keramos.training.keras_engine.quiet import keras
from keramos.training.plan import DROPOUT, output_activation, output_units

if TYPE_CHECKING:
    from keramos.types.schema import TargetSchema
    from keramos.types.training_job import TrainingJob


def build(job: TrainingJob) -> keras.Model:
    """A small network of Dense layers for the job's prepared values.

    The kernel rows of the job's ``unseen`` features start at zero. No training row sets those
    features, so their gradient is zero and the rows stay zero: a category that training never saw
    adds nothing to the answer.
    """
    target, plan, features = job.target, job.plan, job.training.matrix.shape[1]
    layers: list[keras.Layer] = [keras.Input((features,), name="prepared")]
    for number, units in enumerate(plan.hidden, 1):
        layers.append(keras.layers.Dense(units, activation="relu", name=f"hidden_{number}"))
        if DROPOUT[target.task]:
            layers.append(keras.layers.Dropout(DROPOUT[target.task], name=f"dropout_{number}"))
    layers.append(
        keras.layers.Dense(output_units(target), activation=output_activation(job), name="answer")
    )
    model = keras.Sequential(layers, name="network")
    kernel, bias = model.layers[0].get_weights()
    kernel[list(job.unseen)] = 0
    model.layers[0].set_weights([kernel, bias])
    return model


def check_own(model: keras.Model, features: int, target: TargetSchema) -> None:
    """Refuse a network of the caller's that cannot take the prepared matrix or answer the task.

    Raises:
        UsageError: it has the wrong input or output shape.
    """
    wanted_in, wanted_out = (None, features), (None, output_units(target))
    if not model.built or len(model.inputs) != 1 or len(model.outputs) != 1:
        raise UsageError(
            "a network of your own needs exactly one input and one output",
            remedy="Build it with keras.Input",
        )
    got_in, got_out = tuple(model.inputs[0].shape), tuple(model.outputs[0].shape)
    if got_in[1:] != wanted_in[1:] or got_out[1:] != wanted_out[1:]:
        raise UsageError(
            f"a network of your own must map {wanted_in} to {wanted_out} for this {target.task} "
            "table",
            received=f"{got_in} to {got_out}",
        )


def with_target_scale(
    body: keras.Model, target: TargetSchema, mean: float, deviation: float
) -> keras.Model:
    """The trained network; for regression with a last layer that scales to the target's unit."""
    if target.task != "regression":
        return body
    unit = keras.layers.Rescaling(
        float(np.float32(deviation)), float(np.float32(mean)), name="in_unit"
    )
    return keras.Model(body.inputs, unit(body.outputs[0]), name="network")
