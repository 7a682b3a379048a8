"""MLflow: Keras files as logged models, runs as runs.

Needs mlflow or mlflow-skinny, which are not dependencies. A logged model has the flavours
``keramos`` and ``python_function``; its schema is the signature, its sample row the input example.
"""

from __future__ import annotations

import warnings

with warnings.catch_warnings(action="ignore"):  # MLflow warns of its own type hints
    from keramos.pipeline.mlflow_models import (
        FLAVOR_NAME,
        MlflowLog,
        _load_pyfunc,
        load_model,
        log_model,
        save_model,
        signature,
    )

__all__ = [
    "FLAVOR_NAME",
    "MlflowLog",
    "_load_pyfunc",
    "load_model",
    "log_model",
    "save_model",
    "signature",
]
