"""What boosting minimises: the start, the loss, and its gradient and hessian by row.

Scores have shape (n, K). For classes they are logits, for ``poisson`` logarithms, else answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating]
    Targets = NDArray[np.floating] | NDArray[np.integer]
    Derivatives = tuple[NDArray[np.float64], NDArray[np.float64]]

_SMALL = 1e-6


class Objective(Protocol):
    """A loss over scores (n, K) and targets (n,)."""

    @property
    def outputs(self) -> int:
        """K, the number of scores of a row."""

    def start(self, y: Targets) -> NDArray[np.float64]:
        """The constant scores (K,) to begin from."""

    def losses(self, scores: Floats, y: Targets) -> Floats:
        """The loss of each row (n,)."""

    def derivatives(self, scores: Floats, y: Targets) -> Derivatives:
        """Gradient and hessian, (n, K) each."""


@dataclass(frozen=True, slots=True)
class Logistic:
    """Two classes, y in {0, 1}: binary cross-entropy of one logit."""

    outputs: int = 1

    def start(self, y: Targets) -> NDArray[np.float64]:
        """Log-odds of the share of ones."""
        share = np.clip(y.mean(), _SMALL, 1 - _SMALL)
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

    def start(self, y: Targets) -> NDArray[np.float64]:
        """Centred logarithms of the classes' shares."""
        counts = np.bincount(y.astype(np.intp), minlength=self.outputs) + _SMALL
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

    def start(self, y: Targets) -> NDArray[np.float64]:
        """The mean."""
        return np.array([float(y.mean())])

    def losses(self, scores: Floats, y: Targets) -> Floats:
        """The squared error."""
        return np.asarray((scores[:, 0] - y) ** 2)

    def derivatives(self, scores: Floats, y: Targets) -> Derivatives:
        """S - y and 1."""
        gradient = (scores - y[:, None]).astype("float64")
        return gradient, np.ones_like(gradient)


@dataclass(frozen=True, slots=True, eq=False)
class Weighted:
    """A loss of classes in which rows of class c count ``weights[c]`` times; scores start at 0, as
    where all classes are equally frequent.
    """

    loss: Objective
    weights: NDArray[np.float64]

    @property
    def outputs(self) -> int:
        """Those of the loss."""
        return self.loss.outputs

    def start(self, y: Targets) -> NDArray[np.float64]:  # noqa: ARG002 (the same for all)
        """Zeros."""
        return np.zeros(self.outputs)

    def losses(self, scores: Floats, y: Targets) -> Floats:
        """Each row's loss times its weight."""
        return np.asarray(self.loss.losses(scores, y) * self.weights[y.astype(np.intp)])

    def derivatives(self, scores: Floats, y: Targets) -> Derivatives:
        """Both times the row's weight."""
        gradient, hessian = self.loss.derivatives(scores, y)
        weight = self.weights[y.astype(np.intp)][:, None]
        return gradient * weight, hessian * weight
