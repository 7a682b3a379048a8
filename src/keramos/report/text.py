"""Parcels as text: the data flow, the training trace, the file, the quality. Every number comes from the parcel."""

from __future__ import annotations

from textwrap import shorten, wrap
from typing import TYPE_CHECKING

from keramos.report.chart import lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.types.artifact import Artifact, Content
    from keramos.types.training import Epoch, Metric, TrainingTrace


def data_flow(content: Content, width: int = 100) -> list[str]:
    """The five stages, each with its shape before and after, and one held-out row on its way."""
    source, prep, trace = content.provenance, content.preparation, content.trace
    columns, features = len(content.schema.columns), len(prep.features)
    outputs = max(len(content.rule.labels), 1) if content.rule.kind == "argmax" else 1
    held = f"{source.training_rows} training rows + {source.held_out_rows} held-out rows"
    scale = "0 to 1" if prep.scaling == "minmax" else "mean 0, deviation 1"
    golden = content.golden.outputs[0]
    stages = [
        (
            "Data collection",
            f"{source.source} -> {source.rows} rows x {columns} columns + target",
            _pairs(content.sample.raw),
        ),
        (
            "Preprocessing",
            f"{source.rows} x {columns} -> {source.rows} x {features} ({scale}; {held})",
            _prepared(content),
        ),
        (
            "Model training",
            (
                f"{source.training_rows} x {features} -> {' -> '.join(map(str, trace.plan.hidden))} -> {outputs} "
                f"({trace.parameters:,} weights, {len(trace.epochs)} epochs x {_steps(content)} steps)"
            ),
            f"loss {trace.epochs[0].loss:.4f} -> {trace.epochs[-1].loss:.4f}",
        ),
        (
            "Model persistence",
            f"preparation + network + rule + {len(content.golden.outputs)} golden rows -> one Keras file",
            "first golden row answers " + ", ".join(f"{value:.6g}" for value in golden),
        ),
        ("Model deployment", f"1 x {columns} raw values -> 1 x {outputs} score -> decision", content.rule.origin),
    ]
    shown: list[str] = []
    for number, (title, shape, sample) in enumerate(stages, 1):
        shown += [
            f"{number}. {title}: {shape}",
            *wrap(sample, width - 6, initial_indent=" " * 6, subsequent_indent=" " * 6),
        ]
    return shown


def _steps(content: Content) -> int:
    return -(-content.provenance.training_rows // content.trace.plan.batch_size)


def _pairs(pairs: Sequence[tuple[str, str]]) -> str:
    return "; ".join(f"{name}={value or '(missing)'}" for name, value in pairs)


def _prepared(content: Content) -> str:
    """The prepared row; of one-hot levels only the one that is set."""
    levels = {
        name for column in content.preparation.inputs if column.categories for name in _levels(content, column.input)
    }
    kept = [(name, f"{value:.4g}") for name, value in content.sample.prepared if value or name not in levels]
    return _pairs(kept)


def _levels(content: Content, column: str) -> list[str]:
    return [name for name in content.preparation.features if name.startswith(f"{column}=")]


def epoch_line(epoch: Epoch, trace_metric: str) -> str:
    """One epoch as one line."""
    return (
        f"epoch {epoch.number:>3}  loss {epoch.loss:.4f} / {epoch.held_out_loss:.4f}  "
        f"{trace_metric} {epoch.metric:.4g} / {epoch.held_out_metric:.4g}  {epoch.observation}"
    )


def training_trace(trace: TrainingTrace) -> list[str]:
    """A table of epochs with observations, and a chart of the loss."""
    head = f"{'epoch':>5}  {'loss':>8} {'held-out':>9}  {_short(trace.metric):>9} {'held-out':>9}  observation"
    rows = [_epoch_row(epoch) for epoch in trace.epochs]
    shown = [f"loss is {trace.loss}; training and held-out rows", head, *rows]
    if len(trace.epochs) > 1:
        chart = [("training", [e.loss for e in trace.epochs]), ("held-out", [e.held_out_loss for e in trace.epochs])]
        shown += ["", "loss by epoch (t training, h held-out, * both)", *lines(chart)]
    return shown


def _epoch_row(e: Epoch) -> str:
    numbers = f"{e.number:>5}  {e.loss:>8.4f} {e.held_out_loss:>9.4f}  {e.metric:>9.4g} {e.held_out_metric:>9.4g}"
    return f"{numbers}  {e.observation}"


def _short(metric: str) -> str:
    return {"mean_absolute_error": "mae"}.get(metric, metric)


def quality(metrics: Sequence[Metric]) -> list[str]:
    """Each metric beside what a constant guess reaches."""
    shown = [f"{'on held-out rows':<18} {'model':>10} {'guess':>10}"]
    for metric in metrics:
        better = metric.value > metric.baseline if metric.better == "higher" else metric.value < metric.baseline
        mark = "" if better else "   not better than guessing"
        shown.append(f"{metric.name:<18} {metric.value:>10.4f} {metric.baseline:>10.4f}{mark}")
    return shown


def file_card(artifact: Artifact) -> list[str]:
    """Size, format, what is inside, digest."""
    info = artifact.info
    kind = {"hdf5": "HDF5 (.h5)", "zip": "zip archive (.keras)", "json": "JSON"}[info.container]
    layers = [layer.kind for layer in artifact.network.layers.values() if layer.kind != "InputLayer"]
    parts = [("file", info.path), ("size", f"{info.size:,} bytes"), ("format", f"Keras {info.keras_version}, {kind}")]
    parts.append(("layers", shorten(f"{len(layers)}: {', '.join(layers)}", 88, placeholder=" ...")))
    if artifact.content is not None:
        parts.append(("beside them", _inside(artifact.content)))
        parts.append(("seal", artifact.seal + (f" ({artifact.seal_detail})" if artifact.seal_detail else "")))
    parts.append(("sha256", info.sha256))
    return [f"{name:<12} {value}" for name, value in parts]


def _inside(content: Content) -> str:
    return (
        f"schema of {len(content.schema.columns)} columns, decision rule, {len(content.trace.epochs)} epochs, "
        f"{len(content.metrics)} metrics, {len(content.golden.outputs)} golden rows, provenance"
    )
