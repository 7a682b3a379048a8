"""The five stages from a table to a decision, with shapes and one held-out row in each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.drawing.words import counted, seconds, size
from keramos.inference.summary import rule_sentence
from keramos.types.view import Stage

if TYPE_CHECKING:
    from keramos.types.artifact import Artifact, Content
    from keramos.types.view import Pair

_SCALES = {"minmax": "numbers scaled to 0-1", "standard": "numbers scaled to mean 0, deviation 1"}


def stages(artifact: Artifact, content: Content) -> tuple[Stage, ...]:
    """Data collection, preprocessing, training, persistence, deployment."""
    return (
        _collection(content),
        _preprocessing(content),
        _training(content),
        _persistence(artifact, content),
        _deployment(content),
    )


def _rows(content: Content) -> str:
    return f"{content.provenance.rows:,}" if content.provenance else "?"


def _collection(content: Content) -> Stage:
    columns, target = len(content.schema.columns), content.schema.target
    raw = content.sample.raw if content.sample else ()
    return Stage(
        "Data collection",
        content.provenance.source if content.provenance else "a table (not recorded)",
        f"{_rows(content)} rows x {columns} columns + target",
        f"target '{target.name}': {target.task}",
        tuple((name, value or "(missing)") for name, value in raw),
    )


def _preprocessing(content: Content) -> Stage:
    preparation, source = content.preparation, content.provenance
    columns, rows = len(content.schema.columns), _rows(content)
    note = _SCALES[preparation.scaling]
    if source is not None:
        note += (
            f", learned from {source.training_rows:,} training rows; "
            f"{source.held_out_rows:,} rows held out"
        )
    return Stage(
        "Preprocessing",
        f"{rows} x {columns}",
        f"{rows} x {len(preparation.features) or columns}",
        note if preparation.features else "not recorded: columns enter the network as they are",
        prepared(content),
    )


def _training(content: Content) -> Stage:
    source, trace = content.provenance, content.trace
    features = len(content.preparation.features) or len(content.schema.columns)
    before = f"{source.training_rows:,} x {features}" if source else f"? x {features}"
    if trace is None:
        return Stage("Model training", before, "network", "not recorded", ())
    network = " x ".join(map(str, (features, *trace.plan.hidden, content.rule.units)))
    note = f"{trace.parameters:,} weights, {counted(len(trace.epochs), 'epoch')}"
    if source is not None:
        note += f" x {-(-source.training_rows // max(trace.plan.batch_size, 1))} steps"
    losses = (
        ("loss, first epoch", f"{trace.epochs[0].loss:.4f}"),
        ("loss, last epoch", f"{trace.epochs[-1].loss:.4f}"),
    )
    return Stage(
        "Model training",
        before,
        f"{network} network",
        f"{note} in {seconds(trace.seconds)}",
        losses,
    )


def _persistence(artifact: Artifact, content: Content) -> Stage:
    golden, note = content.golden, "with digests of content and weights"
    first: tuple[Pair, ...] = ()
    if golden is not None:
        note = f"with {counted(len(golden.outputs), 'reference prediction')}, re-checked at load"
        answers = ", ".join(f"{value:.6g}" for value in golden.outputs[0])
        first = (("first reference prediction", answers),)
    return Stage(
        "Model persistence",
        "preparation + network + rule",
        f"one Keras file, {size(artifact.info.size)}",
        note,
        first,
    )


def _deployment(content: Content) -> Stage:
    scores = f"{counted(content.rule.units, 'score')}, then a decision"
    return Stage(
        "Model deployment",
        f"1 x {len(content.schema.columns)} raw values",
        scores if content.rule.kind != "value" else counted(content.rule.units, "value"),
        content.rule.origin,
        (("rule", rule_sentence(content.rule)),),
    )


def prepared(content: Content) -> tuple[Pair, ...]:
    """The sample row as the network sees it; of one-hot categories only the one that is set."""
    if content.sample is None:
        return ()
    levels = {item.input for item in content.preparation.inputs if item.categories}
    return tuple(
        (name, f"{value:.4g}")
        for name, value in content.sample.prepared
        if value or not ("=" in name and any(name.startswith(f"{level}=") for level in levels))
    )
