"""How the bytes of a model file are taken: as they are, or only if they are signed."""

from __future__ import annotations

import importlib
import os
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from keramos.artifact.containers import model_bytes
from keramos.errors import CorruptModelError, LimitExceededError, ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from keramos.artifact.limits import Limits


_CONTRADICTIONS = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)


@contextmanager
def about(path: str | Path) -> Iterator[None]:
    """Errors that name the file; what no rule foresaw in a file is an error about that file too.

    Raises:
        ModelError: the file cannot be used.
    """
    source = os.fspath(path)
    try:
        yield
    except ModelError as error:
        if str(error).startswith(source):
            raise
        raise type(error)(f"{source}: {error}") from error
    except (MemoryError, RecursionError) as error:
        raise LimitExceededError(
            f"{source} needs more memory or depth than there is ({type(error).__name__})"
        ) from error
    except _CONTRADICTIONS as error:
        what = f"{type(error).__name__}: {str(error)[:200]}"
        raise CorruptModelError(f"{source}: its parts contradict each other ({what})") from error


def reader(key: str | Path | None, signature: str | Path | None = None) -> Callable[[str, Limits], bytes]:
    """What gives the bytes of a file; with a public key, only of files whose signature holds for it."""
    if key is None:
        return model_bytes
    # What checks signatures takes time to import, and most files are opened without.
    signed: Callable[..., bytes] = importlib.import_module("keramos.pipeline.signing").signed_bytes
    return partial(signed, key=key, signature=signature)
