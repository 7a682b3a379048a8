"""The versions of a model that a status request of TensorFlow Serving asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.errors import NotServedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.serving.core.routes import Context
    from keramos.types.serving import ModelRef, VersionStatus


def statuses_of(context: Context, ref: ModelRef) -> Sequence[VersionStatus]:
    """The known versions of a model, also those that failed; one where the request names it.

    Raises:
        NotServedError: there is no such model, version or label; in TensorFlow Serving's words.
    """
    try:
        known = context.registry.statuses(ref.name)
    except NotServedError:
        raise NotServedError(f"Could not find any versions of model {ref.name}") from None
    version = context.registry.labels(ref.name).get(ref.label) if ref.label else ref.version
    if version is None and not ref.label:
        return known
    found = tuple(item for item in known if item.version == version)
    if not found:
        raise NotServedError(f"Could not find version {ref.label or version} of model {ref.name}")
    return found
