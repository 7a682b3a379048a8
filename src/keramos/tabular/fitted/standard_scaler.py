"""StandardScaler: mean 0 and deviation 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from keramos.tabular.fitted.attributes import count, flag, floats
from keramos.tabular.fitted.columns import Affine

if TYPE_CHECKING:
    from keramos.tabular.fitted.columns import Numbers
    from keramos.types.companions import Record


@dataclass(frozen=True, slots=True)
class StandardScaler(Affine):
    """Mean and deviation of each column; a deviation of 0 divides by nothing."""

    name = "StandardScaler"
    mean: Numbers
    deviation: Numbers

    @classmethod
    def read(cls, record: Record) -> Self:
        """``mean_`` and ``scale_``, unless an option leaves one out."""
        centred = flag(record, "with_mean", default=True)
        scaled = flag(record, "with_std", default=True)
        mean = floats(record, "mean_") if centred else None
        scale = floats(record, "scale_", "std_") if scaled else None
        size = len(mean if mean is not None else scale if scale is not None else ())
        if mean is None and scale is None:
            size = count(record, "n_features_in_")
        zeros, ones = np.zeros(size), np.ones(size)
        return cls(
            tuple((zeros if mean is None else mean).tolist()),
            tuple((ones if scale is None else np.where(scale == 0, 1.0, scale)).tolist()),
        )

    def line(self) -> tuple[Numbers, Numbers]:
        """1 / deviation, and -mean / deviation."""
        pairs = list(zip(self.mean, self.deviation, strict=True))
        return tuple(1 / one for one in self.deviation), tuple(-m / d for m, d in pairs)
