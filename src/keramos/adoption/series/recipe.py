"""A recipe of a series: everything that a whole is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from keramos.types.schema import Series

if TYPE_CHECKING:
    from keramos.adoption.series.answer import Answer
    from keramos.adoption.series.columns import Columns
    from keramos.adoption.series.scale import Scale
    from keramos.adoption.series.window import Window


@dataclass(frozen=True, slots=True, eq=False)
class Recipe:
    """Everything that a whole is made of."""

    window: Window
    length: int
    columns: Columns
    scale: Scale
    answer: Answer

    @property
    def series(self) -> Series:
        """What the content says about the rows."""
        scale = self.scale
        return Series(
            self.columns.names,
            self.length,
            self.answer.column,
            scale.fitted,
            scale.low,
            scale.high,
        )

    @property
    def is_requested(self) -> bool:
        """Whether the request scales the answer back."""
        answers_columns = bool(self.answer.column) or self.answer.of_columns
        return self.scale.fitted == "request" and answers_columns

    @property
    def name(self) -> str:
        """Name of the schema's column: none of the window's."""
        names = ("series", "window", "history", "rows")
        return next(name for name in names if name not in self.columns.names)
