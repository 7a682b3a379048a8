"""What boosting minimises: the start, the loss, and its gradient and hessian by row.

Scores have shape (n, K). For classes they are logits, for ``poisson`` logarithms, else answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from keramos.evaluate.weighted import quantile

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.floating]
    Targets = NDArray[np.floating] | NDArray[np.integer]
    Derivatives = tuple[NDArray[np.float64], NDArray[np.float64]]
    Weights = NDArray[np.floating] | None

_SMALL = 1e-6
_MOST_LOG = 30.0
"""Logarithms of rates beyond this are cut, so that their exponentials stay finite."""


class Objective(Protocol):
    """A loss over scores (n, K) and targets (n,)."""

    @property
    def outputs(self) -> int:
        """K, the number of scores of a row."""

    def start(self, y: Targets, weights: Weights = None) -> NDArray[np.float64]:
        """The constant scores (K,) to begin from; rows count by ``weights`` (n,)."""

    def losses(self, scores: Floats, y: Targets) -> Floats:
        """The loss of each row (n,)."""

    def derivatives(self, scores: Floats, y: Targets) -> Derivatives:
        """Gradient and hessian, (n, K) each."""


@dataclass(frozen=True, slots=True)
class Logistic:
    """Two classes, y in {0, 1}: binary cross-entropy of one logit."""

    outputs: int = 1

    def start(self, y: Targets, weights: Weights = None) -> NDArray[np.float64]:
        """Log-odds of the share of ones."""
        share = np.clip(_mean(y, weights), _SMALL, 1 - _SMALL)
        return np.array([np.log(share / (1 - share))])

    def losses(self, scores: Floats, y: Targets) -> Floats:
        """Log(1 + exp(s)) - y s."""
        s = scores[:, 0]
        return np.asarray(np.logaddexp(0, s) - y * s)

    def derivatives(self, scores: Floats, y: Targets) -> Derivatives:
        """P - y and p (1 - p)."""
        p = 1 / (1 + np.exp(-scores))
        return (p - y[:, None]).astype("float64"), (p * (1 - p)).astype("float64")


@dataclass(frozen=True, slots=True)
class Softmax:
    """K classes, y in 0 .. K - 1: cross-entropy of K logits."""

    outputs: int

    def start(self, y: Targets, weights: Weights = None) -> NDArray[np.float64]:
        """Centred logarithms of the classes' shares."""
        counts = np.bincount(y.astype(np.intp), weights, self.outputs) + _SMALL
        logs = np.log(counts / counts.sum())
        return np.asarray(logs - logs.mean())

    def losses(self, scores: Floats, y: Targets) -> Floats:
        """Log-sum-exp minus the true class' score."""
        top = scores.max(axis=1)
        total = np.log(np.exp(scores - top[:, None]).sum(axis=1)) + top
        return np.asarray(total - scores[np.arange(len(y)), y.astype(np.intp)])

    def derivatives(self, scores: Floats, y: Targets) -> Derivatives:
        """P - one-hot y and p (1 - p)."""
        p = np.exp(scores - scores.max(axis=1, keepdims=True)).astype(float)
        p /= p.sum(axis=1, keepdims=True)
        hessian = p * (1 - p)
        p[np.arange(len(y)), y.astype(np.intp)] -= 1
        return p, hessian


@dataclass(frozen=True, slots=True)
class SquaredError:
    """A number: half the squared difference has gradient s - y and hessian 1."""

    outputs: int = 1

    def start(self, y: Targets, weights: Weights = None) -> NDArray[np.float64]:
        """The mean."""
        return np.array([_mean(y, weights)])

    def losses(self, scores: Floats, y: Targets) -> Floats:
        """The squared error."""
        return np.asarray((scores[:, 0] - y) ** 2)

    def derivatives(self, scores: Floats, y: Targets) -> Derivatives:
        """S - y and 1."""
        gradient = (scores - y[:, None]).astype("float64")
        return gradient, np.ones_like(gradient)


