"""Transforms that look cells up in categories."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import LimitExceededError, UnsupportedModelError
from keramos.tabular.fitted.fitted import Fitted, split
from keramos.tabular.fitted.front import Raw

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.tabular.fitted.fitted import Cells
    from keramos.tabular.fitted.front import Front, Levels, Row

NAN = float("nan")
_MOST_CELLS = 4_000_000


class Lookup(Fitted):
    """Each column has its own categories; each category becomes a vector."""

    __slots__ = ()

    @abstractmethod
    def levels(self) -> list[Levels]:
        """The categories of each column and what becomes of them."""

    @property
    def inputs(self) -> int:
        """One column for each list of categories."""
        return len(self.levels())

    def apply(self, columns: Sequence[Cells]) -> list[Cells]:
        """The vectors of the cells, side by side; NaN for a cell that is refused."""
        found: list[Cells] = []
        for column, levels in zip(columns, self.levels(), strict=True):
            width = len(levels.vectors[0])
            known = {
                _key(one): vector
                for one, vector in zip(levels.categories, levels.vectors, strict=True)
            }
            other = levels.unknown or (NAN,) * width
            rows = [known.get(_key(cell), other) for cell in column.tolist()]
            found += split(np.array(rows, "float64").reshape(len(rows), width))
        return found

    def layers(self, front: Front, row: Row) -> Row:
        """A lookup layer a column."""
        found: Row = []
        for piece, levels in zip(row, self.levels(), strict=True):
            if not isinstance(piece, Raw):
                raise UnsupportedModelError(
                    f"the {self.name} takes columns that another transform has made"
                )
            found.append(front.encoded(piece, levels))
        return found


def _key(cell: object) -> object:
    """A cell as it is compared: NaN and None are one key, booleans are not numbers."""
    if cell is None or cell != cell:  # noqa: PLR0124 (NaN)
        return None
    if isinstance(cell, (bool, np.bool_)):
        return ("bool", bool(cell))
    return cell


def unit(place: int, size: int, yes: float = 1.0, no: float = 0.0) -> tuple[float, ...]:
    """A vector that is ``yes`` at a place and ``no`` elsewhere."""
    row = [no] * size
    if place >= 0:
        row[place] = yes
    return tuple(row)


def check_size(categories: int, outputs: int) -> None:
    """Refuse more vectors than a table of words can have.

    Raises:
        LimitExceededError: there are too many.
    """
    if categories * outputs > _MOST_CELLS:
        raise LimitExceededError(
            "the categories have too many columns", received=f"{categories:,} x {outputs:,}"
        )
