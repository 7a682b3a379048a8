"""A model file's inspection as JSON values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from keramos.report.views.absent import absent

if TYPE_CHECKING:
    from keramos.pipeline.inspect import Inspection
    from keramos.types.artifact import FileInfo


def as_dict(found: Inspection) -> dict[str, object]:
    """The file as it is, without the views of reports; ``absent`` says what it does not record."""
    network = found.artifact.network
    return {
        "file": _file(found.artifact.info),
        "layers": msgspec.to_builtins(found.layers),
        "tensors": msgspec.to_builtins(found.tensors),
        "parameters": found.parameters,
        "inputs": msgspec.to_builtins(found.inputs)
        or [{"name": ref.layer} for ref in network.inputs],
        "outputs": msgspec.to_builtins(found.outputs)
        or [{"name": ref.layer} for ref in network.outputs],
        "plain_keras": found.plain_keras,
        "unsupported": list(found.unsupported),
        "seal": found.artifact.seal,
        "absent": list(absent(found.artifact.content)),
        "content": msgspec.to_builtins(found.artifact.content),
    }


def _file(info: FileInfo) -> dict[str, object]:
    """The record of a file, with its digest in place of what computes it."""
    values = {name: getattr(info, name) for name in info.__struct_fields__}
    return {
        "sha256" if name == "digest" else name: info.sha256 if name == "digest" else value
        for name, value in values.items()
    }
