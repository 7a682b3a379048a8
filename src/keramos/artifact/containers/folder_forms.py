"""Forms beside ``.h5`` and ``.keras``: how each is recognised. What opens them is imported when the
first one is opened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keramos.artifact.containers.container import Container, Head
    from keramos.artifact.limits import Limits
    from keramos.artifact.sources import ModelSource


def is_saved_model(head: Head) -> bool:
    """Whether it is a folder with a ``saved_model.pb``."""
    return head.names is not None and "saved_model.pb" in head.names


def open_saved_model(source: ModelSource, limits: Limits) -> Container:
    """Open a SavedModel folder.

    Raises:
        ModelError: it cannot be used.
    """
    from keramos.artifact.containers.object_graph import (  # noqa: PLC0415 (start-up time)
        saved_model,
    )

    return saved_model.open_saved_model(source, limits)
