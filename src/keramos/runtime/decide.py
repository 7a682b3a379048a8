"""Scores and a rule -> decisions."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from keramos.types.prediction import Decision

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from keramos.types.schema import Label
    from keramos.types.training import DecisionRule

_MATRIX = 2  # axes: rows, units
_SHOWN = 8


def decide(output: NDArray[np.generic], rule: DecisionRule) -> list[Decision]:
    """One decision a row of ``output``, shape (rows, units); scores are compared in float32, as
    computed.
    """
    rows: list[tuple[float, ...]] = [tuple(row) for row in by_row(output).tolist()]
    decide_row = _RULES[rule.kind]
    return [decide_row(row, rule) for row in rows]


def by_row(output: NDArray[np.generic]) -> NDArray[np.generic]:
    """An output as (rows, units); without rows too, where numpy cannot tell the units."""
    if output.ndim == _MATRIX:
        return output
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
    said = f"score {score:.6g} {sign} threshold {rule.threshold:g}: {label}"
    possible = _possible((1 - score, score), label, rule)
    return Decision(label, score, row, said + _set_text(possible, rule), None, possible)


def _argmax(row: tuple[float, ...], rule: DecisionRule) -> Decision:
    best = max(range(len(row)), key=row.__getitem__)
    label = rule.labels[best]
    said = f"largest of {len(row)} scores is {row[best]:.6g}: {label}"
    possible = _possible(row, label, rule)
    return Decision(label, row[best], row, said + _set_text(possible, rule), None, possible)


def _value(row: tuple[float, ...], rule: DecisionRule) -> Decision:
    unit = f" {rule.unit}" if rule.unit else ""
    if rule.several:
        return Decision(row[0], row[0], row, _values_text(row, rule) + unit)
    said = f"prediction: {row[0]:.6g}{unit}"
    if rule.interval is None:
        return Decision(row[0], row[0], row, said)
    low, high = row[0] - rule.interval.margin, row[0] + rule.interval.margin
    said += f", {low:.6g} to {high:.6g} ({rule.interval.level:.0%})"
    return Decision(row[0], row[0], row, said, (low, high))


def _values_text(row: tuple[float, ...], rule: DecisionRule) -> str:
    pairs = [f"{name} {value:.6g}" for name, value in zip(rule.several[:_SHOWN], row, strict=False)]
    more = f" and {len(row) - _SHOWN} more" if len(row) > _SHOWN else ""
    return f"predictions: {', '.join(pairs)}{more}"


def _possible(scores: Sequence[float], label: Label, rule: DecisionRule) -> tuple[Label, ...]:
    """The labels of the set of classes; see ``Conformal``."""
    if rule.interval is None:
        return ()
    margin = rule.interval.margin
    return tuple(
        name
        for name, score in zip(rule.labels, scores, strict=True)
        if 1 - score <= margin or name == label
    )


def _set_text(possible: tuple[Label, ...], rule: DecisionRule) -> str:
    if rule.interval is None:
        return ""
    return f"; possible: {', '.join(map(str, possible))} ({rule.interval.level:.0%})"


_RULES: dict[str, Callable[[tuple[float, ...], DecisionRule], Decision]] = {
    "threshold": _threshold,
    "argmax": _argmax,
    "value": _value,
}
