"""The distinct cells of a column, how often each occurs, and in which row first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.frozen import Frozen
from keramos.tabular.cell import NULL_TEXT, distinct, show
from keramos.tabular.kind import NUMBER_NULLS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.types.table import Column

    Mask = NDArray[np.bool_]

_SHOWN_ROWS = 3


class Cells(Frozen, frozen=True, eq=False):
    """The distinct cells of a column that are not missing, how many rows hold each, and the first
    of these, from 1.
    """

    values: list[object]
    counts: NDArray[np.int64]
    rows: NDArray[np.int64]

    def __len__(self) -> int:
        """How many cells differ."""
        return len(self.values)

    def listed(self, which: Mask) -> str:
        """Some of the cells with their rows, for messages."""
        places = np.flatnonzero(which)
        places = places[np.argsort(self.rows[places], kind="stable")]
        named = [
            f"{show(self.values[place])} in row {self.rows[place]}"
            for place in places[:_SHOWN_ROWS]
        ]
        others = int(self.counts[which].sum()) - len(named)
        return ", ".join(named) + (f" and {others} more" if others > 0 else "")


def counted(column: Column) -> Cells:
    """The distinct cells that mean something in a column of numbers or dates."""
    nulls = NULL_TEXT | NUMBER_NULLS
    places = np.flatnonzero(~column.missing)
    kept, codes = distinct(column.values[places].tolist())
    _, first, counts = np.unique(codes, return_index=True, return_counts=True)
    use = [place for place, cell in enumerate(kept) if not (type(cell) is str and cell in nulls)]
    rows = places[first].astype(np.int64) + 1
    return Cells([kept[place] for place in use], counts[use].astype(np.int64), rows[use])
