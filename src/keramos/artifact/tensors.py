"""The arrays of a file that is not a complete model: weights alone, an optimizer's, or those of a
model of its author's own class.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from keramos.artifact.containers.table import form_of, model_source
from keramos.artifact.file_info import file_info
from keramos.artifact.keras.dialects.origin import origin_of
from keramos.artifact.keras.dialects.structure import describes_itself
from keramos.artifact.limits import LIMITS
from keramos.artifact.strict_json import parse_json
from keramos.errors import located
from keramos.types.stored import Outline, StoredFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from keramos.artifact.containers.container import Container
    from keramos.artifact.limits import Limits
    from keramos.artifact.sources import ModelSource


def stored_file(
    path: str | Path,
    *,
    limits: Limits = LIMITS,
    source_of: Callable[[str, Limits], ModelSource] = model_source,
) -> StoredFile | None:
    """Names, shapes and types of all arrays in a file that does not describe a network, or None for
    a file that does; no values are read.

    Raises:
        ModelError: the file cannot be read.
    """
    source = source_of(os.fspath(path), limits)
    with located(file=source.path):
        form = form_of(source)
        container = form.open(source, limits)
        reason = _reason(container, limits)
        if reason is None or container.tensors is None:
            return None
        tensors = container.tensors()
        outline = Outline() if container.outline is None else container.outline()
    version, backend = _recorded(container, "keras_version"), _recorded(container, "backend")
    found = origin_of(version, backend, "", ())
    origin = found if version else replace(found, generation="not recorded")
    return StoredFile(file_info(source, form, origin), tensors, reason, outline)


def _recorded(container: Container, name: str) -> str:
    store = container.weights
    return str(getattr(container, name)) or ("" if store is None else store.recorded(name))


def _reason(container: Container, limits: Limits) -> str | None:
    """Why the file is not a complete model; None where its config describes a network."""
    if container.lacks is not None:
        return str(container.lacks())
    if container.config is None:
        return (
            "the file holds arrays without the config of a model; read it beside the "
            "architecture's JSON file, with weights=this file"
        )
    entry = parse_json(container.config, "model config", limits)
    if describes_itself(entry):
        return None
    return (
        f"the model is of its author's own class {str(entry.get('class_name'))[:80]}, whose code "
        "is not in the file"
    )
