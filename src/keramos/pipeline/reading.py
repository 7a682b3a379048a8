"""How the bytes of a model file are taken: as they are, or only if they are signed."""

from __future__ import annotations

import importlib
from functools import partial
from typing import TYPE_CHECKING

from keramos.artifact.containers import model_bytes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from keramos.artifact.limits import Limits


def reader(key: str | Path | None, signature: str | Path | None = None) -> Callable[[str, Limits], bytes]:
    """What gives the bytes of a file; with a public key, only of files whose signature holds for it."""
    if key is None:
        return model_bytes
    # What checks signatures takes time to import, and most files are opened without.
    signed: Callable[..., bytes] = importlib.import_module("keramos.pipeline.signing").signed_bytes
    return partial(signed, key=key, signature=signature)
