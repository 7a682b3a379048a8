"""A file beside a model -> ``Companion``."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from keramos.artifact.files import read_bytes
from keramos.companions.table import need_reader
from keramos.errors import CorruptModelError, LimitExceededError, located
from keramos.types.companions import Companion
from keramos.types.limits import LIMITS

if TYPE_CHECKING:
    from keramos.types.limits import Limits

_FILE_BYTES = 64 << 20
"""Companions are small; the largest of 420 in public repositories that was no model had 0.4 MB."""

_HEAD = 16


def read_companion(path: str, limits: Limits = LIMITS) -> Companion:
    """Open a companion as data: nothing in it is imported, looked up or called.

    Raises:
        ForeignCodeError: it names what is code.
        UnsupportedModelError: its form is not known, or it holds a model.
        CorruptModelError: it is cut or damaged.
        LimitExceededError: it is larger, deeper or inflates further than a companion may.
    """
    with located(file=path):
        data = read_bytes(path, replace(limits, file_bytes=min(limits.file_bytes, _FILE_BYTES)))
        return companion_of(path, data, limits)


def companion_of(path: str, data: bytes, limits: Limits = LIMITS) -> Companion:
    """The same from the bytes of a file; its name says what reads them.

    Raises:
        ModelError: as ``read_companion``.
    """
    reader = need_reader(Path(path).name, data[:_HEAD])
    try:
        form, value = reader.read(data, limits)
    except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise CorruptModelError(
            f"the parts of the file contradict each other ({type(error).__name__})"
        ) from error
    except (MemoryError, RecursionError):
        raise LimitExceededError("the file needs more memory or depth than there is") from None
    return Companion(path, form, value, hashlib.sha256(data).hexdigest())
