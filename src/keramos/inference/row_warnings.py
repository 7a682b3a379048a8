"""What a row has that no training row had: numbers outside the training range, unknown categories.

Such a row is decided all the same; its decision carries the warnings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
from msgspec.structs import replace

from keramos.tabular.float32 import in_own_unit
from keramos.tabular.kinds import KINDS
from keramos.types.schema import MATRIX_INPUT, MISSING_NUMBER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from keramos.types.prediction import Decision, Feeds
    from keramos.types.schema import ColumnPreparation, Preparation

    Found = dict[int, list[str]]

_FEW = 8
"""Rows up to which Python is faster than numpy."""


class RowWarnings:
    """Looks at model inputs. Safe to share between threads.

    ``known`` is false for files that record no training distributions, and where warnings are
    silenced; nothing is found there.
    """

    def __init__(self, preparation: Preparation) -> None:
        self.known = bool(preparation.inputs) and preparation.has_histograms
        self._matrix = preparation.matrix
        columns = list(enumerate(preparation.inputs)) if self.known else []
        self._numbers = [
            (place, column, float(np.float32(column.minimum)), float(np.float32(column.maximum)))
            for place, column in columns
            if column.kind == "number"
        ]
        self._categories = [
            (column, frozenset([*column.categories, KINDS[column.kind].null_code]))
            for _, column in columns
            if KINDS[column.kind].is_category
        ]

    def silence(self) -> None:
        """Find nothing from now on."""
        self.known = False

    def found(
        self,
        fed: Feeds,
        coded: Mapping[str, tuple[NDArray[np.generic], NDArray[np.int32]]] | None = None,
    ) -> Found:
        """Row, from 0 -> what is to be said of it.

        Args:
            fed: arrays by input name, of shape (rows, 1), or (rows, inputs) of a matrix model.
            coded: for inputs of categories, by name, the distinct values, shape (n, 1), and which
                of them each row has.
        """
        found: Found = {}
        for place, column, low, high in self._numbers:
            values = fed[MATRIX_INPUT][:, place] if self._matrix else fed[column.input][:, 0]
            for row in _outside(cast("NDArray[np.float32]", values), low, high):
                found.setdefault(row, []).append(_range_words(column, float(values[row])))
        for column, levels in self._categories:
            known = coded.get(column.input) if coded else None
            rows = _unknown(fed[column.input], levels) if known is None else _coded(*known, levels)
            for row, value in rows:
                words = f"{column.column} {value!r} is not a category that the model knows"
                found.setdefault(row, []).append(words)
        return found

    def added(self, decisions: list[Decision], fed: Feeds) -> list[Decision]:
        """The decisions about the rows of ``fed`` with their warnings."""
        if not self.known or (len(decisions) == 1 and self._is_usual(fed)):
            return decisions
        for row, words in self.found(fed).items():
            decisions[row] = replace(decisions[row], warnings=tuple(words))
        return decisions

    def _is_usual(self, fed: Feeds) -> bool:
        """Whether nothing is to be said of one row; ``found`` takes longer."""
        cells = fed[MATRIX_INPUT].tolist()[0] if self._matrix else ()
        for place, column, low, high in self._numbers:
            value = cells[place] if cells else fed[column.input].item()
            if not low <= value <= high and value != MISSING_NUMBER:
                return False
        return all(fed[column.input].item() in levels for column, levels in self._categories)


def warning_cells(found: Found, rows: int) -> NDArray[np.object_]:
    """A cell for each row: its warnings as one text, or None."""
    cells = np.full(rows, None, object)
    for row, words in found.items():
        cells[row] = "; ".join(words)
    return cells


def _outside(values: NDArray[np.float32], low: float, high: float) -> Sequence[int]:
    if len(values) <= _FEW:
        return [
            row
            for row, value in enumerate(values.tolist())
            if not low <= value <= high and value != MISSING_NUMBER
        ]
    outside = ((values < low) | (values > high)) & (values != MISSING_NUMBER)
    return np.flatnonzero(outside).tolist() if outside.any() else ()


def _unknown(values: NDArray[np.generic], levels: frozenset[object]) -> list[tuple[int, object]]:
    cells = values[:, 0].tolist()
    return [(row, cell) for row, cell in enumerate(cells) if cell not in levels]


def _coded(
    distinct: NDArray[np.generic], codes: NDArray[np.int32], levels: frozenset[object]
) -> list[tuple[int, object]]:
    cells = distinct[:, 0].tolist()
    odd = np.array([cell not in levels for cell in cells], bool)
    if not odd.any():
        return []
    return [(row, cells[codes[row]]) for row in np.flatnonzero(odd[codes]).tolist()]


def _range_words(column: ColumnPreparation, value: float) -> str:
    own = in_own_unit(column)
    got = value + own.minimum - column.minimum
    words = f"is outside the training range {own.minimum:.6g} to {own.maximum:.6g}"
    return f"{column.column} {got:.6g} {words}"
