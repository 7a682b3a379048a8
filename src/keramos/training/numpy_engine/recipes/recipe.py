"""Follow a recipe: try its candidates, weigh them, and learn again from all training rows."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from keramos.tabular.plan import Plan
from keramos.training.epochs import EpochRecorder
from keramos.training.numpy_engine.fitting import weighted_mean
from keramos.training.numpy_engine.recipes.choose import tried
from keramos.training.numpy_engine.recipes.linear import Linear
from keramos.training.numpy_engine.recipes.network import HIDDEN, RATE, Network, batch_size
from keramos.training.numpy_engine.recipes.rows import problem_of, rows_of
from keramos.training.numpy_engine.recipes.trees import Trees
from keramos.training.plan import METRICS, OUTPUT_ACTIVATIONS
from keramos.training.recipes import recipe
from keramos.types import network, training
from keramos.types.schema import TargetPreparation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keramos.training.numpy_engine.recipes.candidate import Branch, Candidate, Scores
    from keramos.training.numpy_engine.recipes.choose import Tried
    from keramos.training.numpy_engine.recipes.rows import Problem, Rows
    from keramos.types.network import TensorRef
    from keramos.types.training import TrainingPlan, TrainingTrace
    from keramos.types.training_job import TrainingJob

CANDIDATES: dict[str, Candidate] = {"linear": Linear(), "network": Network(), "trees": Trees()}
"""Name in ``training.recipes`` -> the candidate."""

_PLAIN = "linear"
"""The candidate that learns from all training rows in any case, as the measure of the others."""

_SHOWN_ROWS = 20_000

Weighted = list[tuple["Branch", float]]


def follow(job: TrainingJob) -> tuple[network.Network, TrainingTrace]:
    """The network and the trace of a job whose targets are standardised."""
    begun = perf_counter()
    problem = problem_of(job)
    rows = rows_of(job.training, problem)
    candidates = {name: CANDIDATES[name] for name in recipe(job.plan.recipe).candidates}
    found, weights = _chosen(candidates, problem, rows, job)
    again = [name for name in candidates if name in weights or (name in found and name == _PLAIN)]
    fitted = {
        name: candidates[name].fit(problem, rows, rounds=_rounds(found, name)) for name in again
    }
    branches: Weighted = [(fitted[name], weight) for name, weight in weights.items()]
    body = _body(problem, branches, job.statistics)
    recorder = EpochRecorder(job)
    held_out = rows_of(job.held_out, problem)
    _record(recorder, problem, branches, (rows, held_out), begun)
    trace = training.TrainingTrace(
        loss=problem.loss.name,
        metric=METRICS[problem.task],
        epochs=tuple(recorder.epochs),
        plan=_plan_used(job.plan, tuple(weights), len(rows.y), len(recorder.epochs)),
        parameters=sum(array.size for layer in body.layers.values() for array in layer.weights),
        seconds=perf_counter() - begun,
        backend="numpy",
        candidates=tuple(
            _judged(name, one, weights.get(name, 0.0), fitted.get(name), (problem, held_out))
            for name, one in found.items()
        ),
    )
    return body, trace


def _judged(
    name: str, one: Tried, weight: float, branch: Branch | None, judge: tuple[Problem, Rows]
) -> training.Candidate:
    """A candidate's line in the trace; with its own held-out loss and size where it learned again
    from all training rows.
    """
    found = training.Candidate(name, one.loss, weight, one.seconds)
    if branch is None:
        return found
    problem, held_out = judge
    loss = _loss(branch.scores(held_out, 1)[0], held_out, problem)
    layers = _body(problem, [(branch, 1.0)], TargetPreparation()).layers.values()
    size = sum(array.nbytes for layer in layers for array in layer.weights)
    return replace(found, held_out_loss=loss, size=size)


def _chosen(
    candidates: Mapping[str, Candidate], problem: Problem, rows: Rows, job: TrainingJob
) -> tuple[dict[str, Tried], dict[str, float]]:
    """What was tried, and the weights; a lone candidate that tunes nothing is not tried."""
    if len(candidates) > 1 or any(one.tunes for one in candidates.values()):
        return tried(candidates, problem, rows, job)
    return {}, dict.fromkeys(candidates, 1.0)


def _rounds(found: Mapping[str, Tried], name: str) -> int:
    return found[name].rounds if name in found else 0


def _plan_used(plan: TrainingPlan, names: Sequence[str], rows: int, epochs: int) -> TrainingPlan:
    """The plan with the numbers that were used; without a network, no batches and no units."""
    used = replace(plan, engine="numpy", epochs=epochs)
    if "network" not in names:
        return replace(used, batch_size=rows, hidden=(), learning_rate=0.0)
    return replace(
        used,
        batch_size=plan.batch_size or batch_size(rows),
        hidden=plan.hidden or HIDDEN,
        learning_rate=plan.learning_rate or RATE,
    )


def _body(problem: Problem, branches: Weighted, statistics: TargetPreparation) -> network.Network:
    """All branches as one network from the rows that they need to answers."""
    plan, widths = Plan(), {"prepared": problem.features, "raw": sum(problem.cells)}
    needed = [name for name in widths if any(branch.source == name for branch, _ in branches)]
    inputs = {name: plan.input(name, "float32", widths[name]) for name in needed}
    scores = [branch.add_to(plan, inputs[branch.source], weight) for branch, weight in branches]
    answer = _answer(plan, problem, _sum(plan, scores), statistics)
    return network.Network("network", plan.layers, tuple(plan.calls), tuple(plan.inputs), (answer,))


def _sum(plan: Plan, scores: Sequence[TensorRef]) -> TensorRef:
    return scores[0] if len(scores) == 1 else plan.add("Add", "blend", {}, scores)


def _answer(
    plan: Plan, problem: Problem, scores: TensorRef, statistics: TargetPreparation
) -> TensorRef:
    """Scores -> probabilities, or the target in its own unit."""
    if problem.task != "regression":
        activation = OUTPUT_ACTIVATIONS[problem.task]
        return plan.add("Activation", "answer", {"activation": activation}, scores)
    if problem.loss.is_rate:
        scores = plan.add("Activation", "rate", {"activation": "exponential"}, scores)
    unit: network.Config = {
        "scale": float(np.float32(statistics.deviation)),
        "offset": float(np.float32(statistics.mean)),
    }
    return plan.add("Rescaling", "in_unit", unit, scores)


def _record(
    recorder: EpochRecorder,
    problem: Problem,
    branches: Weighted,
    rows: tuple[Rows, Rows],
    begun: float,
) -> None:
    """The blend, with its final weights, after each equal part of every branch's training; of
    training rows at most ``_SHOWN_ROWS``, evenly spread.
    """
    if len(rows[0].y) > _SHOWN_ROWS:
        shown = np.linspace(0, len(rows[0].y) - 1, _SHOWN_ROWS).astype(np.intp)
        rows = (rows[0].take(shown), rows[1])
    steps = min(problem.plan.epochs, max(branch.rounds for branch, _ in branches))
    learned, held_out = (_blended(branches, part, steps) for part in rows)
    seconds = (perf_counter() - begun) / steps
    for step, (seen, new) in enumerate(zip(learned, held_out, strict=True), 1):
        recorder.end(
            loss=_loss(seen, rows[0], problem),
            metric=_metric(seen, rows[0], problem),
            held_out_loss=_loss(new, rows[1], problem),
            held_out_metric=_metric(new, rows[1], problem),
            stopping=step == steps,
            seconds=seconds,
        )


def _blended(branches: Weighted, rows: Rows, steps: int) -> list[Scores]:
    by_branch = [
        [weight * scores for scores in branch.scores(rows, steps)] for branch, weight in branches
    ]
    return [np.sum(parts, axis=0) for parts in zip(*by_branch, strict=True)]


def _loss(scores: Scores, rows: Rows, problem: Problem) -> float:
    return weighted_mean(problem.objective.losses(scores, rows.y), rows.counts)


def _metric(scores: Scores, rows: Rows, problem: Problem) -> float:
    """Accuracy of classes, mean absolute error of numbers."""
    if problem.task == "regression":
        answers = np.exp(scores[:, 0]) if problem.loss.is_rate else scores[:, 0]
        return weighted_mean(np.abs(answers - rows.y), rows.counts)
    chosen = scores[:, 0] > 0 if problem.task == "binary" else scores.argmax(axis=1)
    return weighted_mean((chosen == rows.y).astype(float), rows.counts)
