"""The rules of what a document says was measured: metrics, and what stands beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from keramos.types.evaluation import (
        Evaluation,
        FoldQuality,
        GroupQuality,
        Importance,
        Temperature,
    )
    from keramos.types.training import Metric

    Fault = tuple[str, str]

LARGEST = 1e100
"""Losses, metrics and values are below this, so that charts can subtract and square them."""

MOST = 1 << 53
"""Rows, and weights of a network."""

_BEYOND = "holds a number beyond its range"


def metric_faults(metrics: tuple[Metric, ...], path: str) -> Iterator[Fault]:
    """Broken rules of metrics at a path of the document."""
    if not metrics:
        yield path, "is empty"
    for place, metric in enumerate(metrics):
        if (metric.low is None) != (metric.high is None):
            yield f"{path}[{place}]", "has half of an interval"
        bounds = (metric.low or 0.0, metric.high or 0.0)
        if not are_usable((metric.value, metric.baseline, *bounds)):
            yield f"{path}[{place}]", _BEYOND
        if bounds[0] > bounds[1]:
            yield f"{path}[{place}].low", "is above high"


def evaluation_faults(found: Evaluation) -> Iterator[Fault]:
    """Broken rules of what was measured beside the metrics."""
    if found.temperature is not None and not _is_temperature(found.temperature):
        yield "evaluation.temperature", _BEYOND
    if found.importance is not None:
        yield from _importance(found.importance)
    parts: dict[str, Sequence[GroupQuality | FoldQuality]]
    parts = {"groups": found.groups, "folds": found.folds}
    for name, several in parts.items():
        for place, one in enumerate(several):
            if not are_counts((one.rows,)):
                yield f"evaluation.{name}[{place}].rows", "is not a number of rows"
            yield from metric_faults(one.metrics, f"evaluation.{name}[{place}].metrics")


def _is_temperature(one: Temperature) -> bool:
    numbers = (one.error_before, one.error_after, one.loss_before, one.loss_after)
    bins = [value for each in one.before for value in (each.score, each.share)]
    counts = (one.rows, *(each.rows for each in one.before))
    return 0 < one.temperature <= LARGEST and are_usable((*numbers, *bins)) and are_counts(counts)


def _importance(found: Importance) -> Iterator[Fault]:
    if not (are_usable((found.value,)) and are_counts((found.rows,))):
        yield "evaluation.importance", _BEYOND
    for place, one in enumerate(found.columns):
        path = f"evaluation.importance.columns[{place}]"
        if not are_usable((one.rise, one.deviation, *one.answers)):
            yield path, _BEYOND
        if len(one.points) != len(one.answers):
            yield path, f"has {len(one.answers)} answers for {len(one.points)} points"


def are_usable(numbers: Iterable[float]) -> bool:
    """Whether charts can show all of these numbers."""
    return all(abs(number) <= LARGEST for number in numbers)


def are_counts(counts: Iterable[int]) -> bool:
    """Whether all of these are numbers of rows or weights."""
    return all(0 <= count <= MOST for count in counts)
