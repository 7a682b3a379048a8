"""Learn from the training rows, and from nothing else, what preparation needs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import DataError
from keramos.tabular.kinds import KINDS
from keramos.types.schema import (
    ColumnPreparation,
    Histogram,
    Preparation,
    TargetPreparation,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from keramos.types.schema import (
        ColumnSchema,
        NullPolicy,
        Scaling,
        Schema,
        TargetSchema,
    )
    from keramos.types.table import Column, Table

_BINS = 20
_MOST_LEVELS = 256
_KEEP_RARE_UP_TO = 20
"""With more levels than this, a level seen once is too rare to learn and shares the
out-of-vocabulary level.
"""


def fit(table: Table, schema: Schema, y: NDArray[np.generic], *, scaling: Scaling) -> Preparation:
    """What the training rows teach: ``table`` holds them, typed as ``data.conform`` leaves them;
    ``y`` their targets.

    Raises:
        DataError: a column has no value in any training row.
    """
    matrix = all(column.kind in {"number", "boolean"} for column in schema.columns)
    names = _input_names(table, schema)
    inputs = tuple(
        _learn(source, table.columns[source.name], name, which)
        for source in schema.columns
        for which, name in names[source.name]
    )
    features, unseen = _features(inputs)
    return Preparation(scaling, matrix, inputs, _target(y, schema.target), features, unseen)


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
            (which, _free(f"{column.name}_{which}" if which else column.name, taken))
            for which in parts
        ]
    return names


def _free(name: str, taken: set[str]) -> str:
    base = "".join(letter if letter.isprintable() and letter != "/" else "_" for letter in name)
    base = base if base.strip(". ") else f"column_{base.strip()}"
    free = next(
        n for n in (base, *(f"{base}_{i}" for i in range(1, len(taken) + 2))) if n not in taken
    )
    taken.add(free)
    return free


def _learn(source: ColumnSchema, column: Column, name: str, which: str) -> ColumnPreparation:
    if column.missing.all():
        raise DataError(f"column '{source.name}' has no value in any training row; drop it")
    missing = int(column.missing.sum())
    kind = KINDS[source.kind]
    if kind.is_category:
        return _learn_levels(source, column, name, missing)
    present = kind.numbers(column.values, column.missing, which)[~column.missing]
    low, high = float(present.min()), float(present.max())
    counts, edges = np.histogram(
        present, _BINS, (low, high) if high > low else (low - 0.5, low + 0.5)
    )
    return ColumnPreparation(
        column=source.name,
        input=name,
        kind=source.kind,
        null_policy="median" if missing else "refuse",
        part=which,
        minimum=low,
        maximum=high,
        mean=float(present.mean()),
        median=float(np.median(present)),
        deviation=float(present.std()),
        missing_rows=missing,
        histogram=Histogram(tuple(edges.tolist()), tuple(counts.tolist())),
    )


def _learn_levels(
    source: ColumnSchema, column: Column, name: str, missing: int
) -> ColumnPreparation:
    counts = Counter(column.values[~column.missing].tolist())
    ordered = sorted(counts, key=lambda level: (-counts[level], level))
    common = [level for level in ordered if counts[level] > 1 or len(counts) <= _KEEP_RARE_UP_TO][
        :_MOST_LEVELS
    ]
    if not common:
        raise DataError(
            f"column '{source.name}': each of its {len(counts)} categories appears once; drop it"
        )
    null_code = KINDS[source.kind].null_code
    if null_code in counts:
        raise DataError(
            f"column '{source.name}': {null_code} stands for missing values and cannot be a "
            "category"
        )
    rare = sum(counts.values()) - sum(counts[level] for level in common)
    policy: NullPolicy = "level" if missing else "refuse"
    return ColumnPreparation(
        column=source.name,
        input=name,
        kind=source.kind,
        null_policy=policy,
        categories=tuple(common),
        missing_rows=missing,
        histogram=Histogram((), (*(counts[level] for level in common), rare)),
    )


def _features(inputs: tuple[ColumnPreparation, ...]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Names of the prepared row in order, and the positions that no training row sets."""
    numbers = [column for column in inputs if not KINDS[column.kind].is_category]
    # A number that never changed is 0 in every prepared training row, so nothing was learned about
    # it either.
    named: list[tuple[str, bool]] = [
        (column.input, column.maximum > column.minimum) for column in numbers
    ]
    named += [
        (f"{column.input} is missing", True) for column in numbers if column.null_policy == "median"
    ]
    for column in inputs:
        if KINDS[column.kind].is_category:
            named += _level_names(column)
    return tuple(name for name, _ in named), tuple(
        place for place, (_, seen) in enumerate(named) if not seen
    )


def _level_names(column: ColumnPreparation) -> Iterator[tuple[str, bool]]:
    """Keras puts the out-of-vocabulary level first; the missing level is the last word of the
    vocabulary.
    """
    yield f"{column.input}=<other>", column.histogram.counts[-1] > 0
    for level in column.categories:
        yield f"{column.input}={level}", True
    if column.null_policy == "level":
        yield f"{column.input}=<missing>", True


def _target(y: NDArray[np.generic], target: TargetSchema) -> TargetPreparation:
    if target.classes:
        counts = np.bincount(y.reshape(-1).astype(int), minlength=len(target.classes))
        return TargetPreparation(counts=tuple(counts.tolist()))
    values = y.astype(float)
    return TargetPreparation(mean=float(values.mean()), deviation=float(values.std()) or 1.0)
