"""Two versions of a model side by side: what their files say, and what both answer to the same
rows.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from keramos.drawing.words import brief, interval, listed, number
from keramos.errors import KeramosError
from keramos.runtime.decide import decide
from keramos.runtime.verify import golden_feeds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from keramos.types.artifact import Content
    from keramos.types.prediction import Decision
    from keramos.types.schema import ColumnPreparation
    from keramos.types.serving import Predictor
    from keramos.types.view import ColumnCard, ModelView

Line = tuple[str, str, str]
"""What is compared, in the first and in the second."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Golden rows of the first version that both answered: labels or values, and the share with the
    same label, or the mean difference of values. ``apart`` are the lines with two labels.
    """

    lines: tuple[Line, ...]
    sentence: str
    apart: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Versions:
    """``facts`` differ or are the same, ``columns`` and ``layers`` are those that differ. ``rows``
    is None where the versions do not take the same rows.
    """

    facts: tuple[Line, ...]
    columns: tuple[Line, ...]
    layers: tuple[Line, ...]
    rows: Rows | None


def versions(views: tuple[ModelView, ModelView], models: tuple[Predictor, Predictor]) -> Versions:
    """Compare two loaded models by their files and by the golden rows of the first."""
    first, second = views
    facts = {**dict(_facts(first)), **{name: "" for name, _ in _facts(second)}}
    there, here = dict(_facts(first)), dict(_facts(second))
    return Versions(
        tuple((name, there.get(name, "–"), here.get(name, "–")) for name in facts),
        tuple(_different(_columns(first), _columns(second))),
        tuple(_different(_layers(first), _layers(second))),
        _rows(*models),
    )


def _facts(view: ModelView) -> Iterator[tuple[str, str]]:
    yield "purpose", view.purpose
    for metric in view.quality.metrics if view.quality else ():
        spread = f" ({interval(metric)})" if interval(metric) else ""
        yield f"{metric.name.replace('_', ' ')}, held out", f"{brief(metric.value)}{spread}"
    if view.rule:
        yield "rule", view.rule
    if view.trace:
        yield "recipe", view.trace.plan.recipe
    yield "weights", f"{view.parameters:,}"
    yield from (fact for fact in view.facts if fact[0] in {"file", "format"})
    yield "proof", view.proof.badge
    shown = {"table", "rows", "created", "keramos", "seed"}
    yield from (pair for pair in view.proof.provenance if pair[0] in shown)
    yield from (pair for pair in view.proof.digests if pair[0] == "sha256")


def _columns(view: ModelView) -> Mapping[str, str]:
    return {card.name: _column(card) for card in view.columns}


def _column(card: ColumnCard) -> str:
    unit = f" in {card.unit}" if card.unit else ""
    known = card.bars.labels if not card.bars.edges else ()
    values = f"{len(known)} categories: {listed(sorted(known))}" if known else card.range
    return f"{card.kind}{unit}; {values}; {card.nulls}"


def _layers(view: ModelView) -> Mapping[str, str]:
    counts = Counter(layer.kind for layer in view.layers)
    return {kind: str(count) for kind, count in sorted(counts.items())}


def _different(first: Mapping[str, str], second: Mapping[str, str]) -> Iterator[Line]:
    """Names that one of them lacks, or that mean something else."""
    for name in {**first, **second}:
        one, other = first.get(name, "–"), second.get(name, "–")
        if one != other:
            yield name, one, other


def _rows(first: Predictor, second: Predictor) -> Rows | None:
    one, other = first.content, second.content
    if one is None or other is None or one.golden is None or not _take_the_same(first, second):
        return None
    try:
        fed = golden_feeds(one, first.inputs)
        made = [
            decide(model.run(fed)[0], content.rule)
            for model, content in ((first, one), (second, other))
        ]
    except KeramosError:
        return None
    pairs = list(zip(*made, strict=True))
    lines = [
        (str(row), _said(before, one), _said(after, other))
        for row, (before, after) in enumerate(pairs, 1)
    ]
    labels = one.rule.kind != "value"
    apart = [
        line
        for line, (before, after) in zip(lines, pairs, strict=True)
        if labels and before.label != after.label
    ]
    return Rows(tuple(lines), _sentence(pairs, one), tuple(apart))


def _sentence(pairs: list[tuple[Decision, Decision]], content: Content) -> str:
    gaps = [abs(before.score - after.score) for before, after in pairs]
    far = (
        f"scores differ by {brief(float(np.mean(gaps)))} on average and {brief(max(gaps))} at most"
    )
    if content.rule.kind == "value":
        return f"Answers to the {len(pairs)} golden rows of the first: {far}."
    same = sum(before.label == after.label for before, after in pairs)
    return f"{same} of the {len(pairs)} golden rows of the first are decided alike; {far}."


def _said(decision: Decision, content: Content) -> str:
    if content.rule.kind == "value":
        return listed([number(value) for value in decision.scores])
    return f"{decision.label} ({brief(decision.score)})"


def _take_the_same(first: Predictor, second: Predictor) -> bool:
    """Whether the inputs of both mean the same, so that one array is a row of either."""
    if first.inputs != second.inputs or first.content is None or second.content is None:
        return False
    return _meaning(first.content) == _meaning(second.content)


def _meaning(content: Content) -> list[tuple[object, ...]]:
    return [_input(item) for item in content.preparation.inputs]


def _input(item: ColumnPreparation) -> tuple[object, ...]:
    raw = (item.picture, item.text, item.series)
    return (item.column, item.input, item.kind, item.part, item.steps, *raw)
