"""A model file -> its view: the values that pages, reports and terminals show."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from keramos.drawing.network_graph import network_graph
from keramos.drawing.words import brief, counted, interval, listed, seconds, shape, size
from keramos.errors import KeramosError
from keramos.inference.summary import rule_sentence
from keramos.report.views import columns, plain
from keramos.report.views.absent import absent
from keramos.report.views.flow import stages
from keramos.report.views.proof import proof
from keramos.report.views.quality import quality
from keramos.report.views.snippets import snippets
from keramos.report.views.studies import studies
from keramos.types.view import LayerLine, ModelView

if TYPE_CHECKING:
    from keramos.pipeline.inspect import Inspection
    from keramos.types.artifact import Artifact, Content
    from keramos.types.network import TensorSpec
    from keramos.types.serving import Predictor
    from keramos.types.view import Field, Pair, Quality, Snippet

_TASKS = {
    "binary": "Decides whether {target} is {positive}, from {columns}.",
    "multiclass": "Decides which {target} it is: {classes}; from {columns}.",
    "regression": "Estimates {target}{unit} from {columns}.",
}


def model_view(found: Inspection, model: Predictor | None, name: str) -> ModelView:
    """The view of a file. ``model`` is None for a file that cannot run; nothing is computed."""
    artifact, content = found.artifact, found.artifact.content
    kinds = [row.kind for row in found.layers]
    dropped = content.schema.dropped if content else ()
    return ModelView(
        name=name,
        purpose=_purpose(content)
        if content
        else plain.purpose(artifact.network, kinds, found.tensors),
        facts=_facts(found, content, model),
        stages=stages(artifact, content) if content else (),
        trace=content.trace if content else None,
        quality=_quality(content) if content else None,
        columns=columns.cards(content) if content else (),
        dropped=tuple((item.name, item.reason) for item in dropped),
        fields=_fields(content, model),
        rule=rule_sentence(content.rule) if content else "",
        proof=proof(found, model),
        layers=_layers(found),
        graph=network_graph(artifact.network, found.layers),
        tensors=found.tensors,
        parameters=found.parameters,
        inputs=_specs(found.inputs),
        outputs=_specs(found.outputs),
        snippets=_snippets(name, model) if model else (),
        absent=absent(content),
        plain=content is None,
        unsupported=found.unsupported,
    )


def _quality(content: Content) -> Quality | None:
    """Quality, with what was measured beside the metrics."""
    found = quality(content)
    return replace(found, studies=studies(content, found)) if found else None


def headline(artifact: Artifact) -> tuple[str, tuple[Pair, ...]]:
    """The purpose of a file and its first facts, for lists of models; nothing is run."""
    content = artifact.content
    facts = (*_quality_facts(content), ("file", size(artifact.info.size)))
    kinds = [layer.kind for layer in artifact.network.layers.values()]
    return (_purpose(content) if content else plain.purpose(artifact.network, kinds)), facts


def _purpose(content: Content) -> str:
    target = content.schema.target
    classes = [str(label) for label in target.classes]
    return _TASKS[target.task].format(
        target=target.name,
        positive=classes[1] if target.task == "binary" else "",
        classes=listed(classes),
        unit=f" in {target.unit}" if target.unit else "",
        columns=counted(len(content.schema.columns), "column"),
    )


def _facts(found: Inspection, content: Content | None, model: Predictor | None) -> tuple[Pair, ...]:
    info = found.artifact.info
    facts = [
        *_quality_facts(content),
        ("weights", f"{found.parameters:,}"),
        ("file", size(info.size)),
    ]
    if model is not None:
        proven = content is not None and content.golden is not None
        facts.append(
            ("loaded and proven in" if proven else "loaded in", seconds(model.load_seconds))
        )
    facts.append(("format", plain.written_by(info)))
    return tuple(facts)


def _quality_facts(content: Content | None) -> list[Pair]:
    if content is None or content.metrics is None:
        return []
    first = content.metrics[0]
    facts = [
        (f"{first.name}, held out", brief(first.value)),
        ("95 % interval", interval(first)),
        ("a constant guess", brief(first.baseline)),
    ]
    return [fact for fact in facts if fact[1]]


def _fields(content: Content | None, model: Predictor | None) -> tuple[Field, ...]:
    if content is not None:
        return columns.fields(content)
    return plain.fields(model.inputs) if model else ()


def _layers(found: Inspection) -> tuple[LayerLine, ...]:
    return tuple(
        LayerLine(
            row.name,
            row.kind,
            "" if row.output is None else shape(row.output),
            row.parameters,
            ", ".join(shape(weight) for weight in row.weights),
        )
        for row in found.layers
    )


def _specs(specs: tuple[TensorSpec, ...]) -> tuple[Pair, ...]:
    return tuple((spec.name, f"{spec.dtype} {shape(spec.shape)}") for spec in specs)


def _snippets(name: str, model: Predictor) -> tuple[Snippet, ...]:
    """Client code; none where the model refuses the file's own sample row."""
    content = model.content
    if content is None:
        return snippets(name, model, plain.arrays({}, model.inputs))
    try:
        fed = model.feeds([columns.typed_row(columns.example_row(content), content)])
    except KeramosError:
        return ()
    return snippets(name, model, fed)
