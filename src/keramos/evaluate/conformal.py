"""Prediction intervals and sets of classes that hold the truth at a chosen rate.

Split conformal prediction: V. Vovk, A. Gammerman, G. Shafer, "Algorithmic Learning in a Random
World" (2005). Errors on validation rows, which the network did not learn from, give one margin; the
rate holds for rows like those of the table, whatever the model.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace

from keramos.errors import UsageError
from keramos.evaluate.weighted import mean
from keramos.types.training import Conformal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.types.training import DecisionRule

    Array = NDArray[np.generic]
    Answers = tuple[Array, Array, NDArray[np.float64] | None]
    """Truths (n,) or (n, 1), the network's output (n, units), and how much rows count."""

_ROUNDING = 1e-12


def with_interval(
    rule: DecisionRule, level: float, validation: Answers, held_out: Answers
) -> DecisionRule:
    """The rule with a margin from the validation rows, and its coverage on the held-out rows.

    Raises:
        UsageError: there are too few validation rows for the level.
    """
    errors = _errors(*validation[:2], rule)
    place = ceil((len(errors) + 1) * level)
    if place > len(errors):
        raise UsageError(
            "there are too few validation rows for such an interval",
            option="interval",
            received=f"{len(errors)} rows for {level:g}",
            remedy=f"Take a smaller one, or a table of more rows: {ceil(level / (1 - level))} "
            "validation rows are needed",
        )
    margin = _margin(errors, place, validation[2])
    found = Conformal(level=level, margin=margin, rows=len(errors))
    rule = replace(rule, interval=found)
    truths, output, weights = held_out[0].reshape(-1).astype(float), *held_out[1:]
    if rule.kind == "value":
        low, high = bounds(output, rule)
        held, size = (low <= truths) & (truths <= high), 2 * margin
    else:
        sets = possible(output, rule)
        held = sets[np.arange(len(truths)), truths.astype(int)]
        size = float(sets.sum(axis=1).mean())
    measured = replace(found, coverage=mean(held, weights), held_out_rows=len(truths), size=size)
    return replace(rule, interval=measured)


def _margin(errors: NDArray[np.float64], place: int, weights: NDArray[np.float64] | None) -> float:
    """The error of this place, from 1; with weights the one that has the same share of them."""
    order = np.argsort(errors, kind="stable")
    if weights is None or not weights.any():
        return float(errors[order[place - 1]])
    counted = np.cumsum(weights[order])
    found = int(np.searchsorted(counted, place / len(errors) * counted[-1] * (1 - _ROUNDING)))
    return float(errors[order[min(found, len(order) - 1)]])


def _errors(truths: Array, output: Array, rule: DecisionRule) -> NDArray[np.float64]:
    """How far each answer is off: the distance to a value, or 1 - the true class' probability."""
    y = truths.reshape(-1).astype(float)
    if rule.kind == "value":
        return np.asarray(np.abs(output[:, 0].astype(float) - y))
    return np.asarray(1 - _probabilities(output)[np.arange(len(y)), y.astype(int)])


def _probabilities(output: Array) -> NDArray[np.float64]:
    scores: NDArray[np.float64] = output.astype(float)
    return np.hstack([1 - scores, scores]) if scores.shape[1] == 1 else scores


def bounds(output: Array, rule: DecisionRule) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper ends (n,) of the intervals of values."""
    margin = rule.interval.margin if rule.interval else 0.0
    values = output[:, 0].astype(float)
    return values - margin, values + margin


def possible(output: Array, rule: DecisionRule) -> NDArray[np.bool_]:
    """Which classes each set holds, (n, classes); the decided one is always in it."""
    margin = rule.interval.margin if rule.interval else 0.0
    sets = 1 - _probabilities(output) <= margin
    if rule.kind == "threshold":
        decided = (output[:, 0] >= np.float32(rule.threshold)).astype(int)
    else:
        decided = output.argmax(axis=1)
    sets[np.arange(len(sets)), decided] = True
    return sets
