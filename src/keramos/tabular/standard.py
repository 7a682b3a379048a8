"""Standard scaling: the training values get mean 0 and standard deviation 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from keramos.tabular.scaling import ColumnScaling

if TYPE_CHECKING:
    from keramos.tabular.transform import Floats


@dataclass(frozen=True, slots=True)
class Standard(ColumnScaling):
    """Mean and standard deviation of each column's training values."""

    name = "standard"
    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    @classmethod
    def fit(cls, values: Floats) -> Self:
        """Mean and deviation of each column."""
        return cls(tuple(np.nanmean(values, 0).tolist()), tuple(np.nanstd(values, 0).tolist()))

    def zero_and_width(self) -> tuple[list[float], list[float]]:
        """The mean, and the deviation."""
        return list(self.mean), list(self.deviation)
