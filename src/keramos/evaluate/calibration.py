"""One temperature that makes probabilities mean what they say.

C. Guo, G. Pleiss, Y. Sun, K. Weinberger, "On calibration of modern neural networks" (2017).
Dividing all logits by one number changes no order of scores and no decision by the largest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.evaluate.weighted import mean
from keramos.types.evaluation import ScoreBin, Temperature

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Logits = tuple[NDArray[np.generic], NDArray[np.generic], Floats | None]
    """Positions of true classes (n,) or (n, 1), logits (n, units), and how much rows count."""

BINS = 10
_STEPS = 60
_LEAST, _MOST = -3.0, 3.0
"""Natural logarithms of the least and the largest temperature."""
_GOLDEN = (5**0.5 - 1) / 2


def temperature_of(validation: Logits) -> float:
    """The temperature with the least log-loss, which is convex in its inverse, in float32; 1 where
    its gain on these rows is within one standard error.
    """
    low, high = _LEAST, _MOST

    def loss(log: float) -> float:
        return _loss(validation, float(np.exp(log)))

    first, second = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    values = loss(first), loss(second)
    for _ in range(_STEPS):
        if values[0] <= values[1]:
            high, second = second, first
            first = high - _GOLDEN * (high - low)
            values = loss(first), values[0]
        else:
            low, first = first, second
            second = low + _GOLDEN * (high - low)
            values = values[1], loss(second)
    found = float(np.float32(np.exp((low + high) / 2)))
    gain = (_losses(validation, 1.0) - _losses(validation, found)) * _by_row(validation)
    return found if gain.mean() > gain.std() / len(gain) ** 0.5 else 1.0


def _by_row(rows: Logits) -> Floats:
    return np.ones(len(rows[0])) if rows[2] is None else rows[2]


def measured(temperature: float, validation: Logits, held_out: Logits) -> Temperature:
    """What a temperature changes on held-out rows."""
    before, after = (_scored(held_out, one) for one in (1.0, temperature))
    return Temperature(
        temperature=temperature,
        rows=len(validation[0]),
        error_before=expected_error(*before, held_out[2]),
        error_after=expected_error(*after, held_out[2]),
        loss_before=_loss(held_out, 1.0),
        loss_after=_loss(held_out, temperature),
        before=score_bins(*before),
    )


def score_bins(scores: Floats, true: NDArray[np.bool_]) -> tuple[ScoreBin, ...]:
    """Ten bins of score, those without rows left out."""
    place = _places(scores)
    found = []
    for index in range(BINS):
        here = place == index
        if here.any():
            share, score = float(true[here].mean()), float(scores[here].mean())
            found.append(ScoreBin(score, share, int(here.sum())))
    return tuple(found)


def expected_error(scores: Floats, true: NDArray[np.bool_], weights: Floats | None) -> float:
    """The mean distance of score and share that came true over ten bins, by their weight."""
    by_row = np.ones(len(scores)) if weights is None else weights
    off = np.bincount(_places(scores), (scores - true) * by_row, BINS)
    return float(np.abs(off).sum() / max(float(by_row.sum()), 1e-30))


def _places(scores: Floats) -> NDArray[np.intp]:
    return np.clip(scores * BINS, 0, BINS - 1).astype(np.intp)


def _scored(rows: Logits, temperature: float) -> tuple[Floats, NDArray[np.bool_]]:
    """Score and whether it came true: of the positive class, or of the class chosen."""
    truth, logs = rows[0].reshape(-1).astype(int), _logs(rows[1], temperature)
    if rows[1].shape[1] == 1:
        return np.exp(logs[:, 1]), truth == 1
    return np.exp(logs.max(axis=1)), logs.argmax(axis=1) == truth


def _loss(rows: Logits, temperature: float) -> float:
    return mean(_losses(rows, temperature), rows[2])


def _losses(rows: Logits, temperature: float) -> Floats:
    logs = _logs(rows[1], temperature)
    return np.asarray(-logs[np.arange(len(logs)), rows[0].reshape(-1).astype(int)])


def _logs(logits: NDArray[np.generic], temperature: float) -> Floats:
    """Logarithms of probabilities (n, classes)."""
    z = logits.astype(float) / temperature
    if z.shape[1] == 1:
        z = np.hstack([np.zeros_like(z), z])
    top = z.max(axis=1, keepdims=True)
    return np.asarray(z - top - np.log(np.exp(z - top).sum(axis=1, keepdims=True)))
