"""Min-max scaling: the training range becomes 0 to 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from keramos.tabular.scaling import ColumnScaling

if TYPE_CHECKING:
    from keramos.tabular.transform import Floats


@dataclass(frozen=True, slots=True)
class MinMax(ColumnScaling):
    """Smallest and largest training value of each column."""

    name = "minmax"
    minimum: tuple[float, ...]
    maximum: tuple[float, ...]

    @classmethod
    def fit(cls, values: Floats) -> Self:
        """The range of each column."""
        return cls(tuple(np.nanmin(values, 0).tolist()), tuple(np.nanmax(values, 0).tolist()))

    def zero_and_width(self) -> tuple[list[float], list[float]]:
        """The minimum, and the range."""
        pairs = zip(self.minimum, self.maximum, strict=True)
        return list(self.minimum), [high - low for low, high in pairs]
