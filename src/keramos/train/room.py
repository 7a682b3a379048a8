"""The doors of this room, for the one place that joins the rooms."""

from keramos.train.evaluate import metrics, tune_threshold
from keramos.train.fit import Job, Rows, fit
from keramos.train.oracle import keras_outputs, versions

__all__ = ["Job", "Rows", "fit", "keras_outputs", "metrics", "tune_threshold", "versions"]
