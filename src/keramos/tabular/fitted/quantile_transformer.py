"""QuantileTransformer: a number becomes its rank, or what a normal distribution has there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from keramos.errors import CorruptModelError
from keramos.tabular.column_steps import applied
from keramos.tabular.fitted.attributes import floats, matrix, word
from keramos.tabular.fitted.fitted import Fitted
from keramos.tabular.fitted.host import host_row
from keramos.types.schema import ColumnStep

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.tabular.fitted.fitted import Cells
    from keramos.tabular.fitted.front import Front, Row
    from keramos.types.companions import Record


@dataclass(frozen=True, slots=True)
class QuantileTransformer(Fitted):
    """The quantiles of each column, the rank of each quantile, and the distribution."""

    name = "QuantileTransformer"
    quantiles: tuple[tuple[float, ...], ...]
    ranks: tuple[float, ...]
    normal: bool

    @classmethod
    def read(cls, record: Record) -> Self:
        """``quantiles_`` (quantiles, columns) and ``references_``."""
        quantiles, ranks = matrix(record, "quantiles_"), floats(record, "references_")
        if len(quantiles) != len(ranks) or np.any(np.diff(quantiles, axis=0) < 0):
            raise CorruptModelError("the quantiles are not in order", path="quantiles_")
        normal = word(record, "output_distribution", "uniform") == "normal"
        return cls(tuple(map(tuple, quantiles.T.tolist())), tuple(ranks.tolist()), normal)

    def _steps(self) -> list[ColumnStep]:
        name = "quantile_normal" if self.normal else "quantile_uniform"
        return [
            ColumnStep(name, {"quantiles": quantiles, "ranks": self.ranks})
            for quantiles in self.quantiles
        ]

    @property
    def inputs(self) -> int:
        """One number for each list of quantiles."""
        return len(self.quantiles)

    def names(self, names: Sequence[str]) -> list[str]:
        """The same."""
        return list(names)

    def apply(self, columns: Sequence[Cells]) -> list[Cells]:
        """The ranks, or normal deviates."""
        pairs = zip(columns, self._steps(), strict=True)
        return [applied((step,), column.astype(float)) for column, step in pairs]

    def layers(self, front: Front, row: Row) -> Row:
        """A step of the host."""
        return host_row(self.name, front, row, self._steps())
