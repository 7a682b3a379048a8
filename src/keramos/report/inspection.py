"""A model file's inspection as text and as JSON values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from keramos.report.text import file_card, quality

if TYPE_CHECKING:
    from keramos.pipeline.inspect import Inspection


def as_text(found: Inspection) -> list[str]:
    """The file, a table of layers, what cannot run, and the quality where the file holds it."""
    network = found.artifact.network
    width = max(len(row.name) for row in found.layers)
    shown = [*file_card(found.artifact), ""]
    shown.append(f"{'layer':<{width}}  {'class':<20} {'output':<18} {'parameters':>12}  weights")
    for row in found.layers:
        shapes = ", ".join(_shape(shape) or "scalar" for shape in row.weights)
        output = "" if row.output is None else _shape(row.output)
        shown.append(f"{row.name:<{width}}  {row.kind:<20} {output:<18} {row.parameters or '':>12}  {shapes}".rstrip())
    shown.append(f"{found.parameters:,} parameters")
    for title, specs, refs in (("inputs", found.inputs, network.inputs), ("outputs", found.outputs, network.outputs)):
        listed = [f"{spec.name} {spec.dtype} {_shape(spec.shape)}" for spec in specs] or [ref.layer for ref in refs]
        shown.append(f"{title}: " + ", ".join(listed))
    shown.append(f"plain Keras {found.plain_keras}")
    if found.unsupported:
        shown += ["", "cannot run, because:", *(f"  - {reason}" for reason in found.unsupported)]
    if found.artifact.content is not None:
        shown += ["", *quality(found.artifact.content.metrics)]
    return shown


def _shape(shape: tuple[int | None, ...]) -> str:
    return " x ".join("?" if size is None else str(size) for size in shape)


def as_dict(found: Inspection) -> dict[str, object]:
    """The same facts as JSON values."""
    network = found.artifact.network
    return {
        "file": msgspec.to_builtins(found.artifact.info),
        "layers": msgspec.to_builtins(found.layers),
        "parameters": found.parameters,
        "inputs": msgspec.to_builtins(found.inputs) or [{"name": ref.layer} for ref in network.inputs],
        "outputs": msgspec.to_builtins(found.outputs) or [{"name": ref.layer} for ref in network.outputs],
        "plain_keras": found.plain_keras,
        "unsupported": list(found.unsupported),
        "seal": found.artifact.seal,
        "content": msgspec.to_builtins(found.artifact.content),
    }
