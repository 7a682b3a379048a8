"""A few rows as dicts -> model inputs, in microseconds, where every cell is of the plainest form.

Only cells that need no judgement are taken: numbers that are numbers, categories that are in the
vocabulary, None where the schema allows it. Anything else makes the caller go the long way through
``data.conform`` and ``feeds``, so that no rule about cells is written twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from keramos.prepare.feeds import LARGEST
from keramos.types.schema import MATRIX_INPUT, MISSING_INTEGER, MISSING_NUMBER, MISSING_TEXT

if TYPE_CHECKING:
    from keramos.types.prediction import Feeds
    from keramos.types.schema import ColumnPreparation, Preparation

Row = Mapping[str, object]
Feeder = Callable[[Sequence[Row]], "Feeds | None"]


class _NotPlainError(Exception):
    """A cell needs the long way."""


def row_feeder(preparation: Preparation) -> Feeder:
    """A function from rows to model inputs; it gives None where a row needs the long way."""
    cells = [_cell(column) for column in preparation.inputs]
    names = [column.column for column in preparation.inputs]
    assemble = _matrix if preparation.matrix else _named(preparation)

    def feed(rows: Sequence[Row]) -> Feeds | None:
        try:
            encoded = [
                [cell(row[name]) for row in rows] for name, cell in zip(names, cells, strict=True)
            ]
        except (_NotPlainError, KeyError):
            return None
        return assemble(encoded)

    return feed


def _matrix(encoded: list[list[object]]) -> Feeds:
    return {MATRIX_INPUT: np.array(encoded, "float32").T}


def _named(preparation: Preparation) -> Callable[[list[list[object]]], Feeds]:
    dtypes = {"string_category": object, "integer_category": np.int64}
    slots = [(column.input, dtypes.get(column.kind, np.float32)) for column in preparation.inputs]

    def assemble(encoded: list[list[object]]) -> Feeds:
        return {
            name: np.array(cells, dtype)[:, None]
            for (name, dtype), cells in zip(slots, encoded, strict=True)
        }

    return assemble


def _cell(column: ColumnPreparation) -> Callable[[object], object]:
    match column.kind:
        case "number":
            return _number(None if column.null_policy == "refuse" else MISSING_NUMBER)
        case "string_category":
            return _level(column, str, MISSING_TEXT)
        case "integer_category":
            return _level(column, int, MISSING_INTEGER)
        case "boolean":
            return _boolean(None if column.null_policy == "refuse" else MISSING_NUMBER)
    return _never


def _never(_: object) -> object:
    raise _NotPlainError


def _number(nothing: float | None) -> Callable[[object], object]:
    def cell(value: object) -> object:
        if (type(value) is float or type(value) is int) and -LARGEST < value < LARGEST:
            return value
        if value is None and nothing is not None:
            return nothing
        raise _NotPlainError

    return cell


def _boolean(nothing: float | None) -> Callable[[object], object]:
    def cell(value: object) -> object:
        if value is True or value is False:
            return float(value)
        if value is None and nothing is not None:
            return nothing
        raise _NotPlainError

    return cell


def _level(column: ColumnPreparation, kind: type, nothing: str | int) -> Callable[[object], object]:
    known = frozenset(column.categories)
    allowed = column.null_policy == "level"

    def cell(value: object) -> object:
        if type(value) is kind and value in known:
            return value
        if value is None and allowed:
            return nothing
        raise _NotPlainError

    return cell
