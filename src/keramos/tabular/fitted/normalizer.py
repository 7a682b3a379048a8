"""Normalizer: each row has length 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from keramos.errors import UnsupportedModelError
from keramos.tabular.fitted.attributes import word
from keramos.tabular.fitted.fitted import Fitted, numeric, split
from keramos.tabular.fitted.front import Made

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.tabular.fitted.fitted import Cells
    from keramos.tabular.fitted.front import Front, Row
    from keramos.types.companions import Record


@dataclass(frozen=True, slots=True)
class Normalizer(Fitted):
    """The length is that of Euclid; a row of zeros stays."""

    name = "Normalizer"

    @classmethod
    def read(cls, record: Record) -> Self:
        """``norm``, of which only ``l2`` has a layer."""
        norm = word(record, "norm", "l2")
        if norm != "l2":
            raise UnsupportedModelError(
                "no built-in layer divides a row by this length", option="norm", received=norm
            )
        return cls()

    @property
    def inputs(self) -> None:
        """Any number."""
        return

    def names(self, names: Sequence[str]) -> list[str]:
        """The same."""
        return list(names)

    def apply(self, columns: Sequence[Cells]) -> list[Cells]:
        """The rows, divided by their length."""
        values = numeric(columns)
        length = np.sqrt((values**2).sum(1, keepdims=True))
        return split(values / np.where(length == 0, 1, length))

    def layers(self, front: Front, row: Row) -> Row:
        """UnitNormalization."""
        x, width = front.numbers(row)
        return [Made(front.plan.add("UnitNormalization", "unit_length", {"axis": -1}, x), width)]
