"""ColumnTransformer: some columns through one transform, some through another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from keramos.errors import UnsupportedModelError
from keramos.tabular.fitted.fitted import Fitted
from keramos.tabular.fitted.front import chosen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.tabular.fitted.fitted import Cells
    from keramos.tabular.fitted.front import Front, Row
    from keramos.types.companions import Record


@dataclass(frozen=True, slots=True)
class Branch:
    """A transform, and the places of the columns that it takes."""

    label: str
    transform: Fitted
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ColumnTransformer(Fitted):
    """How many columns there are, their names ("" where they have none) and the branches, whose
    results stand side by side.
    """

    name = "ColumnTransformer"
    columns: tuple[str, ...]
    branches: tuple[Branch, ...]
    prefixed: bool = False

    @classmethod
    def read(cls, record: Record) -> Self:
        """Never called: ``table.fitted_of`` reads the branches."""
        raise UnsupportedModelError("a transformer without branches", received=str(record.kind))

    @property
    def inputs(self) -> int:
        """All columns."""
        return len(self.columns)

    def used(self) -> list[int]:
        """Places of the columns that some branch takes."""
        return sorted({place for branch in self.branches for place in branch.places})

    def names(self, names: Sequence[str]) -> list[str]:
        """Those of all branches, after the name of the branch where the transformer says so."""
        return [
            f"{branch.label}__{name}" if self.prefixed else name
            for branch in self.branches
            for name in branch.transform.names([names[place] for place in branch.places])
        ]

    def apply(self, columns: Sequence[Cells]) -> list[Cells]:
        """The results of all branches."""
        return [
            column
            for branch in self.branches
            for column in branch.transform.apply([columns[place] for place in branch.places])
        ]

    def layers(self, front: Front, row: Row) -> Row:
        """The layers of all branches."""
        return [
            piece
            for branch in self.branches
            for piece in branch.transform.layers(front, chosen(front, row, branch.places))
        ]

    def describe(self) -> str:
        """The branches."""
        parts = [f"{one.transform.describe()} on {len(one.places)}" for one in self.branches]
        return "; ".join(parts)
