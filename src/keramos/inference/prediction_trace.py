"""The four steps from a saved file to the decision about one row."""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter
from typing import TYPE_CHECKING, Protocol, cast

from keramos.compile.emit import compile_network
from keramos.prepare.front import front
from keramos.runtime.decide import decide
from keramos.runtime.session import Session
from keramos.tabular.cell import show
from keramos.tabular.host_kind import HostKind
from keramos.tabular.kinds import KINDS
from keramos.types.prediction import PredictionTrace, TraceStep

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from keramos.inference.row_warnings import RowWarnings
    from keramos.types.artifact import Artifact, Content
    from keramos.types.prediction import Decision, Feeds
    from keramos.types.schema import ColumnSchema

    Lines = tuple[tuple[str, str], ...]
    Row = Mapping[str, object]


class _DrawnTrace(PredictionTrace, frozen=True):
    """A trace that notebooks draw."""

    def _repr_html_(self) -> str:
        from keramos.drawing import notebook  # noqa: PLC0415 (only notebooks draw)

        steps = [
            notebook.section(
                f"{number}. {step.title} ({step.seconds * 1e6:,.0f} µs)", notebook.pairs(step.lines)
            )
            for number, step in enumerate(self.steps, 1)
        ]
        return notebook.view("keramos prediction trace", *steps)


class Traceable(Protocol):
    """A loaded model. ``front`` computes prepared rows, once a trace has made it."""

    artifact: Artifact
    load_seconds: float
    front: Session | None

    @property
    def watch(self) -> RowWarnings:
        """What finds the warnings of rows."""

    def feeds(self, x: object) -> Feeds:
        """What ``run`` takes."""

    def run(self, fed: Feeds) -> list[NDArray[np.generic]]:
        """The outputs."""


def traced(model: Traceable, row: Row, content: Content) -> PredictionTrace:
    """The trace of one row, with the time of each step."""
    begun = perf_counter()
    fed = model.feeds([row])
    prepared = _prepared(model, fed, content)
    ready = perf_counter()
    output = model.run(fed)[0]
    answered = perf_counter()
    decision = decide(output, content.rule)[0]
    decided = perf_counter()
    (decision,) = model.watch.added([decision], fed)
    lines = (
        ("rule", decision.rule),
        ("decision", _say(decision.label)),
        *(("warning", words) for words in decision.warnings),
    )
    return _DrawnTrace(
        (
            TraceStep("load saved model", model.load_seconds, _load_lines(model)),
            TraceStep("input new data", ready - begun, _input_lines(row, content, prepared)),
            TraceStep("model prediction", answered - ready, _output_lines(decision, content)),
            TraceStep("decision", decided - answered, lines),
        ),
        decision,
    )


def _prepared(model: Traceable, fed: Feeds, content: Content) -> NDArray[np.generic] | None:
    """The prepared row, shape (features,); None where the network prepares it.

    Only traces compute it apart from the answer.
    """
    if not content.preparation.features:
        return None
    if model.front is None:
        model.front = Session(compile_network(front(content.preparation)))
    prepared: NDArray[np.generic] = model.front.run(fed)[0][0]
    return prepared


def _load_lines(model: Traceable) -> Lines:
    info = model.artifact.info
    return (
        ("file", f"{info.path} ({info.size:,} bytes, {info.container})"),
        ("sha256", info.sha256),
        ("format", f"Keras {info.keras_version}, keramos content {model.artifact.seal}"),
    )


def _say(value: object) -> str:
    if isinstance(value, (bytes, bytearray, Mapping)):
        return show(value)
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _raw(value: object, column: ColumnSchema) -> str:
    """A cell of a row; of a picture or a series how large it is."""
    kind = KINDS[column.kind]
    cell = kind.read(value) if isinstance(kind, HostKind) and column.kind != "text" else None
    if isinstance(kind, HostKind) and isinstance(cell, (bytes, list)):
        return kind.shown(cell)
    return _say(value)


def _input_lines(row: Row, content: Content, prepared: NDArray[np.generic] | None) -> Lines:
    raw = ", ".join(
        f"{column.name}={_raw(row.get(column.name), column)}" for column in content.schema.columns
    )
    if prepared is None:
        seen = tuple(_seen_by_host(row, content))
        return (("raw", raw), *(seen or (("prepared", "by the layers of the network"),)))
    names = content.preparation.features
    values = cast("list[float]", prepared.tolist())
    shown = ", ".join(
        f"{name}={value:.4g}"
        for name, value in zip(names, values, strict=True)
        if value or "=" not in name
    )
    return (("raw", raw), (f"prepared ({len(values)} values)", shown))


def _seen_by_host(row: Row, content: Content) -> Iterator[tuple[str, str]]:
    """What the network sees of cells that only the host prepares."""
    for column in content.preparation.inputs:
        kind = KINDS[column.kind]
        if isinstance(kind, HostKind):
            yield from kind.seen(row.get(column.column), column)


def _output_lines(decision: Decision, content: Content) -> Lines:
    if content.rule.several:
        return tuple(
            (name, f"{value:.6g}")
            for name, value in zip(content.rule.several, decision.scores, strict=True)
        )
    classes = content.schema.target.classes
    if len(decision.scores) == len(classes):
        return tuple(
            (f"score of {name}", f"{score:.6g}")
            for name, score in zip(classes, decision.scores, strict=True)
        )
    name = f"score of {classes[1]}" if classes else "value"
    return ((name, f"{decision.score:.6g}"),)
