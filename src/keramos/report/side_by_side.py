"""Several models of one table in one table of text: their quality, size and time of training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.drawing.words import brief, interval, seconds
from keramos.report.layout import Column, table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keramos.report.screen import Screen
    from keramos.types.training import Metric
    from keramos.types.view import ModelView


def side_by_side(views: Sequence[ModelView], screen: Screen) -> list[str]:
    """One line a metric with the value of each model and the guess; then size and time.

    The models have the same held-out rows, and metrics.
    """
    qualities = [view.quality for view in views if view.quality]
    shown = zip(*(quality.metrics for quality in qualities), strict=True)
    columns = [Column("on held-out rows"), *(Column(view.name, right=True) for view in views)]
    rows = [_metric(metrics) for metrics in shown]
    rows += [(title, *map(value, views), "") for title, value in _FACTS.items()]
    return table(screen, [*columns, Column("guess", right=True)], rows)


def _metric(metrics: Sequence[Metric]) -> tuple[str, ...]:
    values = [f"{brief(one.value)} ({interval(one)})" for one in metrics]
    return (metrics[0].name.replace("_", " "), *values, brief(metrics[0].baseline))


def _recipe(view: ModelView) -> str:
    return view.trace.plan.recipe if view.trace else ""


def _seconds(view: ModelView) -> str:
    return seconds(view.trace.seconds) if view.trace else ""


_FACTS: dict[str, Callable[[ModelView], str]] = {
    "recipe": _recipe,
    "weights": lambda view: f"{view.parameters:,}",
    "file": lambda view: dict(view.facts).get("file", ""),
    "trained in": _seconds,
}
