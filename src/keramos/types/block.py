"""Rows as columns of Python cells or numpy arrays, where Arrow is not installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keramos.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    Cells = Sequence[object] | NDArray[np.generic]


class Field(NamedTuple):
    """A column: its name, and its type as Arrow names it (string, int64, double, float, bool), or
    ``json``: cells of several types.
    """

    name: str
    type: str


class Fields(tuple[Field, ...]):
    """The columns of a block, in order."""

    __slots__ = ()

    @property
    def names(self) -> list[str]:
        """Of all columns."""
        return [field.name for field in self]

    def field(self, which: str | int) -> Field:
        """The column of a name or a position."""
        return self[self.names.index(which) if isinstance(which, str) else which]

    def append(self, field: Field) -> Fields:
        """These columns and one more."""
        return Fields((*self, field))


class Block(Frozen, frozen=True, eq=False):
    """``num_rows`` rows; ``cells`` has those of each column of ``schema``, None where missing."""

    schema: Fields
    cells: Mapping[str, Cells]
    num_rows: int

    def column(self, name: str) -> Cells:
        """The cells of a column."""
        return self.cells[name]
