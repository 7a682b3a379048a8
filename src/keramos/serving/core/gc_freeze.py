"""Importing modules without the garbage collector, which they cannot feed."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def importing() -> Iterator[None]:
    """Switch the garbage collector off while modules are imported, and exclude what they made.

    The collector would walk through it several times, a sixth of the start-up time, and later while
    requests wait (https://docs.python.org/3/library/gc.html, ``gc.freeze``). Models are loaded
    outside, so their temporary objects are collected.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
