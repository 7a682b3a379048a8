"""A trained Keras model in one ordinary file, run anywhere without TensorFlow.

Example:
    >>> import keramos
    >>> run = keramos.train("credit.csv", "risk", epochs=20)
    >>> run.save("model.h5")
    >>> model = keramos.load("model.h5")
    >>> model.decide("credit.csv")[0].label

``train`` makes a file from a table; ``load`` opens any saved Keras model; ``inspect``, ``verify``
and ``convert`` say what a file holds, prove it and rewrite it; ``score`` decides files of any size;
``serve`` answers over HTTP and gRPC.
"""

from __future__ import annotations

import atexit
import gc
import importlib
from functools import cache
from typing import TYPE_CHECKING

from keramos.version import __version__

if TYPE_CHECKING:
    from keramos.errors import KeramosError
    from keramos.inference.model import Model
    from keramos.pipeline.adopt import adopt
    from keramos.pipeline.attach import attach
    from keramos.pipeline.compare import compare
    from keramos.pipeline.convert import convert
    from keramos.pipeline.inspect import inspect
    from keramos.pipeline.load import load
    from keramos.pipeline.train import train
    from keramos.pipeline.training_run import Run
    from keramos.pipeline.verify import verify
    from keramos.scoring.run import score
    from keramos.serving.serve import serve
    from keramos.types.limits import Limits
    from keramos.types.scoring import DatabaseTable, Query
    from keramos.types.training import TrainingPlan

__all__ = [
    "DatabaseTable",
    "KeramosError",
    "Limits",
    "Model",
    "Query",
    "Run",
    "TrainingPlan",
    "__version__",
    "adopt",
    "attach",
    "compare",
    "convert",
    "inspect",
    "load",
    "score",
    "serve",
    "train",
    "verify",
]

_HOMES = {
    "DatabaseTable": "keramos.types.scoring",
    "KeramosError": "keramos.errors",
    "Limits": "keramos.types.limits",
    "Model": "keramos.inference.model",
    "Query": "keramos.types.scoring",
    "Run": "keramos.pipeline.training_run",
    "TrainingPlan": "keramos.types.training",
    "adopt": "keramos.pipeline.adopt",
    "attach": "keramos.pipeline.attach",
    "compare": "keramos.pipeline.compare",
    "convert": "keramos.pipeline.convert",
    "inspect": "keramos.pipeline.inspect",
    "load": "keramos.pipeline.load",
    "score": "keramos.scoring.run",
    "serve": "keramos.serving.serve",
    "train": "keramos.pipeline.train",
    "verify": "keramos.pipeline.verify",
}
"""Public name -> module; loaded on first use, so that importing keramos loads no heavy library."""

_MODULES = frozenset({"datasets", "errors", "mlflow", "sklearn"})
"""Public modules, which are there without an import of their own."""


def __dir__() -> list[str]:
    """Every public name, for ``dir`` and completion."""
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})


def __getattr__(name: str) -> object:
    """Load a public name, or a public module."""
    if name in _MODULES:
        return importlib.import_module(f"keramos.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'keramos' has no attribute {name!r}")
    # What modules make stays: a search for garbage among it takes time and finds nothing.
    searches = gc.isenabled()
    gc.disable()
    try:
        found = getattr(importlib.import_module(_HOMES[name]), name)
        _end_at_once()
    finally:
        if searches:
            _keep()
            gc.enable()
    globals()[name] = found
    return found


def _keep() -> None:
    """Count everything that is alive as old, so that the next small search passes over it."""
    if not gc.get_freeze_count():  # what the program froze stays frozen
        gc.freeze()
        gc.unfreeze()


@cache
def _end_at_once() -> None:
    """Let the process end without a search for garbage where that would find nothing to do."""
    from keramos.platform.process_end import (  # noqa: PLC0415 (start-up time of --version)
        skip_needless_search,
    )

    atexit.register(skip_needless_search)
