"""How many threads NumPy's matrix products use."""

from __future__ import annotations

import ctypes
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIXES = ("scipy_openblas", "openblas")
_SUFFIXES = ("64_", "")


@lru_cache(maxsize=1)
def _openblas() -> tuple[ctypes.CDLL, str] | None:
    """NumPy's OpenBLAS and the pattern of its names; None where NumPy has another library."""
    try:
        library = ctypes.CDLL(np._core._multiarray_umath.__file__)  # type: ignore[attr-defined]  # noqa: SLF001 (its symbols include those of its BLAS)
    except (AttributeError, OSError):
        return None
    patterns = [f"{prefix}_%s_num_threads{suffix}" for prefix in _PREFIXES for suffix in _SUFFIXES]
    known = [pattern for pattern in patterns if hasattr(library, pattern % "set")]
    return (library, known[0]) if known else None


@contextmanager
def one_thread() -> Iterator[None]:
    """Products of small matrices on one thread: waking a second one costs ten times the product.

    Does nothing where NumPy has another BLAS than OpenBLAS.
    """
    if (found := _openblas()) is None:
        yield
        return
    library, pattern = found
    change = getattr(library, pattern % "set")
    before = getattr(library, pattern % "get")()
    change(1)
    try:
        yield
    finally:
        change(before)
