"""What every engine does the same: open numbers of a plan, losses, targets of mean 0, weights."""

from __future__ import annotations

from dataclasses import replace
from math import log2
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.types.schema import TargetSchema
    from keramos.types.training_job import TrainingJob, TrainingRows

LOSSES = {
    "binary": "binary_crossentropy",
    "multiclass": "sparse_categorical_crossentropy",
    "regression": "mean_squared_error",
}
"""Long names: Keras cannot reopen an .h5 compiled with the short ones (keras issue 19330)."""

METRICS = {"binary": "accuracy", "multiclass": "accuracy", "regression": "mean_absolute_error"}
DROPOUT = {"binary": 0.3, "multiclass": 0.3, "regression": 0.0}
"""Share of hidden units switched off in each training step: classes overfit small tables, numbers
do not.
"""

OUTPUT_ACTIVATIONS = {"binary": "sigmoid", "multiclass": "softmax", "regression": "linear"}

_STEPS = 2000
"""Optimiser steps that ten epochs should hold; fewer leave a network of this size under-trained."""

_FEW_ROWS = 400
_SMALLEST_BATCH, _LARGEST_BATCH = 8, 128
_HIDDEN = (64, 32)
_ENOUGH_STEPS = 1000
_CAREFUL, _QUICK = 1e-3, 2e-3
"""Learning rates: careful for classes with enough steps, quick where steps are few or the target is
a number.
"""


def output_units(target: TargetSchema) -> int:
    """How many numbers a network gives for a row."""
    return len(target.classes) if target.task == "multiclass" else 1


def planned(job: TrainingJob) -> TrainingJob:
    """The job with every number of its plan that training will use.

    The defaults were chosen by held-out quality on 14 tables (docs/benchmarks.md).
    """
    plan, rows = job.plan, len(job.training.targets)
    batch = plan.batch_size or _batch_size(rows)
    quick = job.target.task == "regression" or rows * 10 / batch < _ENOUGH_STEPS
    used = replace(
        plan,
        batch_size=batch,
        hidden=plan.hidden or _HIDDEN,
        learning_rate=plan.learning_rate or (_QUICK if quick else _CAREFUL),
    )
    return replace(job, plan=used)


def _batch_size(rows: int) -> int:
    """The power of two with which ten epochs come nearest to the wanted steps, within bounds."""
    wanted = max(10 * rows / _STEPS, 1.0)
    smallest = _SMALLEST_BATCH if rows >= _FEW_ROWS else _SMALLEST_BATCH // 2
    return int(min(max(2 ** round(log2(wanted)), smallest), _LARGEST_BATCH))


def standardised(job: TrainingJob) -> TrainingJob:
    """The job with targets of mean 0 and deviation 1 for a regression."""
    if job.target.task != "regression":
        return job

    def scaled(rows: TrainingRows) -> TrainingRows:
        centred = rows.targets.astype(float) - job.statistics.mean
        return replace(rows, targets=(centred / job.statistics.deviation).astype("float32"))

    return replace(
        job,
        training=scaled(job.training),
        held_out=scaled(job.held_out),
        validation=None if job.validation is None else scaled(job.validation),
    )


def class_weights(job: TrainingJob) -> NDArray[np.float64] | None:
    """A weight for each class where the plan asks for them: all classes have the same total then.

    It is rows / (classes * rows of the class), and 0 for a class without training rows.
    """
    if not (job.plan.class_weight and job.target.classes):
        return None
    labels = job.training.targets.reshape(-1).astype(int)
    counts = np.bincount(labels, minlength=len(job.target.classes))
    return np.where(counts, len(labels) / (np.count_nonzero(counts) * np.maximum(counts, 1)), 0.0)
