"""How the bytes of a model are read: as they are, or only if they are signed."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from keramos.artifact.containers.table import model_source
from keramos.errors import (
    CorruptModelError,
    LimitExceededError,
    MismatchError,
    ModelError,
    UnsafeModelError,
    UnsupportedModelError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from keramos.artifact.limits import Limits
    from keramos.artifact.sources import ModelSource


_ADVICE: tuple[tuple[type[ModelError], str], ...] = (
    (LimitExceededError, "Raise the limit if the file is yours (limits= or --limit)"),
    (UnsafeModelError, "Do not trust the file; save the model again"),
    (UnsupportedModelError, "Change that in the program that makes the model, and save it again"),
    (CorruptModelError, "Copy the file or save the model again"),
    (MismatchError, "Save the model again, config and weights together"),
)
"""What to do about an error whose message does not say more."""

_ADVISED = re.compile(
    r"[Ss]ave|[Cc]opy|[Rr]aise|[Rr]eplace|[Gg]ive|[Rr]ename|[Ww]ait|Limits\(|git "
    r"lfs|install|again|name the |Use "
)
_CONTRADICTIONS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)


@contextmanager
def about(path: str | Path) -> Iterator[None]:
    """Errors that name the file and say what to do; what no rule foresaw in a file is an error
    about it too.

    Raises:
        ModelError: the file cannot be used.
    """
    source = os.fspath(path)
    try:
        yield
    except ModelError as error:
        said = str(error) if str(error).startswith(source) else f"{source}: {error}"
        said += "" if _ADVISED.search(said[len(source) :]) else _advice(error, said)
        if said == str(error):
            raise
        raise type(error)(said) from error
    except (MemoryError, RecursionError) as error:
        raise LimitExceededError(
            f"{source} needs more memory or depth than there is ({type(error).__name__}). Give "
            "the process more if the "
            "file is yours"
        ) from error
    except _CONTRADICTIONS as error:
        what = f"{type(error).__name__}: {str(error)[:200]}"
        raise CorruptModelError(
            f"{source}: its parts contradict each other ({what}). Save the model again"
        ) from error


def _advice(error: ModelError, said: str) -> str:
    found = next((words for kind, words in _ADVICE if isinstance(error, kind)), "")
    mark = "\n" if "\n" in said else ". "
    return f"{mark}{found}" if found else ""


def reader(
    key: str | Path | None, signature: str | Path | None = None
) -> Callable[[str, Limits], ModelSource]:
    """What reads the bytes at a path; with a public key, only of models that are signed for it."""
    if key is None:
        return model_source
    # Checking signatures takes long to import, and most models are opened without.
    from keramos.signing.signing import signed_source  # noqa: PLC0415 (start-up time)

    return partial(signed_source, key=key, signature=signature)
