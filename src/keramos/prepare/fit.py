"""Learn from the training rows, and from nothing else, what preparation needs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import DataError
from keramos.prepare.level_codes import level_codes, standard_targets
from keramos.tabular.input_names import free_input_name
from keramos.tabular.kinds import KINDS
from keramos.tabular.one_hot import vocabulary_of
from keramos.tabular.target_statistics import MANY_LEVELS, MOST_OUTPUTS, level_values
from keramos.tabular.target_statistics import MOST_LEVELS as MOST_STATISTICS
from keramos.tabular.transforms import (
    TRANSFORMS,
    number_inputs,
    number_transforms,
    one_hots,
    target_statistics,
)
from keramos.types.schema import (
    ColumnPreparation,
    Histogram,
    Preparation,
    TargetPreparation,
    TransformRecord,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from keramos.types.schema import (
        ColumnKind,
        ColumnSchema,
        NullPolicy,
        Scaling,
        Schema,
        TargetSchema,
    )
    from keramos.types.table import Column, Table

_BINS = 20


def fit(
    table: Table,
    schema: Schema,
    y: NDArray[np.generic],
    *,
    scaling: Scaling,
    transforms: Sequence[str] = (),
) -> Preparation:
    """What the training rows teach.

    Args:
        table: the training rows, parsed as ``data.conform`` leaves them.
        schema: what the columns are.
        y: their targets, shape (rows, 1) or (rows,).
        scaling: how numbers are scaled.
        transforms: names of further transforms of the numbers, applied before scaling.

    Raises:
        DataError: a column has no value in any training row.
    """
    names = _input_names(table, schema)
    # The name of an input from which a number is subtracted says so; a matrix has no such names.
    matrix = all(
        KINDS[column.kind].in_matrix and not any(which for which, _ in names[column.name])
        for column in schema.columns
    )
    goals = standard_targets(y, schema.target)
    inputs = tuple(
        _learn(source, table.columns[source.name], name, which, goals)
        for source in schema.columns
        for which, name in names[source.name]
    )
    found = Preparation(scaling, matrix, inputs, _target(y, schema.target), ())
    if transforms:
        found = replace(found, transforms=_fitted(table, found, (*transforms, scaling)))
    features, unseen = _features(found)
    return replace(found, features=features, unseen=unseen)


def is_learnable(column: Column, kind: ColumnKind) -> bool:
    """Whether rows with these cells teach anything of a column: a number needs a value, a category
    a level that is not rare.
    """
    if column.missing.all():
        return False
    if not KINDS[kind].is_category:
        return True
    return bool(vocabulary_of(column.values[~column.missing].tolist())[0])


def _fitted(
    table: Table, preparation: Preparation, names: Sequence[str]
) -> tuple[TransformRecord, ...]:
    """The transforms of the numbers, each fitted on what those before it give."""
    columns = [
        (table.columns[column.column], KINDS[column.kind], column.part)
        for column in number_inputs(preparation)
    ]
    numbers = [
        np.where(cells.missing, np.nan, kind.numbers(cells.values, cells.missing, part))
        for cells, kind, part in columns
    ]
    values = np.column_stack(numbers) if numbers else np.empty((table.rows, 0))
    records = []
    for name in (*(["impute"] if np.isnan(values).any() else []), *names):
        transform = TRANSFORMS[name].fit(values)
        values, _ = transform.apply(values)
        records.append(TransformRecord(name, transform.parameters()))
    return tuple(records)


def _input_names(table: Table, schema: Schema) -> dict[str, list[tuple[str, str]]]:
    """Column -> (date part or "", input name): the column's own name, changed only where Keras
    refuses it.
    """
    taken: set[str] = set()
    names: dict[str, list[tuple[str, str]]] = {}
    for column in schema.columns:
        cells = table.columns[column.name]
        parts = KINDS[column.kind].parts(cells.values, cells.missing)
        names[column.name] = [
            (which, free_input_name(f"{column.name}_{which}" if which else column.name, taken))
            for which in parts
        ]
    return names


def _learn(
    source: ColumnSchema, column: Column, name: str, which: str, goals: NDArray[np.float64]
) -> ColumnPreparation:
    if column.missing.all():
        raise DataError(
            "the column has no value in any training row",
            column=source.name,
            remedy="Drop it",
        )
    missing = int(column.missing.sum())
    kind = KINDS[source.kind]
    if kind.is_category:
        return _learn_levels(source, column, name, missing, goals)
    present = kind.numbers(column.values, column.missing, which)[~column.missing]
    low, high = float(present.min()), float(present.max())
    counts, edges = np.histogram(present, _BINS, _range(low, high))
    return ColumnPreparation(
        column=source.name,
        input=name,
        kind=source.kind,
        null_policy="median" if missing or source.gaps == "impute" else "refuse",
        part=which,
        minimum=low,
        maximum=high,
        mean=float(present.mean()),
        median=float(np.median(present)),
        deviation=float(present.std()),
        missing_rows=missing,
        histogram=Histogram(tuple(edges.tolist()), tuple(counts.tolist())),
    )


def _range(low: float, high: float) -> tuple[float, float]:
    """The range of a histogram: wide enough that float64 tells its edges apart."""
    least = 2 * _BINS * float(np.spacing(max(abs(low), abs(high))))
    if high - low >= least:
        return low, high
    half = max(0.5, least)
    return low - half, high + half


def _learn_levels(
    source: ColumnSchema, column: Column, name: str, missing: int, goals: NDArray[np.float64]
) -> ColumnPreparation:
    present = column.values[~column.missing].tolist()
    levels, rare = vocabulary_of(present)
    if len(levels) > MANY_LEVELS and goals.shape[1] <= MOST_OUTPUTS:
        levels, rare = vocabulary_of(present, MOST_STATISTICS)
    if not levels:
        raise DataError(
            f"each of the {rare} categories appears once, so that they tell nothing",
            column=source.name,
            remedy="Drop the column",
        )
    null_code = KINDS[source.kind].null_code
    if null_code in levels:
        raise DataError(
            f"{null_code} stands for missing values and cannot be a category",
            column=source.name,
        )
    # Nothing was learned about a level that no training row has.
    filled: NullPolicy = "unseen" if source.gaps == "impute" else "refuse"
    policy = "level" if missing else filled
    found = ColumnPreparation(
        column=source.name,
        input=name,
        kind=source.kind,
        null_policy=policy,
        categories=tuple(levels),
        missing_rows=missing,
        histogram=Histogram((), (*levels.values(), rare)),
    )
    if len(levels) <= MANY_LEVELS or goals.shape[1] > MOST_OUTPUTS:
        return found
    values = level_values(level_codes(column, found), goals, len(levels) + 2)
    kept = values if policy == "level" else values[:-1]
    return replace(found, statistics=tuple(map(tuple, kept.astype("float32").tolist())))


def _features(preparation: Preparation) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Names of the prepared row in order, and the positions that no training row sets."""
    numbers = number_inputs(preparation)
    names = tuple(column.input for column in numbers)
    # A number that never changed is 0 in every prepared training row, so nothing was learned about
    # it either.
    named = [(name, True) for each in target_statistics(preparation) for name in each.features()]
    named += [(column.input, column.maximum > column.minimum) for column in numbers]
    indicated = {f"{column.input} is missing": column.missing_rows > 0 for column in numbers}
    for transform in number_transforms(preparation):
        named += [(name, indicated[name]) for name in transform.further(names)]
    rare = {column.input: column.histogram.counts[-1] > 0 for column in preparation.inputs}
    for one_hot in one_hots(preparation):
        other, *levels = one_hot.features()
        named += [(other, rare[one_hot.input]), *((level, True) for level in levels)]
    unseen = tuple(place for place, (_, seen) in enumerate(named) if not seen)
    return tuple(name for name, _ in named), unseen


def _target(y: NDArray[np.generic], target: TargetSchema) -> TargetPreparation:
    if target.classes:
        counts = np.bincount(y.reshape(-1).astype(int), minlength=len(target.classes))
        return TargetPreparation(counts=tuple(counts.tolist()))
    values = y.astype(float)
    return TargetPreparation(mean=float(values.mean()), deviation=float(values.std()) or 1.0)
