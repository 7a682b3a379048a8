"""Prepared rows -> what a training engine is given."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from keramos.pipeline.prepared_rows import fold_forms
from keramos.prepare.front import raw_columns
from keramos.types.training_job import TrainingJob, TrainingRows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from keramos.pipeline.prepared_rows import PreparedRows
    from keramos.prepare.front import FrontOutput
    from keramos.types.training import TrainingPlan

    Index = NDArray[np.integer]
    Forms = Mapping[FrontOutput, NDArray[np.float32]]


def job_of(rows: PreparedRows, plan: TrainingPlan) -> TrainingJob:
    """The job of the learning rows, with inner folds of them."""
    validating = rows.validating
    job = TrainingJob(
        training=_rows(rows, rows.learning),
        held_out=_rows(rows, rows.parts.held_out),
        target=rows.schema.target,
        statistics=rows.preparation.target,
        plan=plan,
        unseen=rows.preparation.unseen,
        raw_cells=raw_columns(rows.preparation),
        validation=None if validating is None else _rows(rows, validating),
    )
    return replace(job, fold=_fold_of(rows, job), apart=_apart(rows, plan))


def _apart(rows: PreparedRows, plan: TrainingPlan) -> Index | None:
    """The rows aside of the one inner fold, where groups or time decide; None where chance does."""
    if rows.keys.by == "chance":
        return None
    return rows.keys.split(np.arange(len(rows.learning)), None, plan.seed).held_out


def _rows(rows: PreparedRows, index: NDArray[np.int64]) -> TrainingRows:
    return replace(_some(rows.forms, rows.y, index), weights=rows.weights_of(index))


def _some(forms: Forms, y: NDArray[np.generic], index: Index | slice) -> TrainingRows:
    raw = forms.get("raw")
    return TrainingRows(forms["prepared"][index], y[index], None if raw is None else raw[index])


def _fold_of(rows: PreparedRows, job: TrainingJob) -> Callable[[Index, Index], TrainingJob]:
    def fold(learning: Index, aside: Index) -> TrainingJob:
        inside = rows.learning[learning]
        found, kept, forms = fold_forms(rows, inside, rows.learning[aside])
        y, cut = rows.y[np.concatenate([inside, kept])], len(inside)
        return replace(
            job,
            training=replace(_some(forms, y, slice(cut)), weights=rows.weights_of(inside)),
            held_out=replace(_some(forms, y, slice(cut, None)), weights=rows.weights_of(kept)),
            validation=None,
            statistics=found.target,
            unseen=found.unseen,
            raw_cells=raw_columns(found),
            fold=None,
        )

    return fold
