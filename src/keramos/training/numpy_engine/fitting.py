"""The loop over epochs and batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keramos.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from keramos.training.numpy_engine.losses import Loss
    from keramos.training.numpy_engine.network import DenseNetwork
    from keramos.training.numpy_engine.optimizers import Optimizer

    Array = NDArray[np.float32]
    Targets = NDArray[np.floating] | NDArray[np.integer]

_ROWS_AT_ONCE = 8192


class Batches(Frozen, frozen=True, eq=False):
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
    found: Array | None = None
    total = 0.0
    for index in _chunks(batches):
        chunk = _Chunk(
            batches.x[index],
            batches.y[index],
            None if batches.weights is None else batches.weights[index],
        )
        lost, logits = _run_chunk(network, chunk, batches, loss, optimizer)
        total += lost
        if found is None:
            found = np.empty((len(batches.x), logits.shape[1]), "float32")
        found[index] = logits
    if found is None:
        found = np.empty((0, 0), "float32")
    return total / len(batches.x), found


class _Chunk(NamedTuple):
    """The rows of many batches, in the order of learning."""

    x: Array
    y: Targets
    weights: Array | None


def _run_chunk(
    network: DenseNetwork, chunk: _Chunk, batches: Batches, loss: Loss, optimizer: Optimizer
) -> tuple[float, Array]:
    """The summed loss of some batches, and their logits."""
    found, total = [], 0.0
    for begin in range(0, len(chunk.x), batches.size):
        part = slice(begin, begin + batches.size)
        x = chunk.x[part] if batches.widen is None else batches.widen(chunk.x[part])
        seen = network.forward(x, training=True)
        rows, gradient = loss.rows(seen, chunk.y[part])
        if chunk.weights is not None:
            weight = chunk.weights[part]
            rows, gradient = rows * weight, gradient * weight[:, None]
        found.append(seen.copy())  # the network uses its array again
        gradient /= np.float32(len(rows))
        network.backward(gradient)
        optimizer.step(network.parameters, network.gradient)
        total += float(rows.sum())
    return total, np.concatenate(found)


def _chunks(batches: Batches) -> Iterator[NDArray[np.intp] | slice]:
    """Rows of many batches at once: they are gathered faster than those of each batch."""
    n, step = len(batches.x), max(1, _ROWS_AT_ONCE // batches.size) * batches.size
    if batches.order is None:
        yield from (slice(begin, begin + step) for begin in range(0, n, step))
        return
    order = batches.order.permutation(n)
    yield from (order[begin : begin + step] for begin in range(0, n, step))


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
