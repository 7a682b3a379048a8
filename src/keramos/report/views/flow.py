"""The five stages from a table to a decision, with shapes and one held-out row on its way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.report.views.words import counted, number, seconds, size
from keramos.types.view import Stage

if TYPE_CHECKING:
    from keramos.types.artifact import Artifact, Content
    from keramos.types.view import Pair

_SCALES = {"minmax": "numbers scaled to 0-1", "standard": "numbers scaled to mean 0, deviation 1"}


def stages(artifact: Artifact, content: Content) -> tuple[Stage, ...]:
    """Data collection, preprocessing, training, persistence, deployment."""
    return (*_learned(content), *_kept(artifact, content))


def _learned(content: Content) -> tuple[Stage, ...]:
    source, prep, trace = content.provenance, content.preparation, content.trace
    columns, features, units = (
        len(content.schema.columns),
        len(prep.features),
        len(content.golden.outputs[0]),
    )
    network = " x ".join(map(str, (features, *trace.plan.hidden, units)))
    steps = -(-source.training_rows // max(trace.plan.batch_size, 1))
    first, last = trace.epochs[0].loss, trace.epochs[-1].loss
    return (
        Stage(
            "Data collection",
            source.source,
            f"{source.rows:,} rows x {columns} columns + target",
            f"target '{content.schema.target.name}': {content.schema.target.task}",
            tuple((name, value or "(missing)") for name, value in content.sample.raw),
        ),
        Stage(
            "Preprocessing",
            f"{source.rows:,} x {columns}",
            f"{source.rows:,} x {features}",
            f"{_SCALES[prep.scaling]}, learned from {source.training_rows:,} training rows; "
            f"{source.held_out_rows:,} rows held out",
            prepared(content),
        ),
        Stage(
            "Model training",
            f"{source.training_rows:,} x {features}",
            f"{network} network",
            f"{trace.parameters:,} weights, {len(trace.epochs)} epochs x {steps} steps in "
            f"{seconds(trace.seconds)}",
            (("loss, first epoch", f"{first:.4f}"), ("loss, last epoch", f"{last:.4f}")),
        ),
    )


def _kept(artifact: Artifact, content: Content) -> tuple[Stage, ...]:
    golden = content.golden.outputs
    return (
        Stage(
            "Model persistence",
            "preparation + network + rule",
            f"one Keras file, {size(artifact.info.size)}",
            f"with {len(golden)} golden rows that prove it at every load",
            (("first golden row answers", ", ".join(f"{value:.6g}" for value in golden[0])),),
        ),
        Stage(
            "Model deployment",
            f"1 x {len(content.schema.columns)} raw values",
            f"{counted(len(golden[0]), 'score')}, then a decision"
            if content.rule.kind != "value"
            else "1 value",
            content.rule.origin,
            (("rule", rule_sentence(content)),),
        ),
    )


def prepared(content: Content) -> tuple[Pair, ...]:
    """The sample row as the network sees it; of one-hot levels only the one that is set."""
    levels = {item.input for item in content.preparation.inputs if item.categories}
    return tuple(
        (name, f"{value:.4g}")
        for name, value in content.sample.prepared
        if value or not ("=" in name and any(name.startswith(f"{level}=") for level in levels))
    )


def rule_sentence(content: Content) -> str:
    """The decision rule in one sentence."""
    rule = content.rule
    if rule.kind == "threshold":
        return (
            f"{rule.labels[1]} when its score is at least {number(rule.threshold)}, else "
            f"{rule.labels[0]}"
        )
    if rule.kind == "argmax":
        return f"the one of {len(rule.labels)} classes with the largest score"
    return "the output is the answer" + (f", in {rule.unit}" if rule.unit else "")
