"""The views of pages and reports as text, for terminals of any width and for pipes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from keramos.drawing.words import brief, counted, interval, shape
from keramos.report import chart
from keramos.report.layout import HELD, Column, heading, pairs, paragraph, table
from keramos.report.views.leaderboard import LEADERBOARD, LEADERBOARD_NOTE, leaderboard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from keramos.report.screen import Screen
    from keramos.types.stored import StoredTensor
    from keramos.types.training import Epoch, Metric, TrainingTrace
    from keramos.types.view import ModelView, Pair, Quality, Question

_SAMPLE = "      "
_ROW_STAGES = 2  # the first stages show cells of the row, the others results
_SPARK = 24
_MOST_LABELS = 12  # of a confusion matrix; for more classes the most frequent mistakes are listed
_MISTAKES = 8
_MOST_TENSORS = 1_000

_number = partial(Column, right=True)
_text = partial(Column, wraps=True)


def overview(view: ModelView, screen: Screen) -> list[str]:
    """The purpose of the file and its first facts."""
    facts = "; ".join(f"{name}: {value}" for name, value in view.facts)
    return [*paragraph(screen, view.purpose), *paragraph(screen, facts)]


def data_flow(view: ModelView, screen: Screen) -> list[str]:
    """The five stages, each with its shapes before and after, and one held-out row in each."""
    shown: list[str] = []
    for number, stage in enumerate(view.stages, 1):
        shapes = f"{stage.title}: {stage.before} -> {stage.after}"
        shown += paragraph(screen, f"{number}. {shapes}", "", "   ")
        shown += paragraph(screen, stage.note, "   ", "   ")
        sign = "=" if number <= _ROW_STAGES else ": "
        sample = "; ".join(f"{name}{sign}{value}" for name, value in stage.sample)
        lines = paragraph(screen, sample, _SAMPLE, _SAMPLE)
        shown += [screen.styled(line, "soft") for line in lines]
    return shown


def epoch_line(epoch: Epoch, metric: str) -> str:
    """One epoch as one line, for progress during training."""
    number, loss, held_out_loss, value, held_out, observation = _epoch(epoch)
    return (
        f"epoch {number:>3}  loss {loss} / {held_out_loss}  {metric} {value} / {held_out}  "
        f"{observation}"
    )


def training(view: ModelView, screen: Screen) -> list[str]:
    """A table of epochs with observations, and a chart of the loss."""
    trace = view.trace
    if trace is None:
        return []
    titles = ("epoch", "loss", "held-out", _short(trace.metric), "held-out")
    columns = (*map(_number, titles), _text("observation"))
    shown = [f"loss is {screen.clean(trace.loss)}; training and held-out rows"]
    shown += table(screen, columns, map(_epoch, trace.epochs))
    shown += _curves(trace, screen) if len(trace.epochs) > 1 else []
    return [*shown, "", *candidates(view, screen)] if trace.candidates else shown


def candidates(view: ModelView, screen: Screen) -> list[str]:
    """What the recipe compared, the best first, and what it made of them."""
    trace = view.trace
    if trace is None or not trace.candidates:
        return []
    columns = (Column("leaderboard"), *map(_number, LEADERBOARD))
    return [
        *paragraph(screen, LEADERBOARD_NOTE),
        *table(screen, columns, leaderboard(trace)),
    ]


def _epoch(epoch: Epoch) -> tuple[str, ...]:
    losses = (f"{loss:.4f}" for loss in (epoch.loss, epoch.held_out_loss))
    metrics = (f"{value:.4g}" for value in (epoch.metric, epoch.held_out_metric))
    return (str(epoch.number), *losses, *metrics, epoch.observation)


def _curves(trace: TrainingTrace, screen: Screen) -> list[str]:
    series = [
        ("training", [e.loss for e in trace.epochs]),
        ("held-out", [e.held_out_loss for e in trace.epochs]),
    ]
    title = "loss by epoch (t training, h held-out, * both)"
    return ["", title, *chart.lines(series, screen.width)]


def _short(metric: str) -> str:
    return {"mean_absolute_error": "mae"}.get(metric, metric)


def quality(view: ModelView, screen: Screen) -> list[str]:
    """Each metric with its interval beside that of a constant guess, the rule and the confusion
    matrix.
    """
    found = view.quality
    if found is None:
        return []
    numbers = map(_number, ("model", "95 % interval", "guess"))
    columns = (Column("on held-out rows"), *numbers, _text(""))
    shown = table(screen, columns, map(_metric, found.metrics))
    shown += paragraph(screen, f"decision: {view.rule}") if view.rule else []
    if found.confusion:
        draw = _confusion if len(found.labels) <= _MOST_LABELS else _mistakes
        shown += ["", *draw(found, screen)]
    for one in found.studies:
        columns = (Column(one.headings[0] or one.title), *map(_number, one.headings[1:]))
        shown += ["", one.title, *table(screen, columns, one.lines), *paragraph(screen, one.note)]
    return shown


def _metric(metric: Metric) -> tuple[str, ...]:
    gain = metric.value - metric.baseline
    better = gain > 0 if metric.better == "higher" else gain < 0
    verdict = "" if better else "not better than guessing"
    name, value, baseline = (
        metric.name.replace("_", " "),
        brief(metric.value),
        brief(metric.baseline),
    )
    return (name, value, interval(metric), baseline, verdict)


def _confusion(found: Quality, screen: Screen) -> list[str]:
    columns = [Column("truth \\ decision"), *map(_number, found.labels)]
    rows = [(label, *counts) for label, counts in zip(found.labels, found.confusion, strict=True)]
    return table(screen, columns, rows)


def _mistakes(found: Quality, screen: Screen) -> list[str]:
    """The pairs of classes that are confused most often."""
    wrong = [
        (count, truth, found.labels[at])
        for truth, counts in zip(found.labels, found.confusion, strict=True)
        for at, count in enumerate(counts)
        if count and found.labels[at] != truth
    ]
    columns = (_number("rows"), Column("truth"), Column("decided as"))
    return table(screen, columns, sorted(wrong, key=lambda one: -one[0])[:_MISTAKES])


def columns(view: ModelView, screen: Screen) -> list[str]:
    """The input columns with their training distributions."""
    names = map(Column, ("column", "kind", "training rows"))
    heads = (*names, _text("missing"), _text("values"))
    rows = [
        (
            f"{card.name} ({card.unit})" if card.unit else card.name,
            card.kind,
            screen.drawn(chart.spark(card.bars.counts, _SPARK)),
            card.nulls + (f" ({card.missing:.1%} of rows)" if card.missing else ""),
            card.range,
        )
        for card in view.columns
    ]
    shown = table(screen, heads, rows) if rows else []
    for name, reason in view.dropped:
        shown += paragraph(screen, f"not used: '{name}', {reason}", "", "  ")
    return shown


def architecture(view: ModelView, screen: Screen) -> list[str]:
    """Every layer with its output shape and its weights; inputs and outputs."""
    if not view.layers:
        return []
    names = map(Column, ("layer", "class", "output"))
    heads = (*names, _number("parameters"), _text("weights"))
    rows = [
        (
            layer.name,
            layer.kind,
            layer.output,
            f"{layer.parameters:,}" if layer.parameters else "",
            layer.weights,
        )
        for layer in view.layers
    ]
    shown = [*table(screen, heads, rows), f"{view.parameters:,} parameters"]
    for title, ends in (("inputs", view.inputs), ("outputs", view.outputs)):
        if ends:
            listed = ", ".join(f"{name}{HELD}{spec.replace(' ', HELD)}" for name, spec in ends)
            shown += paragraph(screen, f"{title}: {listed}", "", "  ")
    return shown


def tensors(view: ModelView, screen: Screen) -> list[str]:
    """The arrays of a file that is not a complete model."""
    heads = (_text("name"), Column("shape"), Column("type"), _number("bytes"))
    rows = [
        (one.name, shape(one.shape), _type(one), f"{one.bytes:,}")
        for one in view.tensors[:_MOST_TENSORS]
    ]
    more = len(view.tensors) - len(rows)
    return [
        *(table(screen, heads, rows) if rows else ()),
        *([f"... and {more:,} more, which --json lists"] if more else []),
    ]


def _type(tensor: StoredTensor) -> str:
    return f"{tensor.dtype} ({tensor.quantised})" if tensor.quantised else tensor.dtype


def file(view: ModelView, screen: Screen) -> list[str]:
    """The file, its digests, its checks and whether plain Keras opens it."""
    facts = (
        *view.proof.digests,
        _network(view),
        ("proof", view.proof.sentence),
        ("plain Keras", view.proof.plain_keras.removeprefix("Plain Keras ").removesuffix(".")),
    )
    return pairs(screen, facts)


def _network(view: ModelView) -> Pair:
    if view.tensors:
        return "arrays", f"{counted(len(view.tensors), 'array')}, {view.parameters:,} numbers"
    return "network", f"{len(view.layers)} layers, {view.parameters:,} parameters"


def provenance(view: ModelView, screen: Screen) -> list[str]:
    """The table, the split and the versions that the model was trained with."""
    return pairs(screen, view.proof.provenance)


def lacking(view: ModelView, screen: Screen) -> list[str]:
    """What the file does not record."""
    return _bullets(screen, () if view.unsupported else view.absent)


def missing(view: ModelView, screen: Screen) -> list[str]:
    """The reasons why a file cannot run."""
    return _bullets(screen, view.unsupported)


def quiz(screen: Screen, questions: Sequence[Question]) -> list[str]:
    """Questions with their options, each with its answer beneath."""
    shown: list[str] = []
    for number, question in enumerate(questions, 1):
        shown += paragraph(screen, f"{number}. {question.text}", "", "   ")
        for letter, option in zip("abc", question.options, strict=False):
            shown += paragraph(screen, f"{letter}) {option}", "   ", "      ")
        answer = f"answer: {'abc'[question.right]}. {question.because}"
        shown += paragraph(screen, answer, "   ", "   ")
    return shown


def _bullets(screen: Screen, sentences: Sequence[str]) -> list[str]:
    return [line for sentence in sentences for line in paragraph(screen, sentence, "- ", "  ")]


SECTIONS: dict[str, tuple[str, Callable[[ModelView, Screen], list[str]]]] = {
    "file": ("The file", file),
    "missing": ("Why it cannot run", missing),
    "flow": ("Data flow", data_flow),
    "training": ("Training trace", training),
    "quality": ("Quality", quality),
    "columns": ("Columns", columns),
    "architecture": ("Architecture", architecture),
    "tensors": ("Arrays", tensors),
    "provenance": ("Where it comes from", provenance),
    "lacking": ("What this file does not record", lacking),
}
"""Anchor -> title and function of a section, in the order of a document."""


def document(
    view: ModelView, screen: Screen, anchors: Iterable[str] = tuple(SECTIONS)
) -> Iterator[str]:
    """The sections that the file has, each under its title and after an empty line."""
    for anchor in anchors:
        title, draw = SECTIONS[anchor]
        lines = draw(view, screen)
        if lines:
            yield from ("", heading(screen, title), *lines)
