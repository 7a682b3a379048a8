"""Pipeline: one transform after another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from keramos.errors import UnsupportedModelError
from keramos.tabular.fitted.fitted import Fitted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.tabular.fitted.fitted import Cells
    from keramos.tabular.fitted.front import Front, Row
    from keramos.types.companions import Record


@dataclass(frozen=True, slots=True)
class Chain(Fitted):
    """The steps, in order."""

    name = "Pipeline"
    steps: tuple[Fitted, ...]

    @classmethod
    def read(cls, record: Record) -> Self:
        """Never called: ``table.fitted_of`` reads the steps."""
        raise UnsupportedModelError("a pipeline without its steps", received=str(record.kind))

    @property
    def inputs(self) -> int | None:
        """What the first step that says so takes."""
        return next((one.inputs for one in self.steps if one.inputs is not None), None)

    def names(self, names: Sequence[str]) -> list[str]:
        """Through all steps."""
        found = list(names)
        for step in self.steps:
            found = step.names(found)
        return found

    def apply(self, columns: Sequence[Cells]) -> list[Cells]:
        """Through all steps."""
        found = list(columns)
        for step in self.steps:
            found = step.apply(found)
        return found

    def layers(self, front: Front, row: Row) -> Row:
        """Through all steps."""
        for step in self.steps:
            row = step.layers(front, row)
        return row

    def describe(self) -> str:
        """The steps."""
        return " > ".join(step.describe() for step in self.steps) or "as it is"
