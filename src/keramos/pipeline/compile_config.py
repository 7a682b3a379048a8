"""What a file tells Keras about going on with training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.training.loss_words import NamedLoss, loss_of

if TYPE_CHECKING:
    from keramos.types.network import Config
    from keramos.types.training import TrainingTrace

_ADAM_RATE = 1e-3
"""Keras' own, for networks that were not trained by gradient descent."""


def compile_config(trace: TrainingTrace) -> Config | None:
    """What Keras needs to go on training or to evaluate; None for a loss that Keras lacks."""
    loss = loss_of(trace.plan, "regression") if trace.plan.loss else NamedLoss(trace.loss)
    if loss.name == "quantile":
        return None
    return {
        "optimizer": {
            "module": "keras.optimizers",
            "class_name": "Adam",
            "config": {"name": "adam", "learning_rate": trace.plan.learning_rate or _ADAM_RATE},
            "registered_name": None,
        },
        "loss": _huber(loss) if loss.name == "huber" else loss.name,
        "metrics": [trace.metric],
    }


def _huber(loss: NamedLoss) -> Config:
    """The loss as Keras writes it, since its name alone means a delta of 1."""
    return {
        "module": "keras.losses",
        "class_name": "Huber",
        "config": {"name": "huber_loss", "delta": loss.parameter},
        "registered_name": None,
    }
