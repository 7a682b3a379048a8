"""The rules of what a document says about training: trace, metrics, rows, sample, held-out rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.artifact.content.measurements import (
    LARGEST,
    MOST,
    are_counts,
    are_usable,
    evaluation_faults,
    metric_faults,
)
from keramos.types.training import HELD_OUT_KEPT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keramos.types.artifact import Content
    from keramos.types.training import DecisionRule, HeldOut, SampleRow, TrainingTrace

    Fault = tuple[str, str]


def training_faults(content: Content) -> Iterator[Fault]:
    """Broken rules: paths inside the document, each with what is wrong there."""
    target = content.preparation.target
    if not (abs(target.mean) <= LARGEST and 0 <= target.deviation <= LARGEST):
        yield "preparation.target", "is beyond the range of numbers, or has a negative deviation"
    if content.trace is not None:
        yield from _trace(content.trace)
    if content.metrics is not None:
        yield from metric_faults(content.metrics, "metrics")
    if content.sample is not None:
        yield from _sample(content, content.sample)
    if content.held_out is not None:
        yield from _held_out(content.rule, content.held_out)
    if content.evaluation:
        yield from evaluation_faults(content.evaluation)
    source = content.provenance
    if source is not None and not are_counts(
        (source.rows, source.training_rows, source.held_out_rows)
    ):
        yield "provenance.rows", "or one of its parts is not a number of rows"


def _trace(trace: TrainingTrace) -> Iterator[Fault]:
    if not trace.epochs:
        yield "trace.epochs", "is empty"
    if [epoch.number for epoch in trace.epochs] != list(range(1, len(trace.epochs) + 1)):
        yield "trace.epochs", "are not numbered 1, 2, 3 ..."
    for place, epoch in enumerate(trace.epochs):
        numbers = (epoch.loss, epoch.metric, epoch.held_out_loss, epoch.held_out_metric)
        if not are_usable(numbers) or not 0 <= epoch.seconds <= LARGEST:
            yield f"trace.epochs[{place}]", "holds a number beyond its range"
    for place, one in enumerate(trace.candidates):
        numbers = (one.loss, one.weight, one.seconds, one.held_out_loss or 0.0)
        if not (are_usable(numbers) and one.seconds >= 0 and are_counts((one.size or 0,))):
            yield f"trace.candidates[{place}]", "holds a number beyond its range"
    if not 0 <= trace.seconds <= LARGEST:
        yield "trace.seconds", f"is {trace.seconds:g}"
    if not are_counts((trace.parameters, *trace.plan.hidden)):
        yield "trace.parameters", "is not a number of weights"


def _sample(content: Content, sample: SampleRow) -> Iterator[Fault]:
    names = [column.name for column in content.schema.columns]
    if [name for name, _ in sample.raw] != names:
        yield "sample.raw", "is not of the columns in schema.columns"
    if tuple(name for name, _ in sample.prepared) != content.preparation.features:
        yield "sample.prepared", "is not of preparation.features"
    if not are_usable(value for _, value in sample.prepared):
        yield "sample.prepared", "holds a number beyond its range"


def _held_out(rule: DecisionRule, held: HeldOut) -> Iterator[Fault]:
    rows = len(held.truths)
    if not rows or len(held.scores) != rows:
        yield "held_out.scores", f"has {len(held.scores)} values for {rows} truths"
    if not rows <= min(held.rows, HELD_OUT_KEPT) or held.rows > MOST:
        yield "held_out.rows", f"is {held.rows}, with {rows} rows kept"
    several = rule.kind == "argmax"
    if len(held.chosen) != (rows if several else 0):
        yield "held_out.chosen", f"has {len(held.chosen)} values for {rows} truths"
    if not are_usable((*held.truths, *held.scores)):
        yield "held_out", "holds a number beyond its range"
        return
    if rule.kind == "value":
        return
    places = range(len(rule.labels))
    if not all(place in places for place in (*held.truths, *held.chosen)):
        yield "held_out.truths", "or chosen is not the position of a class"
