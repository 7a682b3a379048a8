"""Metrics of regressions that minimise something else than the squared error."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_LEAST_RATE = 1e-9


class NumberLoss(NamedTuple):
    """A loss by its name in a trace; ``parameter`` is the delta of huber in the target's unit, or a
    level; ``guess`` the constant answer that is best for training rows.
    """

    name: str
    parameter: float
    guess: float


def _absolute(y: Floats, answer: Floats, _: float) -> Floats:
    return np.asarray(np.abs(answer - y))


def _huber(y: Floats, answer: Floats, delta: float) -> Floats:
    size = np.abs(answer - y)
    inner = np.minimum(size, delta)
    return np.asarray(inner * (size - 0.5 * inner))


def _pinball(y: Floats, answer: Floats, level: float) -> Floats:
    return np.asarray(np.maximum(level * (y - answer), (level - 1) * (y - answer)))


def _deviance(y: Floats, answer: Floats, _: float) -> Floats:
    """Twice the log-likelihood that a Poisson rate lacks to the best possible one."""
    rate = np.maximum(answer, _LEAST_RATE)
    logs = np.where(y > 0, y * np.log(np.maximum(y, _LEAST_RATE) / rate), 0.0)
    return np.asarray(2 * (logs - y + rate))


LOSS_METRICS: dict[str, tuple[str, Callable[[Floats, Floats, float], Floats]]] = {
    "mean_absolute_error": ("mae", _absolute),
    "huber": ("huber_loss", _huber),
    "quantile": ("pinball_loss", _pinball),
    "poisson": ("poisson_deviance", _deviance),
}
"""Name of a loss in a trace -> its metric, and the value of each row."""
