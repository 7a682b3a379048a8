"""What is known of a file beside what it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from keramos.types.artifact import FileInfo, Known

if TYPE_CHECKING:
    from collections.abc import Callable

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
    by_reason: str = "",
) -> FileInfo:
    """The record of a source in a form; ``warnings`` come after those about its origin."""
    return FileInfo(
        path=source.path,
        container=form.kind,
        generation=origin.generation,
        keras_version=origin.version,
        backend=origin.backend,
        size=source.size,
        digest=_digest(source),
        warnings=(*origin.notes, *warnings),
        title=form.title,
        suffix=form.suffix,
        weights_path=weights_path,
        by=by,
        by_reason=by_reason,
    )


def _digest(source: ModelSource) -> Callable[[], str]:
    """The digest of one file, whose bytes need not be kept then, or what computes that of many."""
    if source.is_split:
        return lambda: source.sha256
    return Known(source.sha256)
