"""SimpleImputer: what stands for missing cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from keramos.errors import UnsupportedModelError
from keramos.tabular.fitted.attributes import attribute, cells
from keramos.tabular.fitted.fitted import Fitted
from keramos.tabular.fitted.front import NO_FILL, Made, Raw

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.tabular.fitted.fitted import Cells
    from keramos.tabular.fitted.front import Front, Row
    from keramos.types.companions import Name, Record


@dataclass(frozen=True, slots=True)
class SimpleImputer(Fitted):
    """What fills each column: a number or text."""

    name = "SimpleImputer"
    fills: tuple[object, ...]

    @classmethod
    def read(cls, record: Record) -> Self:
        """``statistics_``; only NaN and None count as missing."""
        if not _is_missing(record.state.get("missing_values", np.nan)):
            raise UnsupportedModelError(
                "another value than NaN counts as missing",
                option="missing_values",
                received=str(record.state["missing_values"])[:40],
            )
        if record.state.get("add_indicator"):
            raise UnsupportedModelError("indicators of missing cells", option="add_indicator")
        fills = cells(attribute(record, "statistics_"), "statistics_")
        if any(_is_missing(fill) for fill in fills):
            raise UnsupportedModelError("a column had no value when the imputer was fitted")
        return cls(fills)

    @property
    def inputs(self) -> int:
        """One column for each fill."""
        return len(self.fills)

    def names(self, names: Sequence[str]) -> list[str]:
        """The same."""
        return list(names)

    def apply(self, columns: Sequence[Cells]) -> list[Cells]:
        """The filled columns."""
        found: list[Cells] = []
        for column, fill in zip(columns, self.fills, strict=True):
            gaps = [cell is None or cell != cell for cell in column.tolist()]  # noqa: PLR0124 (NaN)
            found.append(np.where(gaps, np.array(fill, column.dtype), column))
        return found

    def layers(self, front: Front, row: Row) -> Row:
        """Nothing here: what uses the column fills it."""
        del front
        found: Row = []
        for piece in row:
            if isinstance(piece, Made):  # what layers made has no gaps
                found.append(piece)
                continue
            fill = self.fills[len(found)]
            filled = piece.fill is not NO_FILL
            found.append(piece if filled else Raw(piece.place, fill, piece.steps))
        return found


def _is_missing(value: object | Name) -> bool:
    text = str(value)
    return value is None or value != value or text in {"NaN", "nan", "pandas.NA"}  # noqa: PLR0124
