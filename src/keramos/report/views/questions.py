"""A quiz on why models are saved, with a model's own numbers: for the demo and a page apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.drawing.words import counted, number, seconds
from keramos.inference.counterfactual_scaling import without_scaling
from keramos.types.view import Question

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.types.artifact import Artifact, Content
    from keramos.types.serving import Predictor
    from keramos.types.training import GoldenRows, TrainingTrace
    from keramos.types.view import Proof

_MOVED = 0.1  # a tenth of the target's deviation


def questions(model: Predictor, proof: Proof) -> tuple[Question, ...]:
    """Three questions: training against loading, the same answers after reload, what preparation is
    worth. Each needs parts that a file may lack; a question without them is left out.
    """
    content = model.content
    if content is None:
        return ()
    found = []
    if content.trace is not None:
        found.append(_time(content.trace, model.load_seconds))
    if proof.golden:
        found.append(_same(proof))
    if content.golden is not None and content.preparation.features:
        found.append(_lost(model.artifact, content, content.golden))
    return tuple(found)


def _time(trace: TrainingTrace, load_seconds: float) -> Question:
    ratio = trace.seconds / max(load_seconds, 1e-6)
    options, right = _options(max(ratio, 1.0), "times faster")
    return Question(
        f"Training took {seconds(trace.seconds)}. How much faster is loading the saved file?",
        options,
        right,
        f"Loading took {seconds(load_seconds)} in this process, {_times(ratio)} faster than "
        "training, and it includes "
        "running the golden rows. Without the file every program that wants an answer would have "
        "to train again.",
    )


def _times(ratio: float) -> str:
    return f"{ratio:,.0f} times" if ratio >= 10 else f"{ratio:.1f} times"  # noqa: PLR2004 (two digits suffice)


def _options(ratio: float, unit: str) -> tuple[tuple[str, ...], int]:
    """Three numbers a factor of ten apart; where the true one stands depends on the number, not on
    habit.
    """
    right = int(ratio) % 3
    values = [ratio * 10.0 ** (place - right) for place in range(3)]
    return tuple(f"about {_near(value)} {unit}" for value in values), right


def _near(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"  # noqa: PLR2004 (two digits suffice)


def _same(proof: Proof) -> Question:
    worst = max((row.difference for row in proof.golden), default=0.0)
    said = "not at all" if worst == 0 else f"by {worst:.2g} at most"
    return Question(
        f"The file holds {len(proof.golden)} rows with the answers of {proof.reference} when it "
        "was saved. How far are the answers of this process from those?",
        (
            "Some per cent: weights are rounded when saved",
            f"{said.capitalize()}",
            "It depends on the day's random seed",
        ),
        1,
        f"{proof.sentence} Saving keeps every weight bit for bit; what remains is the order of "
        "additions.",
    )


def _lost(artifact: Artifact, content: Content, golden: GoldenRows) -> Question:
    inputs = content.preparation.inputs
    words = sum(len(item.categories) for item in inputs)
    numbers = sum(not item.categories for item in inputs)
    ranges = counted(numbers, "learned range")
    learned = (
        [ranges]
        if not words
        else [*([ranges] if numbers else ()), f"{words:,} words of vocabularies"]
    )
    columns = len(content.schema.columns)
    return Question(
        "Suppose only the network had been saved and its preprocessing had been lost. What would "
        "be missing?",
        (
            "Nothing: the weights are the model",
            "Only the speed: preprocessing saves time",
            f"{' and '.join(learned)}: the answers would be wrong",
        ),
        2,
        f"The network takes {len(content.preparation.features)} prepared values, and a row has "
        f"{columns} raw ones. " + _effect(artifact, content, golden),
    )


def _effect(artifact: Artifact, content: Content, golden: GoldenRows) -> str:
    bare = without_scaling(artifact)
    if bare is None:
        return (
            "Without the vocabularies there is no way from a word to the inputs that the "
            "network learned."
        )
    before = np.array(golden.outputs)
    if content.rule.kind == "value":
        far = np.abs(bare - before).max(1) > _MOVED * content.preparation.target.deviation
        row = int(np.abs(bare - before).max(1).argmax())
        return (
            f"Fed with raw numbers, the same weights miss {int(far.sum())} of {len(far)} golden "
            "rows; "
            f"one answer turns from {number(before[row, 0])} into {number(bare[row, 0])}."
        )
    changed = _labels(bare, content) != _labels(before, content)
    if not changed.any():
        off = float(np.abs(bare - before).max())
        return (
            f"Fed with raw numbers, the same weights give scores that are up to {off:.2g} "
            f"off{_most(bare)}."
        )
    return (
        f"Fed with raw numbers, the same weights decide {int(changed.sum())} of {len(changed)} "
        "golden rows "
        f"otherwise{_most(bare)}, and nothing would say so."
    )


def _labels(scores: NDArray[np.float64], content: Content) -> NDArray[np.int64]:
    at_least = scores[:, 0] >= content.rule.threshold
    return (at_least if content.rule.kind == "threshold" else scores.argmax(1)).astype(np.int64)


def _most(scores: NDArray[np.float64]) -> str:
    """How sure the wrong answers are of themselves."""
    sure = np.maximum(scores, 1 - scores).max(1) if scores.shape[1] == 1 else scores.max(1)
    return f", on average {sure.mean():.0%} sure" if np.isfinite(sure).all() else ""
