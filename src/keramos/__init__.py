"""keramos: a trained Keras model in one ordinary file, run anywhere without TensorFlow."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from keramos.version import __version__

if TYPE_CHECKING:
    from keramos.inference.model import Model
    from keramos.pipeline.convert import convert
    from keramos.pipeline.inspect import inspect
    from keramos.pipeline.load import load
    from keramos.pipeline.train import Run, train
    from keramos.pipeline.verify import verify
    from keramos.scoring.run import score
    from keramos.serving.serve import serve
    from keramos.types.limits import Limits
    from keramos.types.scoring import DatabaseTable, Query
    from keramos.types.training import TrainingPlan

__all__ = [
    "DatabaseTable",
    "Limits",
    "Model",
    "Query",
    "Run",
    "TrainingPlan",
    "__version__",
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
    "Limits": "keramos.types.limits",
    "Model": "keramos.inference.model",
    "Query": "keramos.types.scoring",
    "Run": "keramos.pipeline.train",
    "TrainingPlan": "keramos.types.training",
    "convert": "keramos.pipeline.convert",
    "inspect": "keramos.pipeline.inspect",
    "load": "keramos.pipeline.load",
    "score": "keramos.scoring.run",
    "serve": "keramos.serving.serve",
    "train": "keramos.pipeline.train",
    "verify": "keramos.pipeline.verify",
}
"""Public name -> module; loaded on first use, so that importing keramos loads no heavy library."""


def __getattr__(name: str) -> object:
    """Load a public name."""
    if name not in _HOMES:
        raise AttributeError(f"module 'keramos' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
