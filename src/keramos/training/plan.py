"""What every engine does the same: open numbers of a plan, losses, targets of mean 0, weights."""

from __future__ import annotations

from dataclasses import replace
from math import log2
from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import UsageError
from keramos.training.loss_words import loss_of
from keramos.types.schema import TargetPreparation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.types.schema import TargetSchema
    from keramos.types.training_job import TrainingJob, TrainingRows

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


def output_activation(job: TrainingJob) -> str:
    """What turns the last layer's sums into answers."""
    rate = loss_of(job.plan, job.target.task).is_rate
    return "exponential" if rate else OUTPUT_ACTIVATIONS[job.target.task]


def standardised(job: TrainingJob) -> TrainingJob:
    """The job with targets of mean 0 and deviation 1 for a regression; with those of mean 1, in
    units of their mean, where the loss is of rates.

    Raises:
        UsageError: the loss is of rates, and a target is negative or all are 0.
    """
    if job.target.task != "regression":
        return job
    statistics = job.statistics
    if loss_of(job.plan, "regression").is_rate:
        statistics = TargetPreparation(0.0, _rate(job))

    more = job.more

    def scaled(rows: TrainingRows) -> TrainingRows:
        centred = rows.targets.astype(float) - statistics.mean
        return replace(rows, targets=(centred / statistics.deviation).astype("float32"))

    return replace(
        job,
        statistics=statistics,
        training=scaled(job.training),
        held_out=scaled(job.held_out),
        validation=None if job.validation is None else scaled(job.validation),
        more=None if more is None else lambda: map(scaled, more()),
    )


def _rate(job: TrainingJob) -> float:
    """The mean of the targets, none of which is negative."""
    least = min(
        float(rows.targets.min(initial=0.0))
        for rows in (job.training, job.held_out, job.validation)
        if rows is not None
    )
    mean = float(job.training.targets.mean())
    if least < 0 or mean == 0:
        raise UsageError(
            "the loss poisson needs a target of counts or rates, 0 or more, that are not all 0",
            option="loss",
            column=job.target.name,
            received=f"{least:g}" if least < 0 else "zeros only",
        )
    return mean


def row_weights(job: TrainingJob) -> NDArray[np.float64] | None:
    """How much each training row counts in learning: its own weight times that of its class; None
    where all count the same.
    """
    return weights_of(job.training, class_weights(job))


def weights_of(
    rows: TrainingRows, classes: NDArray[np.float64] | None
) -> NDArray[np.float64] | None:
    """How much each of some rows counts, with the weights of classes."""
    own = None if rows.weights is None else rows.weights.astype(float)
    if classes is None:
        return own
    by_class: NDArray[np.float64] = classes[rows.targets.reshape(-1).astype(int)]
    return by_class if own is None else own * by_class


def class_weights(job: TrainingJob) -> NDArray[np.float64] | None:
    """A weight for each class where the plan asks for them: all classes have the same total then.

    It is rows / (classes * rows of the class), and 0 for a class without training rows.
    """
    if not (job.plan.class_weight and job.target.classes):
        return None
    labels = job.training.targets.reshape(-1).astype(int)
    counts = np.bincount(labels, minlength=len(job.target.classes))
    return np.where(counts, len(labels) / (np.count_nonzero(counts) * np.maximum(counts, 1)), 0.0)
