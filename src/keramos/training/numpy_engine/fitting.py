"""The loop over epochs and batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from keramos.training.numpy_engine.losses import Loss
    from keramos.training.numpy_engine.network import DenseNetwork
    from keramos.training.numpy_engine.optimizers import Optimizer

    Array = NDArray[np.float32]
    Targets = NDArray[np.floating] | NDArray[np.integer]

_ROWS_AT_ONCE = 8192


@dataclass(frozen=True, slots=True, eq=False)
class Batches:
    """What to learn from: rows (n, features), targets (n,), weights (n,) or None.

    ``order`` draws the rows' order of each epoch; without it they come as they are. ``widen`` turns
    the rows of a batch into those that the network takes.
    """

    x: Array
    y: Targets
    size: int
    weights: Array | None = None
    order: np.random.Generator | None = None
    widen: Callable[[Array], Array] | None = None


def run_epoch(
    network: DenseNetwork, batches: Batches, loss: Loss, optimizer: Optimizer
) -> tuple[float, Array]:
    """One pass over the rows; gives the mean loss while learning and the logits seen, in row order.

    Sums over a batch are divided by its rows, also where rows have weights, as Keras does.
    """
    logits = np.empty((len(batches.x), 0), "float32")
    total = 0.0
    for index in _indices(batches):
        x = batches.x[index]
        x = x if batches.widen is None else batches.widen(x)
        seen = network.forward(x, training=True)
        rows, gradient = loss.rows(seen, batches.y[index])
        if batches.weights is not None:
            weight = batches.weights[index]
            rows, gradient = rows * weight, gradient * weight[:, None]
        network.backward(gradient / np.float32(len(rows)))
        optimizer.step(network.parameters, network.gradient)
        if not logits.shape[1]:
            logits = np.empty((len(batches.x), seen.shape[1]), "float32")
        logits[index] = seen
        total += float(rows.sum())
    return total / len(batches.x), logits


def _indices(batches: Batches) -> Iterator[NDArray[np.intp] | slice]:
    n = len(batches.x)
    if batches.order is None:
        yield from (slice(begin, begin + batches.size) for begin in range(0, n, batches.size))
        return
    order = batches.order.permutation(n)
    yield from (order[begin : begin + batches.size] for begin in range(0, n, batches.size))


def evaluate(
    network: DenseNetwork,
    x: Array,
    y: Targets,
    loss: Loss,
    weights: NDArray[np.floating] | None = None,
) -> tuple[float, Array]:
    """The mean loss of rows by their weights, and their logits, with dropout off and moving
    averages in use.
    """
    parts = [
        network.forward(x[begin : begin + _ROWS_AT_ONCE])
        for begin in range(0, max(len(x), 1), _ROWS_AT_ONCE)
    ]
    logits = np.concatenate(parts)
    return weighted_mean(loss.rows(logits, y)[0], weights), logits


def weighted_mean(values: NDArray[np.floating], weights: NDArray[np.floating] | None) -> float:
    """The mean of values (n,) by their weights; by none where these are all 0."""
    if weights is None or not weights.any():
        return float(values.mean())
    return float((values * weights).sum() / weights.sum())
