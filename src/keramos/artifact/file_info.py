"""What is known of a file beside what it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from keramos.types.artifact import FileInfo

if TYPE_CHECKING:
    from keramos.artifact.containers.container import Form
    from keramos.artifact.keras.dialects.origin import Origin
    from keramos.artifact.sources import ModelSource
    from keramos.types.artifact import Way


def file_info(
    source: ModelSource,
    form: Form,
    origin: Origin,
    *,
    weights_path: str = "",
    warnings: tuple[str, ...] = (),
    by: Way | Literal[""] = "",
) -> FileInfo:
    """The record of a source in a form; ``warnings`` come after those about its origin."""
    return FileInfo(
        path=source.path,
        container=form.kind,
        generation=origin.generation,
        keras_version=origin.version,
        backend=origin.backend,
        size=source.size,
        sha256=source.sha256,
        warnings=(*origin.notes, *warnings),
        title=form.title,
        suffix=form.suffix,
        weights_path=weights_path,
        by=by,
    )
