"""Architectures alone: the JSON text of ``model.to_json()``, whose weights are another file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.artifact.containers.container import Container
from keramos.artifact.containers.keras_archive import zip_behind
from keramos.artifact.containers.magic_bytes import ZIP, zip_ends_with
from keramos.artifact.strict_json import parse_json

if TYPE_CHECKING:
    from keramos.artifact.limits import Limits
    from keramos.artifact.sources import ModelSource


def open_json(source: ModelSource, limits: Limits) -> Container:
    """Open an architecture.

    Raises:
        ModelError: it is no JSON object, exceeds a limit, or ends as a zip archive.
    """
    data = source.main
    if zip_ends_with(data) and ZIP in data:
        raise zip_behind(data, source.path)
    found = parse_json(data, "architecture", limits)
    version, backend = (str(found.get(key) or "") for key in ("keras_version", "backend"))
    return Container(data, None, version, backend)