@dataclass(frozen=True, slots=True)
class Huber:
    """A number: half the squared difference within ``delta``, linear beyond."""

    delta: float = 1.0
    outputs: int = 1

    def start(self, y: Targets, weights: Weights = None) -> NDArray[np.float64]:
        """The median."""
        return np.array([quantile(y, 0.5, weights)])

    def losses(self, scores: Floats, y: Targets) -> Floats:
        """Those of Keras' Huber."""
        size = np.abs(scores[:, 0] - y)
        inner = np.minimum(size, self.delta)
        return np.asarray(inner * (size - 0.5 * inner))

    def derivatives(self, scores: Floats, y: Targets) -> Derivatives:
        """The difference within plus and minus delta, and 1."""
        gradient = np.clip((scores - y[:, None]).astype("float64"), -self.delta, self.delta)
        return gradient, np.ones_like(gradient)


@dataclass(frozen=True, slots=True)
class Quantile:
    """A number: the pinball loss, smallest at the quantile of this ``level``; ``factor`` 2 with
    level 0.5 is the absolute difference.

    ``smooth``: the corner at 0 is a parabola of this half width, for methods that need a slope.
    """

    level: float
    factor: float = 1.0
    smooth: float = 0.0
    outputs: int = 1

    def start(self, y: Targets, weights: Weights = None) -> NDArray[np.float64]:
        """The quantile."""
        return np.array([quantile(y, self.level, weights)])

    def losses(self, scores: Floats, y: Targets) -> Floats:
        """``level`` for each unit below the target, 1 - ``level`` for each above it."""
        off = (scores[:, 0] - y).astype(float)
        size = np.abs(off)
        if self.smooth:
            inner = np.minimum(size, self.smooth)
            size = inner * (size - 0.5 * inner) / self.smooth
        return np.asarray(self._slope(off) * size)

    def derivatives(self, scores: Floats, y: Targets) -> Derivatives:
        """The slope, and 1."""
        off = (scores - y[:, None]).astype("float64")
        sign = np.clip(off / self.smooth, -1, 1) if self.smooth else np.sign(off)
        return self._slope(off) * sign, np.ones_like(off)

    def _slope(self, off: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(off > 0, 1 - self.level, self.level) * self.factor


@dataclass(frozen=True, slots=True)
class Poisson:
    """A count or rate whose logarithm is the score."""

    outputs: int = 1

    def start(self, y: Targets, weights: Weights = None) -> NDArray[np.float64]:
        """The logarithm of the mean."""
        return np.array([np.log(max(_mean(y, weights), _SMALL))])

    def losses(self, scores: Floats, y: Targets) -> Floats:
        """Exp(s) - y s."""
        s = np.minimum(scores[:, 0], _MOST_LOG)
        return np.asarray(np.exp(s) - y * s)

    def derivatives(self, scores: Floats, y: Targets) -> Derivatives:
        """Exp(s) - y and exp(s)."""
        rate = np.exp(np.minimum(scores.astype(float), _MOST_LOG))
        return rate - y[:, None], rate


OBJECTIVES: dict[str, Callable[[float, int], Objective]] = {
    "binary_crossentropy": lambda _, __: Logistic(),
    "sparse_categorical_crossentropy": lambda _, classes: Softmax(classes),
    "mean_squared_error": lambda _, __: SquaredError(),
    "mean_absolute_error": lambda _, __: Quantile(0.5, factor=2.0),
    "huber": lambda delta, _: Huber(delta),
    "quantile": lambda level, _: Quantile(level),
    "poisson": lambda _, __: Poisson(),
}
"""Name of a loss in ``training.loss_words`` -> the objective for its parameter and so many
classes.
"""


def _mean(y: Targets, weights: Weights) -> float:
    return float(y.mean() if weights is None else np.average(y, weights=weights))
