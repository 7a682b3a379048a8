"""Losses over the last layer's values before its activation ("logits"), with their gradients.

Every function takes logits (n, K) and targets (n,), and gives the loss of each row and the gradient
of each row's loss, (n,) and (n, K). Formulas: ``keras.losses`` of Keras 3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from keramos.training.loss_words import NamedLoss

    Array = NDArray[np.float32]
    Targets = NDArray[np.floating] | NDArray[np.integer]
    Rows = tuple[Array, Array]


class Loss(NamedTuple):
    """``rows(logits, y)`` and the activation that turns logits into answers."""

    rows: Callable[[Array, Targets], Rows]
    activation: str


def binary_crossentropy(smoothing: float = 0.0) -> Loss:
    """One logit, y in {0, 1}; label smoothing moves targets towards one half."""

    def rows(logits: Array, y: Targets) -> Rows:
        z = logits[:, 0]
        t = (y * (1 - smoothing) + smoothing / 2).astype("float32") if smoothing else y
        t = np.asarray(t, "float32")
        small = np.exp(-np.abs(z))
        loss = np.maximum(z, 0) - z * t + np.log1p(small)
        probability = np.where(z >= 0, np.float32(1), small) / (1 + small)
        return loss, (probability - t)[:, None]

    return Loss(rows, "sigmoid")


def categorical_crossentropy(smoothing: float = 0.0) -> Loss:
    """K logits, y in 0 .. K - 1; label smoothing gives each class ``smoothing`` / K."""

    def rows(logits: Array, y: Targets) -> Rows:
        at = np.arange(len(logits)), y.astype(np.intp)
        shifted = logits - logits.max(axis=1, keepdims=True)
        logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        wanted = np.full(logits.shape, smoothing / logits.shape[1], "float32")
        wanted[at] += np.float32(1 - smoothing)
        return -(wanted * logs).sum(axis=1), np.exp(logs) - wanted

    return Loss(rows, "softmax")


def mean_squared_error() -> Loss:
    """(y - t)^2, averaged over outputs."""

    def rows(logits: Array, y: Targets) -> Rows:
        off = logits - y.reshape(len(logits), -1).astype("float32")
        return (off * off).mean(axis=1), 2 * off / np.float32(off.shape[1])

    return Loss(rows, "linear")


def mean_absolute_error() -> Loss:
    """|y - t|, averaged over outputs."""
    return quantile(0.5, factor=2.0)


def huber(delta: float = 1.0) -> Loss:
    """Squared within ``delta``, linear beyond."""

    def rows(logits: Array, y: Targets) -> Rows:
        off = logits - y.reshape(len(logits), -1).astype("float32")
        size = np.abs(off)
        inner = np.minimum(size, np.float32(delta))
        loss = inner * (size - np.float32(0.5) * inner)
        gradient = np.clip(off, -delta, delta) / np.float32(off.shape[1])
        return loss.mean(axis=1), gradient.astype("float32")

    return Loss(rows, "linear")


def quantile(level: float, *, factor: float = 1.0) -> Loss:
    """Pinball loss: ``level`` for answers below the target, 1 - ``level`` above it."""

    def rows(logits: Array, y: Targets) -> Rows:
        off = logits - y.reshape(len(logits), -1).astype("float32")
        slope = np.where(off > 0, 1 - level, np.where(off < 0, -level, 0.0)) * factor
        gradient = (slope / off.shape[1]).astype("float32")
        return (slope * off).mean(axis=1).astype("float32"), gradient

    return Loss(rows, "linear")


def poisson() -> Loss:
    """Exp(z) - t z: the answer is exp(logit) (``keras.losses.Poisson`` without its epsilon)."""

    def rows(logits: Array, y: Targets) -> Rows:
        t = y.reshape(len(logits), -1).astype("float32")
        rate = np.exp(logits)
        units = np.float32(logits.shape[1])
        return (rate - t * logits).mean(axis=1), (rate - t) / units

    return Loss(rows, "exponential")


OF_NAME: dict[str, Callable[[float], Loss]] = {
    "binary_crossentropy": lambda _: binary_crossentropy(),
    "sparse_categorical_crossentropy": lambda _: categorical_crossentropy(),
    "mean_squared_error": lambda _: mean_squared_error(),
    "mean_absolute_error": lambda _: mean_absolute_error(),
    "huber": huber,
    "quantile": quantile,
    "poisson": lambda _: poisson(),
}
"""Name of a loss in ``training.loss_words`` -> the loss for its parameter."""


def named(loss: NamedLoss) -> Loss:
    """The loss that a plan names."""
    return OF_NAME[loss.name](loss.parameter)
