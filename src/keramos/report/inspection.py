"""A model file's inspection as JSON values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from keramos.pipeline.inspect import Inspection


def as_dict(found: Inspection) -> dict[str, object]:
    """What the file holds, without its views."""
    network = found.artifact.network
    return {
        "file": msgspec.to_builtins(found.artifact.info),
        "layers": msgspec.to_builtins(found.layers),
        "parameters": found.parameters,
        "inputs": msgspec.to_builtins(found.inputs)
        or [{"name": ref.layer} for ref in network.inputs],
        "outputs": msgspec.to_builtins(found.outputs)
        or [{"name": ref.layer} for ref in network.outputs],
        "plain_keras": found.plain_keras,
        "unsupported": list(found.unsupported),
        "seal": found.artifact.seal,
        "content": msgspec.to_builtins(found.artifact.content),
    }
