"""Scores and a rule -> decisions."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from keramos.types.prediction import Decision

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from keramos.types.training import DecisionRule


def decide(output: NDArray[np.generic], rule: DecisionRule) -> list[Decision]:
    """One decision a row of ``output``, shape (rows, units); scores are compared in float32, as
    computed.
    """
    rows: list[tuple[float, ...]] = [tuple(row) for row in by_row(output).tolist()]
    decide_row = _RULES[rule.kind]
    return [decide_row(row, rule) for row in rows]


def by_row(output: NDArray[np.generic]) -> NDArray[np.generic]:
    """An output as (rows, units); without rows too, where numpy cannot tell the units."""
    return output.reshape(len(output), prod(output.shape[1:]))


def choose(output: NDArray[np.generic], rule: DecisionRule) -> NDArray[np.int64] | None:
    """For each row of ``output``, shape (rows, units), the place of its label in ``rule.labels``;
    None for a value.

    The labels are those of ``decide``, for many rows at once.
    """
    if rule.kind == "value":
        return None
    best = (
        output[:, 0] >= np.float32(rule.threshold)
        if rule.kind == "threshold"
        else np.argmax(output, axis=1)
    )
    return np.asarray(best, "int64")


def _threshold(row: tuple[float, ...], rule: DecisionRule) -> Decision:
    score = row[0]
    at_least = score >= np.float32(rule.threshold)
    label = rule.labels[1] if at_least else rule.labels[0]
    sign = ">=" if at_least else "<"
    return Decision(
        label, score, row, f"score {score:.6g} {sign} threshold {rule.threshold:g}: {label}"
    )


def _argmax(row: tuple[float, ...], rule: DecisionRule) -> Decision:
    best = max(range(len(row)), key=row.__getitem__)
    label = rule.labels[best]
    return Decision(
        label, row[best], row, f"largest of {len(row)} scores is {row[best]:.6g}: {label}"
    )


def _value(row: tuple[float, ...], rule: DecisionRule) -> Decision:
    unit = f" {rule.unit}" if rule.unit else ""
    return Decision(row[0], row[0], row, f"prediction: {row[0]:.6g}{unit}")


_RULES: dict[str, Callable[[tuple[float, ...], DecisionRule], Decision]] = {
    "threshold": _threshold,
    "argmax": _argmax,
    "value": _value,
}
