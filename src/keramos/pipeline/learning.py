"""Prepared rows -> a trained network and the rule that makes decisions of its answers."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from keramos.evaluate.calibration import measured, temperature_of
from keramos.evaluate.conformal import with_interval
from keramos.evaluate.thresholds import tune_threshold
from keramos.frozen import Frozen
from keramos.pipeline.answering import answering, compiled
from keramos.pipeline.judgement import Judged
from keramos.pipeline.streamed_rows import prepared_parts
from keramos.pipeline.temperature import divided, with_logits
from keramos.pipeline.training_job import job_of
from keramos.pipeline.training_records import pick
from keramos.prepare.front import front, join
from keramos.types.training import DecisionRule

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.pipeline.answering import Answering
    from keramos.pipeline.evaluation import Measures
    from keramos.pipeline.judgement import Index
    from keramos.pipeline.prepared_rows import PreparedRows
    from keramos.pipeline.streamed_rows import Parts
    from keramos.pipeline.warm_start import WarmStart
    from keramos.training.trainer import Trainer
    from keramos.types.evaluation import Temperature
    from keramos.types.network import Network
    from keramos.types.schema import TargetSchema
    from keramos.types.training import Epoch, TrainingPlan, TrainingTrace

Goal = float | str | tuple[float, float]
"""A threshold, the name of a metric to tune it for, or the costs of a false positive and a false
negative.
"""


class Choices(Frozen, frozen=True, eq=False):
    """How the caller wants the network trained."""

    plan: TrainingPlan
    threshold: Goal
    interval: float | None
    model: object
    on_epoch: Callable[[Epoch], None] | None
    measures: Measures
    warm: WarmStart | None = None
    parts: Parts | None = None

    def validates(self, target: TargetSchema) -> bool:
        """Whether validation rows are needed: to stop early, to choose the threshold, to calibrate
        or to measure errors.
        """
        tuned = target.task == "binary" and not isinstance(self.threshold, (int, float))
        measured = self.measures.calibrate or self.interval is not None
        return bool(self.plan.early_stopping) or tuned or measured


class Learned(Frozen, frozen=True, eq=False):
    """A network that was trained on the learning rows, and its rule."""

    body: Network
    network: Network
    trace: TrainingTrace
    answering: Answering
    rule: DecisionRule
    temperature: Temperature | None
    rows: PreparedRows

    def judged(self, index: Index) -> Judged:
        """Answers to some rows."""
        return _judged(self.answering, self.rows, index)


def _judged(answers_of: Answering, rows: PreparedRows, index: Index) -> Judged:
    answers = answers_of(pick(rows.fed, index))[0]
    return Judged(rows.y[index], answers, rows.weights_of(index))


def _joined(rows: PreparedRows, body: Network) -> Network:
    return join(front(rows.preparation, rows.inputs_of(body)), body)


def learned(engine: Trainer, rows: PreparedRows, choices: Choices) -> Learned:
    """Train, calibrate where that is wanted, and make the rule."""
    job = job_of(rows, choices.plan)
    if choices.warm is not None:
        job = replace(job, initial=choices.warm.weights)
    if choices.parts is not None:
        job = replace(job, more=partial(prepared_parts, choices.parts, rows))
    body, trace = engine.fit(replace(job, model=choices.model, on_epoch=choices.on_epoch))
    temperature = None
    if choices.measures.calibrate:
        body, temperature = _calibrated(rows, body)
    network = _joined(rows, body)
    # Networks of the caller's own may configure plain layers in ways that NumPy does not know.
    answers = answering(network) if choices.model is None else compiled(network)
    validation = None if rows.validating is None else _judged(answers, rows, rows.validating)
    rule = _rule(rows.schema.target, choices.threshold, validation)
    if choices.interval is not None and validation is not None:
        held_out = _judged(answers, rows, rows.parts.held_out)
        rule = with_interval(rule, choices.interval, validation, held_out)
    return Learned(body, network, trace, answers, rule, temperature, rows)


def _calibrated(rows: PreparedRows, body: Network) -> tuple[Network, Temperature | None]:
    """The network with the temperature that suits its validation rows."""
    if rows.validating is None:
        return body, None
    answers = compiled(_joined(rows, with_logits(body)))
    validation, held_out = (
        _judged(answers, rows, index) for index in (rows.validating, rows.parts.held_out)
    )
    found = temperature_of(validation)
    body = body if found == 1 else divided(body, found)
    return body, measured(found, validation, held_out)


def _rule(target: TargetSchema, threshold: Goal, validation: Judged | None) -> DecisionRule:
    if target.task == "regression":
        return DecisionRule("value", "the prediction is the model's output", unit=target.unit)
    if target.task == "multiclass":
        return DecisionRule("argmax", "the class with the largest score", target.classes)
    if validation is None or isinstance(threshold, (int, float)):
        given = float(threshold) if isinstance(threshold, (int, float)) else 0.5
        origin = "the usual threshold for a probability" if given == 0.5 else "given by the caller"  # noqa: PLR2004
        return DecisionRule("threshold", origin, target.classes, given)
    best, origin = tune_threshold(validation.y, validation.output, threshold, validation.weights)
    return DecisionRule("threshold", origin, target.classes, best)
