"""The views as text, for windows of any width and for pipes: the same values that pages and reports
draw.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.report import chart
from keramos.report.layout import HELD, Column, heading, pairs, paragraph, table
from keramos.report.views.words import brief

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from keramos.report.screen import Screen
    from keramos.types.training import Epoch, Metric, TrainingTrace
    from keramos.types.view import ModelView, Quality, Question

_SAMPLE = "      "
_ROWS_SHOWN = 2  # stages that show the row itself
_SPARK = 24
_MOST_LABELS = 12  # of a confusion matrix; wider ones say their most frequent mistakes instead
_MISTAKES = 8


def overview(view: ModelView, screen: Screen) -> list[str]:
    """What the file is for and its first facts."""
    facts = "; ".join(f"{name}: {value}" for name, value in view.facts)
    return [*paragraph(screen, view.purpose), *paragraph(screen, facts)]


def data_flow(view: ModelView, screen: Screen) -> list[str]:
    """The five stages, each with its shape before and after, and one held-out row on its way."""
    shown: list[str] = []
    for number, stage in enumerate(view.stages, 1):
        shown += paragraph(
            screen, f"{number}. {stage.title}: {stage.before} -> {stage.after}", "", "   "
        )
        shown += paragraph(screen, stage.note, "   ", "   ")
        sign = "=" if number <= _ROWS_SHOWN else ": "
        sample = "; ".join(f"{name}{sign}{value}" for name, value in stage.sample)
        shown += [
            screen.styled(line, "soft") for line in paragraph(screen, sample, _SAMPLE, _SAMPLE)
        ]
    return shown


def epoch_line(epoch: Epoch, metric: str) -> str:
    """One epoch as one line, while training goes on."""
    return (
        f"epoch {epoch.number:>3}  loss {epoch.loss:.4f} / {epoch.held_out_loss:.4f}  "
        f"{metric} {epoch.metric:.4g} / {epoch.held_out_metric:.4g}  {epoch.observation}"
    )


def training(view: ModelView, screen: Screen) -> list[str]:
    """A table of epochs with observations, and a chart of the loss."""
    trace = view.trace
    if trace is None:
        return []
    columns = (
        Column("epoch", right=True),
        Column("loss", right=True),
        Column("held-out", right=True),
        Column(_short(trace.metric), right=True),
        Column("held-out", right=True),
        Column("observation", wraps=True),
    )
    shown = [f"loss is {screen.clean(trace.loss)}; training and held-out rows"]
    shown += table(screen, columns, (_epoch(epoch) for epoch in trace.epochs))
    return [*shown, *(_curves(trace, screen) if len(trace.epochs) > 1 else ())]


def _epoch(e: Epoch) -> tuple[str, ...]:
    return (
        str(e.number),
        f"{e.loss:.4f}",
        f"{e.held_out_loss:.4f}",
        f"{e.metric:.4g}",
        f"{e.held_out_metric:.4g}",
        e.observation,
    )


def _curves(trace: TrainingTrace, screen: Screen) -> list[str]:
    series = [
        ("training", [e.loss for e in trace.epochs]),
        ("held-out", [e.held_out_loss for e in trace.epochs]),
    ]
    return [
        "",
        "loss by epoch (t training, h held-out, * both)",
        *chart.lines(series, screen.width),
    ]


def _short(metric: str) -> str:
    return {"mean_absolute_error": "mae"}.get(metric, metric)


def quality(view: ModelView, screen: Screen) -> list[str]:
    """Each metric with its interval, beside what a constant guess reaches; the rule; truth against
    decision.
    """
    found = view.quality
    if found is None:
        return []
    columns = (
        Column("on held-out rows"),
        Column("model", right=True),
        Column("95 % interval", right=True),
        Column("guess", right=True),
        Column("", wraps=True),
    )
    shown = table(screen, columns, map(_metric, found.metrics))
    shown += paragraph(screen, f"decision: {view.rule}") if view.rule else []
    if found.confusion:
        shown += [
            "",
            *(
                _confusion(found, screen)
                if len(found.labels) <= _MOST_LABELS
                else _mistakes(found, screen)
            ),
        ]
    return shown


def _metric(metric: Metric) -> tuple[str, ...]:
    better = (
        metric.value > metric.baseline
        if metric.better == "higher"
        else metric.value < metric.baseline
    )
    known = metric.low is not None and metric.high is not None
    interval = f"{brief(metric.low or 0.0)} to {brief(metric.high or 0.0)}" if known else ""
    verdict = "" if better else "not better than guessing"
    return (
        metric.name.replace("_", " "),
        brief(metric.value),
        interval,
        brief(metric.baseline),
        verdict,
    )


def _confusion(found: Quality, screen: Screen) -> list[str]:
    columns = [Column("truth \\ decision"), *(Column(label, right=True) for label in found.labels)]
    rows = [(label, *counts) for label, counts in zip(found.labels, found.confusion, strict=True)]
    return table(screen, columns, rows)


def _mistakes(found: Quality, screen: Screen) -> list[str]:
    """The pairs of classes that are taken for each other most often."""
    wrong = [
        (count, truth, found.labels[at])
        for truth, counts in zip(found.labels, found.confusion, strict=True)
        for at, count in enumerate(counts)
        if count and found.labels[at] != truth
    ]
    columns = (Column("rows", right=True), Column("truth"), Column("decided as"))
    return table(screen, columns, sorted(wrong, key=lambda one: -one[0])[:_MISTAKES])


def columns(view: ModelView, screen: Screen) -> list[str]:
    """The input columns with their training distributions."""
    heads = (
        Column("column"),
        Column("kind"),
        Column("training rows"),
        Column("missing", wraps=True),
        Column("values", wraps=True),
    )
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
    heads = (
        Column("layer"),
        Column("class"),
        Column("gives"),
        Column("parameters", right=True),
        Column("weights", wraps=True),
    )
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
            listed = ", ".join(f"{name}{HELD}{said.replace(' ', HELD)}" for name, said in ends)
            shown += paragraph(screen, f"{title}: {listed}", "", "  ")
    return shown


def file(view: ModelView, screen: Screen) -> list[str]:
    """The file, its digest, what proves it and what plain Keras makes of it."""
    layers = f"{len(view.layers)} layers, {view.parameters:,} parameters"
    facts = (
        *view.proof.digests,
        ("network", layers),
        ("proof", view.proof.sentence),
        ("plain Keras", _plain(view)),
    )
    return pairs(screen, facts)


def _plain(view: ModelView) -> str:
    return view.proof.plain_keras.removeprefix("Plain Keras ").removesuffix(".")


def provenance(view: ModelView, screen: Screen) -> list[str]:
    """The table, the split and the versions it was made with."""
    return pairs(screen, view.proof.provenance)


def lacking(view: ModelView, screen: Screen) -> list[str]:
    """What the file does not record."""
    return _bullets(screen, () if view.unsupported else view.absent)


def missing(view: ModelView, screen: Screen) -> list[str]:
    """What keeps a file from running."""
    return _bullets(screen, view.unsupported)


def quiz(screen: Screen, questions: Sequence[Question]) -> list[str]:
    """Questions with their options, and the answer beneath each."""
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
    "missing": ("What keeps it from running", missing),
    "flow": ("Data flow", data_flow),
    "training": ("Training trace", training),
    "quality": ("Quality", quality),
    "columns": ("Columns", columns),
    "architecture": ("Architecture", architecture),
    "provenance": ("Where it comes from", provenance),
    "lacking": ("What this file does not record", lacking),
}
"""Anchor -> title and what draws it, in the order of the whole."""


def document(
    view: ModelView, screen: Screen, anchors: Iterable[str] = tuple(SECTIONS)
) -> Iterator[str]:
    """The sections that the file has, each under its title and after an empty line."""
    for anchor in anchors:
        title, draw = SECTIONS[anchor]
        lines = draw(view, screen)
        if lines:
            yield from ("", heading(screen, title), *lines)
