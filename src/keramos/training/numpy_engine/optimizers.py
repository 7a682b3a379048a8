"""Optimizers over one flat vector of parameters; formulas and defaults of ``keras.optimizers``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Vector = NDArray[np.float32]
    Schedule = Callable[[int], float]

_TINY_MEAN, _TINY_SQUARE = np.float32(1e-20), np.float32(1e-30)
"""Added to Adam's moments: those of parameters without gradient decay into denormal numbers, which
are several times slower.
"""


class Optimizer(Protocol):
    """Changes parameters in place."""

    def step(self, parameters: Vector, gradient: Vector) -> None:
        """One step; steps are counted from 0."""


def constant(rate: float) -> Schedule:
    """The same rate in every step."""
    return lambda _: rate


def cosine(peak: float, steps: int, warmup: float = 0.05) -> Schedule:
    """Linear from 0 to ``peak`` over the first share of ``steps``, then half a cosine to 0."""
    first = max(1, int(steps * warmup))

    def rate(step: int) -> float:
        if step < first:
            return peak * (step + 1) / first
        done = (step - first) / max(1, steps - first)
        return float(peak * 0.5 * (1 + np.cos(np.pi * min(done, 1.0))))

    return rate


class SGD:
    """Gradient descent with momentum; ``nesterov`` looks ahead."""

    def __init__(self, rate: Schedule, *, momentum: float = 0.0, nesterov: bool = False) -> None:
        self._rate = rate
        self._momentum = np.float32(momentum)
        self._nesterov = nesterov
        self._velocity: Vector | None = None
        self._steps = 0

    def step(self, parameters: Vector, gradient: Vector) -> None:
        """V = momentum v - rate g; p += v, or p += momentum v - rate g with ``nesterov``."""
        rate = np.float32(self._rate(self._steps))
        self._steps += 1
        if not self._momentum:
            parameters -= rate * gradient
            return
        if self._velocity is None:
            self._velocity = np.zeros_like(parameters)
        self._velocity *= self._momentum
        self._velocity -= rate * gradient
        if self._nesterov:
            parameters += self._momentum * self._velocity - rate * gradient
        else:
            parameters += self._velocity


class Adam:
    """Adam, and AdamW where ``decay`` is not 0; ``decayed`` marks the parameters that decay."""

    def __init__(
        self,
        rate: Schedule,
        *,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        decay: float = 0.0,
        decayed: Vector | None = None,
    ) -> None:
        self._rate = rate
        self._betas = beta_1, beta_2
        self._epsilon = np.float32(epsilon)
        self._decay = decay
        self._decayed = decayed
        self._moments: tuple[Vector, Vector, Vector] | None = None
        self._steps = 0

    def step(self, parameters: Vector, gradient: Vector) -> None:
        """The update of Kingma and Ba in the form that Keras uses (bias corrected in the rate)."""
        if self._moments is None:
            self._moments = (
                np.zeros_like(parameters), np.zeros_like(parameters), np.empty_like(parameters)
            )  # fmt: skip
        mean, square, work = self._moments
        beta_1, beta_2 = self._betas
        rate = self._rate(self._steps)
        self._steps += 1
        corrected = rate * (1 - beta_2**self._steps) ** 0.5 / (1 - beta_1**self._steps)
        if self._decay:
            by = np.float32(rate * self._decay)
            parameters -= by * (parameters if self._decayed is None else self._decayed * parameters)
        np.subtract(gradient, mean, out=work)
        work *= np.float32(1 - beta_1)
        mean += work
        mean += _TINY_MEAN
        np.multiply(gradient, gradient, out=work)
        work -= square
        work *= np.float32(1 - beta_2)
        square += work
        square += _TINY_SQUARE
        np.sqrt(square, out=work)
        work += self._epsilon
        np.divide(mean, work, out=work)
        work *= np.float32(corrected)
        parameters -= work
