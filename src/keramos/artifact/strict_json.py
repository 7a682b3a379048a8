"""JSON objects with errors that say where."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from keramos.errors import CorruptModelError, LimitExceededError

if TYPE_CHECKING:
    from keramos.artifact.limits import Limits


def parse_json(data: bytes, where: str, limits: Limits) -> dict[str, object]:
    """A JSON object.

    Raises:
        CorruptModelError: it is not one.
        LimitExceededError: it is too long or nests too deep.
    """
    if len(data) > limits.config_bytes:
        raise LimitExceededError(f"{where} has {len(data):,} bytes, the limit is {limits.config_bytes:,}")
    try:
        value = json.loads(data.decode("utf-8"))
        if isinstance(value, str):  # what json.dump(model.to_json()) leaves
            value = json.loads(value)
    except RecursionError:
        raise LimitExceededError(f"{where} nests deeper than any model does") from None
    except ValueError as error:
        raise CorruptModelError(f"{where} is not readable JSON: {str(error)[:200]}") from None
    if not isinstance(value, dict):
        raise CorruptModelError(f"{where} is a {type(value).__name__}; an object is needed")
    return value
