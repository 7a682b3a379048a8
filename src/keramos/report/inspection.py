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
    shown.append(f"{'layer':<{width}}  {'class':<20} {'parameters':>12}  weights")
    for row in found.layers:
        shapes = ", ".join("x".join(map(str, shape)) or "scalar" for shape in row.weights)
        shown.append(f"{row.name:<{width}}  {row.kind:<20} {row.parameters or '':>12}  {shapes}".rstrip())
    shown.append(f"{found.parameters:,} parameters")
    for title, refs in (("inputs", network.inputs), ("outputs", network.outputs)):
        shown.append(f"{title}: " + ", ".join(ref.layer for ref in refs))
    if found.unsupported:
        shown += ["", "cannot run, because:", *(f"  - {reason}" for reason in found.unsupported)]
    if found.artifact.content is not None:
        shown += ["", *quality(found.artifact.content.metrics)]
    return shown


def as_dict(found: Inspection) -> dict[str, object]:
    """The same facts as JSON values."""
    network = found.artifact.network
    return {
        "file": msgspec.to_builtins(found.artifact.info),
        "layers": msgspec.to_builtins(found.layers),
        "parameters": found.parameters,
        "inputs": [ref.layer for ref in network.inputs],
        "outputs": [ref.layer for ref in network.outputs],
        "unsupported": list(found.unsupported),
        "seal": found.artifact.seal,
        "content": msgspec.to_builtins(found.artifact.content),
    }
