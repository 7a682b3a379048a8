"""Loading modules, which make a hundred thousand objects that stay."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def importing() -> Iterator[None]:
    """Look for no garbage while modules are imported, and never again among what they made.

    The collector would walk through all of it several times, a sixth of the time to start, and once
    in a while later on, while requests wait (https://docs.python.org/3/library/gc.html,
    ``gc.freeze``). Models are loaded outside: what reading them leaves behind is found.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
