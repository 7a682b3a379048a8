"""Rows that do not fit in memory, prepared part by part."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.data.target import encode_target, of_known_class, take
from keramos.data.usable_rows import usable_rows
from keramos.pipeline.answering import answering
from keramos.prepare.feeds import feeds
from keramos.prepare.front import front
from keramos.training.recipes import TUTORIAL
from keramos.types.training_job import TrainingRows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from keramos.pipeline.prepared_rows import PreparedRows, RowColumns
    from keramos.types.table import Table
    from keramos.types.training import TrainingPlan

    Parts = Callable[[], Iterator[Table]]


def learns_from_parts(plan: TrainingPlan, columns: RowColumns) -> bool:
    """Whether training can go over rows that are in no memory: the tutorial's network of the engine
    numpy, where no column decides how rows are split or how much they count.
    """
    free = not (columns.split_by or columns.time_column or columns.weight_column)
    return free and plan.recipe == TUTORIAL and plan.engine == "numpy"


def prepared_parts(parts: Parts, rows: PreparedRows) -> Iterator[TrainingRows]:
    """Rows that are neither held out nor those of ``rows``, as these were prepared; without rows of
    an unknown class, or with a cell that no input can hold.
    """
    answers = answering(front(rows.preparation))
    target = rows.schema.target
    for part in parts():
        typed = usable_rows(part, rows.schema).typed
        cells = typed.columns[target.name]
        fed = feeds(typed, rows.preparation)
        kept = of_known_class(cells, target)
        kept[[problem.row - 1 for problem in fed.problems]] = False
        known = np.flatnonzero(kept)
        if not len(known):
            continue
        matrix = answers({name: array[known] for name, array in fed.feeds.items()})[0]
        y = encode_target(take(typed, known).columns[target.name], target)
        yield TrainingRows(matrix.astype("float32", copy=False), y)
