"""A model in a few lines: what ``repr`` and notebooks show of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.drawing.words import counted, listed, number, seconds, shape, size

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from keramos.types.artifact import Content, FileInfo
    from keramos.types.network import TensorSpec
    from keramos.types.training import DecisionRule, Metric, TrainingTrace

    Pairs = list[tuple[str, str]]

_VALUES = 6  # names that are listed


def file_lines(info: FileInfo) -> Pairs:
    """Where the model is stored, in which form and by which Keras."""
    writer = f", format of Keras {info.keras_version}" if info.keras_version else ""
    return [("file", f"{info.path} ({info.title or info.container}{writer}, {size(info.size)})")]


def tensor_lines(inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec]) -> Pairs:
    """Names, dtypes and shapes of what goes in and comes out."""
    return [("inputs", _specs(inputs)), ("outputs", _specs(outputs))]


def content_lines(content: Content) -> Pairs:
    """Columns, target, rule and quality of a file that keramos completed."""
    schema, target = content.schema, content.schema.target
    lines = [
        ("columns", listed([column.name for column in schema.columns])),
        ("target", f"{target.name}: {target.task}"),
        ("decides", rule_sentence(content.rule)),
    ]
    return [*lines, *_metrics(content.metrics or ())]


def trace_lines(trace: TrainingTrace) -> Pairs:
    """How long, on what, and from which loss to which."""
    first, last = trace.epochs[0], trace.epochs[-1]
    return [
        (
            "training",
            f"{counted(len(trace.epochs), 'epoch')} in {seconds(trace.seconds)} on {trace.backend}",
        ),
        ("loss", f"{first.loss:.4f} to {last.loss:.4f}"),
        ("held-out loss", f"{first.held_out_loss:.4f} to {last.held_out_loss:.4f}"),
    ]


def rule_sentence(rule: DecisionRule) -> str:
    """The decision rule in one sentence, with its interval."""
    return _decides(rule) + _sure(rule)


def _sure(rule: DecisionRule) -> str:
    sure = rule.interval
    if sure is None:
        return ""
    kind = (
        f"± {number(sure.margin)}"
        if rule.kind == "value"
        else f"{sure.size:.2f} labels in a set on average"
    )
    return (
        f"; {sure.level:.0%} interval: {kind}, which held {sure.coverage:.1%} of "
        f"{sure.held_out_rows} held-out rows"
    )


def _decides(rule: DecisionRule) -> str:
    if rule.kind == "threshold":
        low, high = rule.labels
        return f"{high} when its score is at least {number(rule.threshold)}, else {low}"
    if rule.kind == "argmax":
        return f"the one of {len(rule.labels)} classes with the largest score"
    if rule.several:
        listed = ", ".join(rule.several[:_VALUES]) + (
            ", ..." if len(rule.several) > _VALUES else ""
        )
        return f"the predictions are the {len(rule.several)} outputs: {listed}"
    return "the prediction is the output" + (f", in {rule.unit}" if rule.unit else "")


def as_text(title: str, lines: Iterable[tuple[str, str]]) -> str:
    """A title and one pair a line, aligned."""
    given = list(lines)
    width = max((len(name) for name, _ in given), default=0)
    return "\n".join([title, *(f"  {name:<{width}}  {value}" for name, value in given)])


def _metrics(metrics: Sequence[Metric]) -> Pairs:
    return [
        (
            metric.name.replace("_", " "),
            f"{metric.value:.4g} on held-out rows (a constant guess {metric.baseline:.4g})",
        )
        for metric in metrics[:3]
    ]


def _specs(specs: Sequence[TensorSpec]) -> str:
    return listed([f"{one.name} {one.dtype} {shape(one.shape)}" for one in specs])
