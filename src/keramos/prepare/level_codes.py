"""The levels of a column as positions, and targets as numbers of mean 0 and deviation 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.tabular.target_statistics import out_of_fold

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.types.schema import ColumnPreparation, Preparation, TargetSchema
    from keramos.types.table import Column, Table

    Floats = NDArray[np.float64]


def level_codes(column: Column, found: ColumnPreparation) -> NDArray[np.intp]:
    """0 for an unseen level, then the positions of the categories, then that of missing cells."""
    places = {level: place for place, level in enumerate(found.categories, 1)}
    codes = np.array([places.get(cell, 0) for cell in column.values.tolist()], np.intp)
    return np.where(column.missing, len(places) + 1, codes)


def standard_targets(y: NDArray[np.generic], target: TargetSchema) -> Floats:
    """Targets (n, 1), or for several classes whether a row is of each of them, (n, classes)."""
    values = y.reshape(-1).astype(float)
    found = values[:, None]
    if target.task == "multiclass":
        found = (values[:, None] == np.arange(len(target.classes))).astype(float)
    deviations = found.std(axis=0)
    return np.asarray((found - found.mean(axis=0)) / np.where(deviations, deviations, 1.0))


def out_of_fold_numbers(
    table: Table, preparation: Preparation, y: NDArray[np.generic], target: TargetSchema
) -> NDArray[np.float32]:
    """What the first columns of prepared rows are for the rows that statistics were learned from:
    the numbers of each level by other rows than the row's own.
    """
    goals = standard_targets(y, target)
    parts = [
        out_of_fold(level_codes(table.columns[one.column], one), goals, len(one.categories) + 2)
        for one in preparation.inputs
        if one.statistics
    ]
    return np.hstack([np.empty((table.rows, 0)), *parts]).astype("float32")
