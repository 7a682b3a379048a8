"""What a model file holds, without running it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from dataclasses import replace as changed
from math import prod
from typing import TYPE_CHECKING

from keramos.artifact.tensors import stored_file
from keramos.compile.emit import compile_network, output_shapes
from keramos.compile.faults import faults
from keramos.drawing.words import shape
from keramos.errors import ModelError, UnsupportedModelError
from keramos.inference.model import Model
from keramos.inference.summary import as_text, content_lines, file_lines, tensor_lines
from keramos.pipeline.keras_compatibility import plain_keras
from keramos.pipeline.reading import about, named, opened, reader
from keramos.types.artifact import Artifact
from keramos.types.limits import LIMITS
from keramos.types.network import Network
from keramos.types.stored import LayerRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from os import PathLike
    from pathlib import Path

    from keramos.compile.replacements import Replacement
    from keramos.pipeline.model_bytes import Readable
    from keramos.types.limits import Limits
    from keramos.types.network import Layer, TensorSpec
    from keramos.types.stored import StoredFile, StoredTensor

_SHOWN, _MOST = 3, 100  # reasons, and layers in a notebook


@dataclass(frozen=True, slots=True, eq=False)
class Inspection:
    """What a file holds. ``unsupported`` names everything that keeps it from running; empty when it
    runs.

    ``inputs`` and ``outputs`` are known for models that run, and for those of TensorFlow Lite.
    ``plain_keras`` is what current Keras would do with it. ``tensors`` are the arrays of a file
    that is not a complete model: weights alone, an optimizer's, or those of a model of its author's
    own class.
    """

    artifact: Artifact
    layers: tuple[LayerRow, ...]
    unsupported: tuple[str, ...]
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    plain_keras: str
    tensors: tuple[StoredTensor, ...] = ()

    def __repr__(self) -> str:
        """File, inputs, outputs, and what keeps it from running."""
        return as_text("keramos inspection", self._lines())

    def _lines(self) -> list[tuple[str, str]]:
        content = self.artifact.content
        return [
            *file_lines(self.artifact.info),
            *(content_lines(content) if content else tensor_lines(self.inputs, self.outputs)),
            ("layers", f"{len(self.layers)} with {self.parameters:,} numbers"),
            ("plain Keras", self.plain_keras),
            *(("unsupported", reason) for reason in self.unsupported[:_SHOWN]),
        ]

    def _repr_html_(self) -> str:
        from keramos.drawing import notebook  # noqa: PLC0415 (only notebooks draw)
        from keramos.drawing.network_graph import network_graph  # noqa: PLC0415 (only notebooks)

        rows = [
            (layer.name, layer.kind, shape(layer.output or ()), f"{layer.parameters:,}")
            for layer in self.layers
        ]
        shown = notebook.table(("layer", "class", "output", "parameters"), rows[:_MOST])
        more = f"Layers, the first {_MOST} of {len(rows)}" if len(rows) > _MOST else "Layers"
        drawn = notebook.network(network_graph(self.artifact.network, self.layers))
        return notebook.view(
            "keramos inspection",
            notebook.pairs(self._lines()),
            *drawn,
            *([notebook.section(more, shown)] if rows else []),
        )

    @property
    def parameters(self) -> int:
        """Numbers in all weights, or in all arrays of a file that is not a complete model."""
        if self.tensors:
            return sum(prod(tensor.shape) for tensor in self.tensors)
        return sum(layer.parameters for layer in self.layers)


def inspect(
    path: str | PathLike[str] | bytes | Readable | Model,
    *,
    weights: str | PathLike[str] | bytes | Readable | None = None,
    replace: Mapping[str, Replacement] | None = None,
    require_signature: str | Path | None = None,
    by: str | None = None,
    limits: Limits = LIMITS,
) -> Inspection:
    """Describe a model (a path, a URL, bytes, an open file, or one that is loaded), or an
    architecture with its weights.

    Of a file that is not a complete model (weights alone, an optimizer's, a model of its author's
    own class) the arrays are listed.

    With ``require_signature`` (a file with a public key) only files signed with its private key are
    read. ``replace``: what layers that hold code compute, by name, as for ``load``; ``by``
    chooses what is read, as there.

    Raises:
        ModelError: it cannot be read.
        UsageError: a replacement is wrong, or ``by`` asks for what the form does not hold.
    """
    if isinstance(path, Model):
        return describe(path.artifact, limits)
    signed = require_signature is not None
    name, beside, source_of = named(path, weights, reader(require_signature), signed=signed)
    try:
        artifact = opened(
            name, weights=beside, replacements=replace, limits=limits, source_of=source_of, by=by
        )
    except UnsupportedModelError:
        with about(name):
            stored = stored_file(name, limits=limits, source_of=source_of)
        if stored is None or weights is not None or by is not None:
            raise
        return describe_stored(stored)
    with about(name):
        return describe(artifact, limits)


def describe_stored(stored: StoredFile) -> Inspection:
    """The same for a file that is not a model that runs."""
    nothing = Network("", {}, (), (), ())
    return Inspection(
        Artifact(nothing, stored.info),
        stored.outline.layers,
        (stored.reason,),
        stored.outline.inputs,
        stored.outline.outputs,
        "does not open it as a model",
        stored.tensors,
    )


def describe(artifact: Artifact, limits: Limits = LIMITS) -> Inspection:
    """The same for a file that is read already."""
    network = artifact.network
    unsupported, shapes, ends = tuple(map(str, faults(network))), {}, None
    try:
        if not unsupported:
            shapes = dict(_shapes(network, limits, ""))
            ends = compile_network(network, limits=limits)
    except ModelError as error:
        unsupported = (str(error),)
    rows = tuple(changed(row, output=shapes.get(row.name)) for row in _network_rows(network, ""))
    return Inspection(
        artifact,
        rows,
        unsupported,
        ends.inputs if ends else (),
        ends.outputs if ends else (),
        plain_keras(artifact),
    )


def _shapes(
    network: Network, limits: Limits, prefix: str
) -> Iterator[tuple[str, tuple[int | None, ...]]]:
    """What each layer gives, nested ones by their path; a nested model whose inputs have no shape
    of their own has none.
    """
    for name, found in output_shapes(network, limits).items():
        yield f"{prefix}{name}", found
    for layer in network.layers.values():
        if layer.network is not None:
            with suppress(ModelError):
                yield from _shapes(layer.network, limits, f"{prefix}{layer.name}/")


def _network_rows(network: Network, prefix: str) -> Iterator[LayerRow]:
    for layer in network.layers.values():
        yield from _rows(layer, prefix)


def _rows(layer: Layer, prefix: str) -> Iterator[LayerRow]:
    name = prefix + layer.name
    shapes = tuple(tuple(weight.shape) for weight in layer.weights)
    kind = layer.kind if layer.replacement is None else f"replaced by {layer.replacement}"
    if layer.network is not None:
        kind = "Sequential" if layer.network.sequential else "Functional"
    yield LayerRow(name, kind, shapes, sum(int(weight.size) for weight in layer.weights))
    if layer.network is not None:
        yield from _network_rows(layer.network, f"{name}/")
    for inner in layer.inner:
        yield from _rows(inner, f"{name}/")
