"""The doors of this room, for the one place that joins the rooms."""

from keramos.evaluate.intervals import metrics_with_intervals
from keramos.evaluate.metrics import kept_rows, tune_threshold
from keramos.training.fit import Job, Rows, fit
from keramos.training.oracle import keras_outputs, versions

__all__ = [
    "Job",
    "Rows",
    "fit",
    "kept_rows",
    "keras_outputs",
    "metrics_with_intervals",
    "tune_threshold",
    "versions",
]
