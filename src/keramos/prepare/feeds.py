"""Parsed columns -> the model's inputs, with missing cells by policy."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from msgspec import field
from msgspec.structs import replace

from keramos.errors import Problem
from keramos.frozen import Frozen
from keramos.tabular.cell import show
from keramos.tabular.column_steps import applied
from keramos.tabular.host_kind import HostKind
from keramos.tabular.kinds import KINDS
from keramos.types.schema import MATRIX_INPUT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keramos.types.prediction import Feeds
    from keramos.types.schema import ColumnPreparation, Preparation
    from keramos.types.table import Column, Table

NO_VALUE = (
    "no value, and the column had none missing in training (fill it, or retrain with examples)"
)

NO_CATEGORY = "none of the categories that the model knows"
NO_STEP = "a number for which a step of the preparation has no value"


class Fed(Frozen, frozen=True):
    """Model inputs of all rows (refused rows hold something harmless), cells that no input can
    hold, and counts by column.
    """

    feeds: Feeds
    problems: list[Problem] = field(default_factory=list)
    filled: dict[str, int] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)


def feeds(table: Table, preparation: Preparation) -> Fed:
    """Model inputs for a table that ``data.conform`` parsed: float32, int64 or object arrays of
    shape (rows, 1), or one float32 (rows, columns) array where all columns are numbers.
    """
    fed = Fed({})
    arrays = {}
    seen: set[str] = set()
    for column in preparation.inputs:
        source = table.columns[column.column]
        first = column.column not in seen  # a date is counted once, not once a part
        seen.add(column.column)
        if first:
            _count_missing(fed, column, source)
        kind = KINDS[column.kind]
        if isinstance(kind, HostKind):
            found = kind.model_input(source, column)
            arrays[column.input] = found.values
            if first:
                _refuse(fed, kind, column, source, found.reasons)
            continue
        if column.steps:
            source = _stepped(fed, column, source)
        encoded = kind.encode(source, column.part)
        arrays[column.input] = encoded.values
        if encoded.outside is not None:
            fed.problems.extend(
                Problem(int(row) + 1, column.column, show(source.values[row]), encoded.reason)
                for row in np.flatnonzero(encoded.outside)
            )
        if kind.is_category:
            _count_unknown(fed, column, source)
    if preparation.matrix:
        fed.feeds[MATRIX_INPUT] = np.concatenate(list(arrays.values()), axis=1)
    else:
        fed.feeds.update(arrays)
    return fed


def _refuse(
    fed: Fed, kind: HostKind, column: ColumnPreparation, source: Column, reasons: dict[int, str]
) -> None:
    """Rows whose cells the host cannot use are bad."""
    fed.problems.extend(
        Problem(row + 1, column.column, kind.shown(source.values[row]), reason)
        for row, reason in reasons.items()
    )


def _count_missing(fed: Fed, column: ColumnPreparation, source: Column) -> None:
    missing = int(source.missing.sum())
    if not missing:
        return
    if column.null_policy == "refuse":
        fed.problems.extend(
            Problem(int(row) + 1, column.column, "nothing", NO_VALUE)
            for row in np.flatnonzero(source.missing)
        )
    else:
        fed.filled[column.column] = missing


def _count_unknown(fed: Fed, column: ColumnPreparation, source: Column) -> None:
    known = set(column.categories)
    found = Counter(source.values[~source.missing].tolist())
    other = sum(count for value, count in found.items() if value not in known)
    if other and column.unknown == "refuse":
        bad = [not gone and cell not in known for cell, gone in _cells(source)]
        fed.problems.extend(
            Problem(int(row) + 1, column.column, show(source.values[row]), NO_CATEGORY)
            for row in np.flatnonzero(bad)
        )
    elif other:
        fed.unknown[column.column] = other


def _cells(source: Column) -> Iterator[tuple[object, bool]]:
    return zip(source.values.tolist(), source.missing.tolist(), strict=True)


def _stepped(fed: Fed, column: ColumnPreparation, source: Column) -> Column:
    """A parsed column after the steps that the host takes; where a step has no value the row is
    bad.
    """
    before = source.values.astype(float)
    after = applied(column.steps or (), before)
    lost = ~np.isfinite(after) & np.isfinite(before) & ~source.missing
    fed.problems.extend(
        Problem(int(row) + 1, column.column, show(source.values[row]), NO_STEP)
        for row in np.flatnonzero(lost)
    )
    return replace(source, values=np.where(lost, np.nan, after))
