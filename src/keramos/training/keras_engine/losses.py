"""The losses of a plan as Keras has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.training.keras_engine.quiet import keras

if TYPE_CHECKING:
    from keramos.training.loss_words import NamedLoss


class Quantile(keras.losses.Loss):  # type: ignore[misc]  # keras ships no types
    """The pinball loss, which Keras lacks: ``level`` for answers below the target, 1 - ``level``
    for those above it.
    """

    def __init__(self, level: float) -> None:
        super().__init__(name="quantile")
        self.level = level

    def call(self, y_true: object, y_pred: object) -> object:
        """The loss of each row."""
        # Targets of shape (n,) would be spread over answers of shape (n, 1).
        off = keras.ops.reshape(y_true, keras.ops.shape(y_pred)) - y_pred
        slope = keras.ops.where(off > 0, self.level, self.level - 1)
        return keras.ops.mean(slope * off, axis=-1)


def keras_loss(loss: NamedLoss) -> object:
    """What ``compile`` takes for a loss."""
    if loss.name == "huber":
        return keras.losses.Huber(loss.parameter)
    return Quantile(loss.parameter) if loss.name == "quantile" else loss.name
