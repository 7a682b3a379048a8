"""Why a model answers what it answers: each layer's output for one row, and which inputs moved the
answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.emit import compile_network
from keramos.inference.occlusion import answered, occlusion
from keramos.inference.seen import seen_of
from keramos.keras_layers.registry import spec_of
from keramos.prepare.front import front
from keramos.runtime.session import Session
from keramos.tabular.cell import show
from keramos.tabular.float32 import in_own_unit
from keramos.tabular.kinds import KINDS
from keramos.types.network import TensorRef
from keramos.types.prediction import TraceStep
from keramos.types.schema import MATRIX_INPUT, MISSING_INTEGER, MISSING_TEXT
from keramos.types.seen import SeenPicture
from keramos.types.view import Activation, Explanation, Influence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from keramos.types.artifact import Content
    from keramos.types.network import Network
    from keramos.types.prediction import Decision, Feeds
    from keramos.types.schema import ColumnPreparation
    from keramos.types.serving import Predictor

_SHOWN_LAYERS = 32
_SHOWN_SCORES = 5


class Explainer:
    """Explains answers of one model; it compiles the network once more, with an output for each
    layer.
    """

    def __init__(self, model: Predictor) -> None:
        network, content = model.artifact.network, model.content
        hidden = _inside_front(content) if content else frozenset()
        calls = [ref for ref in _calls(network) if ref.layer not in hidden]
        half = _SHOWN_LAYERS // 2
        self.shown = calls if len(calls) <= _SHOWN_LAYERS else [*calls[:half], *calls[-half:]]
        self.skipped = len(calls) - len(self.shown)
        self._kinds = [network.layers[ref.layer].kind for ref in self.shown]
        watched = replace(network, outputs=tuple(self.shown), output_structure=None)
        self._session = (
            Session(compile_network(watched, runtime_checks=False)) if self.shown else None
        )

    def row(
        self, model: Predictor, row: Mapping[str, object], *, where: bool = False
    ) -> Explanation:
        """One row by column name, for files with a schema; with ``where`` also where a picture
        mattered.

        Raises:
            RowError: the row breaks a rule of the schema.
            UsageError: the file holds no schema.
        """
        trace = model.trace(row)
        content = model.content
        if content is None:  # trace has refused such a file
            return self.arrays(model, model.feeds([row]))
        fed = model.feeds([row])
        influences, answer = _influences(model, content, fed, row)
        load = replace(trace.steps[0], lines=_load_lines(model))
        seen = seen_of(content, row, trace.decision)
        wanted = where and isinstance(seen, SeenPicture)
        return Explanation(
            (load, *trace.steps[1:]),
            self._activations(fed),
            self.skipped,
            influences,
            answer,
            scores=_largest(trace.decision, content),
            seen=seen,
            occlusion=occlusion(model, content, fed) if wanted else None,
        )

    def arrays(self, model: Predictor, fed: Feeds) -> Explanation:
        """One row as arrays by input name, for any file."""
        begun = perf_counter()
        outputs = model.run(fed)
        seconds = perf_counter() - begun
        given = tuple((name, _summary(array[0])) for name, array in fed.items())
        answers = tuple(
            (spec.name, _summary(array[0] if array.ndim else array))
            for spec, array in zip(model.outputs, outputs, strict=True)
        )
        steps = (
            TraceStep("load saved model", model.load_seconds, _load_lines(model)),
            TraceStep("input new data", 0.0, given),
            TraceStep("model prediction", seconds, answers),
            TraceStep("decision", 0.0, (("rule", "none: the file holds no decision rule"),)),
        )
        return Explanation(steps, self._activations(fed), self.skipped, (), "")

    def _activations(self, fed: Feeds) -> tuple[Activation, ...]:
        if self._session is None:
            return ()
        outputs = self._session.run(fed)
        return tuple(
            Activation(ref.layer, kind, array[0] if array.ndim and len(array) == 1 else array)
            for ref, kind, array in zip(self.shown, self._kinds, outputs, strict=True)
        )


def _calls(network: Network) -> Iterator[TensorRef]:
    """The first output of each call that changes something, in order."""
    seen: dict[str, int] = {}
    for call in network.calls:
        node = seen.get(call.layer, 0)
        seen[call.layer] = node + 1
        spec = spec_of(network.layers[call.layer].kind)
        if spec is None or spec.visible:
            yield TensorRef(call.layer, node)


def _inside_front(content: Content) -> frozenset[str]:
    """Layers of the recorded preparation but the last, which gives what the network sees."""
    if not content.preparation.features:
        return frozenset()
    return frozenset(call.layer for call in front(content.preparation).calls[:-1])


def _load_lines(model: Predictor) -> tuple[tuple[str, str], ...]:
    """The file by name alone: clients of a server do not see in which folder it is."""
    info = model.artifact.info
    return (
        ("file", f"{Path(info.path).name} ({info.size:,} bytes)"),
        ("sha256", info.sha256),
        ("format", f"Keras {info.keras_version or 'of unknown version'}"),
    )


def _summary(array: NDArray[np.generic]) -> str:
    shape = " x ".join(map(str, array.shape)) or "one value"
    cells = array.reshape(-1)
    first = ", ".join(
        f"{cell:.5g}" if isinstance(cell, float) else str(cell) for cell in cells[:8].tolist()
    )
    return f"{shape}: {first}{' ...' if cells.size > 8 else ''}"  # noqa: PLR2004 (as many as fit a line)


def _influences(
    model: Predictor, content: Content, fed: Feeds, row: Mapping[str, object]
) -> tuple[tuple[Influence, ...], str]:
    """Occlusion: one column after the other gets what training rows usually had; all such rows in
    one run.
    """
    if not all(item.histogram.counts for item in content.preparation.inputs):
        return (), ""  # the file records no training values to compare with
    columns = [column.name for column in content.schema.columns]
    many = {name: np.repeat(array, len(columns) + 1, axis=0) for name, array in fed.items()}
    usual = {}
    for place, name in enumerate(columns, 1):
        inputs = [
            (at, item) for at, item in enumerate(content.preparation.inputs) if item.column == name
        ]
        for at, item in inputs:
            if content.preparation.matrix:
                many[MATRIX_INPUT][place, at] = item.median
            else:
                many[item.input][place] = _usual(item)
        usual[name] = ", ".join(_said(item) for _, item in inputs)
    scores = model.run(many)[0].reshape(len(columns) + 1, -1).astype(float)
    unit, answer = answered(scores[0], content)
    found = [
        Influence(
            name, _cell(row.get(name)), usual[name], float(scores[0, unit] - scores[place, unit])
        )
        for place, name in enumerate(columns, 1)
    ]
    return tuple(sorted(found, key=lambda one: -abs(one.change))), answer


def _largest(decision: Decision, content: Content) -> tuple[tuple[str, float], ...]:
    """The largest scores of a choice among several labels."""
    labels = content.rule.labels
    if content.rule.kind != "argmax" or len(labels) != len(decision.scores):
        return ()
    pairs = zip(map(str, labels), decision.scores, strict=True)
    return tuple(sorted(pairs, key=lambda pair: -pair[1])[:_SHOWN_SCORES])


def _usual(item: ColumnPreparation) -> str | int | float | bytes:
    """The training median; of categories the most frequent one."""
    if not KINDS[item.kind].is_category:
        return item.median
    if item.missing_rows > max(item.histogram.counts):
        return KINDS[item.kind].null_code
    return item.categories[0]  # the vocabulary is ordered by frequency


def _said(item: ColumnPreparation) -> str:
    usual = _usual(in_own_unit(item))
    if usual in (MISSING_TEXT, MISSING_INTEGER):
        return "missing"
    if item.kind == "boolean":
        return "true" if usual else "false"
    return f"{usual:.6g}" if isinstance(usual, float) else str(usual)


def _cell(value: object) -> str:
    if isinstance(value, (bytes, bytearray, Mapping)):
        return show(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return (
        "missing"
        if value is None or value == ""
        else f"{value:.6g}"
        if isinstance(value, float)
        else str(value)
    )
