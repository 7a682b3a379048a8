"""Linear models of standardised inputs: ridge regression and logistic regression.

Both minimise sum of losses + l2 / 2 |w|^2 with an intercept that is not penalised, as
``Ridge(alpha=1)`` and ``LogisticRegression(C=1)`` of scikit-learn do.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from keramos.training.boosting.objectives import Objective

    Floats = NDArray[np.float64]
    Targets = NDArray[np.floating] | NDArray[np.integer]
    Weights = NDArray[np.floating] | None
    Slope = Callable[[Floats], tuple[float, Floats]]

_PAIRS, _STEPS, _ENOUGH = 10, 200, 1e-5


def ridge(
    x: NDArray[np.floating], y: Targets, l2: float = 1.0, *, weights: Weights = None
) -> tuple[Floats, Floats]:
    """Kernel (features, 1) and bias (1,) of the closed form; rows count by ``weights`` (n,)."""
    x64, y64 = np.asarray(x, float), np.asarray(y, float).reshape(-1, 1)
    center, middle = np.average(x64, 0, weights), np.average(y64, 0, weights)
    x64, y64 = x64 - center, y64 - middle
    if weights is not None:
        root = np.sqrt(weights)[:, None]
        x64, y64 = x64 * root, y64 * root
    kernel = np.linalg.solve(x64.T @ x64 + l2 * np.eye(x64.shape[1]), x64.T @ y64)
    return kernel, middle - center @ kernel


def logistic(
    x: NDArray[np.floating],
    y: Targets,
    objective: Objective,
    l2: float = 1.0,
    *,
    weights: Weights = None,
) -> tuple[Floats, Floats]:
    """Kernel (features, K) and bias (K,) for the scores of ``objective``, by L-BFGS; rows count by
    ``weights`` (n,).
    """
    x64, n, k = np.asarray(x, float), len(x), objective.outputs
    by_row = np.ones(n) if weights is None else np.asarray(weights, float)

    def slope(flat: Floats) -> tuple[float, Floats]:
        kernel, bias = flat[:-k].reshape(-1, k), flat[-k:]
        scores = x64 @ kernel + bias
        gradient, _ = objective.derivatives(scores, y)
        gradient = gradient * by_row[:, None]
        down = np.concatenate([x64.T @ gradient + l2 * kernel, gradient.sum(0)[None]])
        loss = float((objective.losses(scores, y) * by_row).sum())
        return (loss + l2 / 2 * float((kernel**2).sum())) / n, down.ravel() / n

    start = np.concatenate([np.zeros(x.shape[1] * k), objective.start(y, weights)])
    found = lbfgs(slope, start)
    return found[:-k].reshape(-1, k), found[-k:]


def lbfgs(slope: Slope, start: Floats) -> Floats:
    """Where ``slope`` (value and gradient of a smooth convex function) is smallest.

    Limited-memory BFGS with a backtracking line search (Nocedal and Wright, algorithm 7.5).
    """
    x = start.copy()
    value, gradient = slope(x)
    pairs: deque[tuple[Floats, Floats]] = deque(maxlen=_PAIRS)
    for _ in range(_STEPS):
        if np.abs(gradient).max() < _ENOUGH:
            break
        way = -_two_loops(gradient, pairs)
        length, downhill = 1.0, float(gradient @ way)
        while True:
            after, steeper = slope(x + length * way)
            if after <= value + 1e-4 * length * downhill or length < 1e-10:  # noqa: PLR2004 (Armijo)
                break
            length /= 2
        step, change = length * way, steeper - gradient
        if step @ change > 0:
            pairs.append((step, change))
        x, value, gradient = x + step, after, steeper
    return x


def _two_loops(gradient: Floats, pairs: deque[tuple[Floats, Floats]]) -> Floats:
    """The inverse Hessian, as the last steps show it, times the gradient."""
    q, alphas = gradient.copy(), []
    for step, change in reversed(pairs):
        alphas.append(float(step @ q) / float(change @ step))
        q -= alphas[-1] * change
    if pairs:
        step, change = pairs[-1]
        q *= float(step @ change) / float(change @ change)
    for (step, change), alpha in zip(pairs, reversed(alphas), strict=True):
        q += step * (alpha - float(change @ q) / float(change @ step))
    return q
