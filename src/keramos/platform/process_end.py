"""The end of a process without a search for garbage, where the search would find nothing to do.

Python walks through everything alive three times before a process ends, to run the finalizers of
what is held in cycles. Beside NumPy and ONNX Runtime that takes as long as opening a model. Where
nothing alive has a finalizer, the operating system frees the same memory at once.
"""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PLAIN = {"msgspec", "numpy", "onnxruntime"}
"""Packages with compiled modules whose values have nothing to finish."""


def skip_needless_search() -> bool:
    """Let the process end without a search for garbage, unless something alive has a finalizer or
    is of a library that may finish its values when they are freed; gives whether it is skipped.
    """
    if _other_libraries() or _finalizers(gc.get_objects()):
        return False
    gc.freeze()
    return True


def _other_libraries() -> bool:
    """Whether compiled modules of other packages are loaded."""
    found = {name.partition(".")[0] for name, module in list(sys.modules.items()) if _is_c(module)}
    return not found <= _PLAIN | sys.stdlib_module_names


def _is_c(module: object) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and not file.endswith((".py", ".pyc"))


def _finalizers(alive: list[object]) -> bool:
    """Whether something has a finalizer, beside the standard streams, which Python flushes by
    itself.
    """
    kinds = list(map(type, alive))
    count = sum(kinds.count(kind) for kind in set(kinds) if hasattr(kind, "__del__"))
    return count > sum(map(gc.is_tracked, _standard_streams()))


def _standard_streams() -> Iterator[object]:
    """The streams of the process, in each of their layers."""
    for stream in (sys.__stdin__, sys.__stdout__, sys.__stderr__):
        buffer = getattr(stream, "buffer", None)
        yield from (stream, buffer, getattr(buffer, "raw", None))
