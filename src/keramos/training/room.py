"""The doors of this room, for the one place that joins the rooms."""

from keramos.training.evaluate import metrics, tune_threshold
from keramos.training.fit import Job, Rows, fit
from keramos.training.oracle import keras_outputs, versions

__all__ = ["Job", "Rows", "fit", "keras_outputs", "metrics", "tune_threshold", "versions"]
