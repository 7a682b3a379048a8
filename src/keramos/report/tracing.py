"""A prediction trace as text: the four steps, the output of each layer, and the influences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.drawing.words import digits, listed, seconds, shape
from keramos.report import chart
from keramos.report.layout import HELD, Column, heading, pairs, paragraph, table

if TYPE_CHECKING:
    from keramos.report.screen import Screen
    from keramos.types.training import DecisionRule
    from keramos.types.view import Activation, Explanation, Influence

_INDENT = "   "
_FEW = 4
_HALF = 10
_SPARK = 24
_WIDE = 80
_GAUGE = 40
_SHOWN = 20


def explanation(
    found: Explanation, rule: DecisionRule | None, score: float, screen: Screen
) -> list[str]:
    """The steps, with the layers under the third, a gauge for a threshold rule, and influences."""
    shown: list[str] = []
    for number, step in enumerate(found.steps, 1):
        shown.append(heading(screen, f"{number}. {step.title} ({seconds(step.seconds)})"))
        shown += pairs(screen, step.lines, _INDENT)
        if number == 3:  # noqa: PLR2004 (the prediction)
            shown += _layers(found, screen)
    if rule is not None and rule.kind == "threshold":
        gauge = chart.gauge(score, rule.threshold, min(_GAUGE, screen.width - 8))
        shown.append(_INDENT + screen.drawn(gauge))
    return [*shown, *(_influences(found, screen) if found.influences else ())]


def _layers(found: Explanation, screen: Screen) -> list[str]:
    columns = (*map(Column, ("layer", "class", "output")), Column("activations", wraps=True))
    rows = [
        (one.layer, one.kind, shape(one.values.shape), _values(one, screen))
        for one in found.activations
        if one.values.size
    ]
    if not rows:
        return []
    skipped = f"{_INDENT}{found.skipped} layers in the middle are not shown"
    return [*table(screen, columns, rows, _INDENT), *([skipped] if found.skipped else ())]


def _values(one: Activation, screen: Screen) -> str:
    """A few values as text; many as a sparkline with their range."""
    values = one.values.reshape(-1)
    if len(values) <= _FEW or values.dtype.kind not in "fiub":
        return digits(values[:_FEW].tolist())
    numbers = np.nan_to_num(values.astype(float), posinf=0.0, neginf=0.0)
    low, high = float(numbers.min()), float(numbers.max())
    levels = ((numbers - low) / ((high - low) or 1.0) * 0.9 + 0.1).tolist()
    drawn = screen.drawn(chart.spark(levels, _SPARK if screen.width >= _WIDE else _SPARK // 2))
    return HELD.join((drawn, *f"{low:.3g} to {high:.3g}".split()))


def _influences(found: Explanation, screen: Screen) -> list[str]:
    moving = [one for one in found.influences if one.change][:_SHOWN]
    idle = [one.column for one in found.influences if not one.change]
    columns = (
        Column("column"),
        Column("here", wraps=True),
        Column("usual", wraps=True),
        Column("by", right=True),
        Column("moved it"),
    )
    most = max((abs(one.change) for one in moving), default=1.0)
    title = f"What moved the answer ({found.answer}), against the usual training values:"
    shown = [screen.styled(line, "head") for line in paragraph(screen, title)]
    if moving:
        shown += table(screen, columns, [_row(one, most, screen) for one in moving], _INDENT)
    if idle:
        shown += paragraph(screen, f"moved nothing: {listed(idle, 40)}", _INDENT, _INDENT)
    return shown


def _row(one: Influence, most: float, screen: Screen) -> tuple[str, ...]:
    drawn = screen.drawn(chart.diverging(one.change / most, _HALF))
    return (one.column, one.value, one.usual, f"{one.change:+.3g}", drawn)
