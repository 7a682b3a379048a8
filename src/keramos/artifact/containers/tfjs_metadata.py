"""``metadata.json`` beside a model of TensorFlow.js: Teachable Machine lists its classes there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.artifact.containers.saved_model_files import METADATA
from keramos.artifact.strict_json import parse_json_value
from keramos.errors import ModelError, quoted

if TYPE_CHECKING:
    from keramos.artifact.limits import Limits
    from keramos.artifact.sources import ModelSource

_LISTS = ("labels", "wordLabels")
_SHOWN = 5


def notes_of(source: ModelSource, limits: Limits) -> tuple[str, ...]:
    """A remark about the classes that lie beside a model, which are no part of it yet."""
    if METADATA not in source.parts:
        return ()
    try:
        found = parse_json_value(source.part(METADATA), METADATA, limits)
    except ModelError as error:
        return (f"{METADATA} beside the model is not used: {error.what}",)
    lists = [found.get(name) for name in _LISTS] if isinstance(found, dict) else []
    names = next((one for one in lists if isinstance(one, list)), None)
    if not names:
        return ()
    shown = ", ".join(quoted(str(name)) for name in names[:_SHOWN])
    more = ", ..." if len(names) > _SHOWN else ""
    said = f"{METADATA} names {len(names)} classes ({shown}{more}); "
    return (f"{said}keramos adopt makes them the labels of decisions",)
