"""Typed columns -> what the model's inputs take, with nulls by policy."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import numpy as np

from keramos.errors import Problem
from keramos.prepare.dates import part
from keramos.types.schema import MATRIX_INPUT, MISSING_INTEGER, MISSING_NUMBER, MISSING_TEXT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.types.prediction import Feeds
    from keramos.types.schema import ColumnPreparation, Preparation
    from keramos.types.table import Column, Table

LARGEST = -MISSING_NUMBER / 2
"""Numbers must lie strictly between -2**126 and 2**126: float32 holds them, and the code for
missing is beyond.
"""

NO_VALUE = "no value, and no training row lacked one (fill it, or train with rows that lack it)"
TOO_LARGE = "too large for the model's float32 input"


@dataclass(frozen=True, slots=True)
class Fed:
    """Model inputs of all rows (bad rows hold something harmless), cells that cannot be fed, and
    counts by column.
    """

    feeds: Feeds
    problems: list[Problem] = field(default_factory=list)
    filled: dict[str, int] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)


def feeds(table: Table, preparation: Preparation) -> Fed:
    """Model inputs for a table that ``data.conform`` typed: float32, int64 or object arrays of
    shape (rows, 1), or one float32 (rows, columns) array where all columns are numbers.
    """
    fed = Fed({})
    arrays = {}
    for column in preparation.inputs:
        source = table.columns[column.column]
        if column.part in {"", "year"}:  # a date is looked at once, not once a part
            _count(fed, column, source)
        arrays[column.input] = _ENCODERS.get(column.kind, _number)(column, source, fed)
    if preparation.matrix:
        fed.feeds[MATRIX_INPUT] = np.concatenate(list(arrays.values()), axis=1)
    else:
        fed.feeds.update(arrays)
    return fed


def _count(fed: Fed, column: ColumnPreparation, source: Column) -> None:
    gone = int(source.missing.sum())
    if not gone:
        return
    if column.null_policy == "refuse":
        fed.problems.extend(
            Problem(int(row) + 1, column.column, "nothing", NO_VALUE)
            for row in np.flatnonzero(source.missing)
        )
    else:
        fed.filled[column.column] = gone


def _number(column: ColumnPreparation, source: Column, fed: Fed) -> NDArray[np.generic]:
    values = (
        part(cast("NDArray[np.datetime64]", source.values), source.missing, column.part)
        if column.part
        else source.values
    )
    filled = np.where(source.missing, MISSING_NUMBER, values.astype(float))
    large = ~(np.abs(filled) < LARGEST) & ~source.missing
    if large.any():
        # Cells that did not parse are NaN here and already have a problem of their own.
        rows = np.flatnonzero(large & ~np.isnan(filled))
        fed.problems.extend(
            Problem(int(row) + 1, column.column, repr(float(filled[row])), TOO_LARGE)
            for row in rows
            if np.isfinite(filled[row])
        )
        filled = np.where(large, 0.0, filled)
    return filled.astype("float32").reshape(-1, 1)


def _string(column: ColumnPreparation, source: Column, fed: Fed) -> NDArray[np.generic]:
    _unknown(column, source, fed)
    return np.where(source.missing, MISSING_TEXT, source.values).astype(object).reshape(-1, 1)


def _integer(column: ColumnPreparation, source: Column, fed: Fed) -> NDArray[np.generic]:
    _unknown(column, source, fed)
    return np.where(source.missing, MISSING_INTEGER, source.values).astype("int64").reshape(-1, 1)


def _unknown(column: ColumnPreparation, source: Column, fed: Fed) -> None:
    known = set(column.categories)
    found = Counter(source.values[~source.missing].tolist())
    other = sum(count for value, count in found.items() if value not in known)
    if other:
        fed.unknown[column.column] = other


_ENCODERS = {"string_category": _string, "integer_category": _integer}
