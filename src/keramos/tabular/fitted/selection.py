"""SelectKBest and its kin: some columns, in their order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from keramos.errors import UnsupportedModelError
from keramos.tabular.fitted.attributes import attribute, floats, number
from keramos.tabular.fitted.fitted import Fitted
from keramos.tabular.fitted.front import chosen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from keramos.tabular.fitted.fitted import Cells
    from keramos.tabular.fitted.front import Front, Row
    from keramos.types.companions import Record


@dataclass(frozen=True, slots=True)
class Selection(Fitted):
    """How many columns there are, and the places of those that are kept."""

    name = "Selection"
    size: int
    places: tuple[int, ...]

    @classmethod
    def read(cls, record: Record) -> Self:
        """Never called: its kin read records."""
        raise UnsupportedModelError("a selection of its own", received=str(record.kind))

    @classmethod
    def of(cls, mask: NDArray[np.bool_]) -> Self:
        """From which are kept."""
        if not mask.any():
            raise UnsupportedModelError("the selection keeps no column")
        return cls(len(mask), tuple(np.flatnonzero(mask).tolist()))

    @property
    def inputs(self) -> int:
        """All columns."""
        return self.size

    def names(self, names: Sequence[str]) -> list[str]:
        """Those of the kept ones."""
        return [names[place] for place in self.places]

    def apply(self, columns: Sequence[Cells]) -> list[Cells]:
        """The kept ones."""
        return [columns[place] for place in self.places]

    def layers(self, front: Front, row: Row) -> Row:
        """Nothing for raw columns; a Dense layer of 0 and 1 for others."""
        return chosen(front, row, self.places)


@dataclass(frozen=True, slots=True)
class SelectKBest(Selection):
    """The ``k`` columns with the best scores."""

    name = "SelectKBest"

    @classmethod
    def read(cls, record: Record) -> Self:
        """``scores_`` and ``k``; of equal scores the later column is kept."""
        scores = np.asarray(attribute(record, "scores_"), "float64").reshape(-1)
        if record.state.get("k") == "all":
            return cls.of(np.ones(len(scores), bool))
        count = int(number(record, "k"))
        clean = np.where(np.isnan(scores), np.finfo("float64").min, scores)
        mask = np.zeros(len(clean), bool)
        order = np.argsort(clean, kind="mergesort")
        mask[order[len(order) - min(count, len(order)) :]] = True
        return cls.of(mask)


@dataclass(frozen=True, slots=True)
class VarianceThreshold(Selection):
    """The columns whose variance is above a threshold."""

    name = "VarianceThreshold"

    @classmethod
    def read(cls, record: Record) -> Self:
        """``variances_`` and ``threshold``."""
        return cls.of(floats(record, "variances_") > number(record, "threshold", 0.0))
