"""RobustScaler: median 0 and a range of quantiles 1."""

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
class RobustScaler(Affine):
    """Centre and width of each column."""

    name = "RobustScaler"
    center: Numbers
    width: Numbers

    @classmethod
    def read(cls, record: Record) -> Self:
        """``center_`` and ``scale_``, unless an option leaves one out."""
        center = floats(record, "center_") if flag(record, "with_centering", default=True) else None
        scale = floats(record, "scale_") if flag(record, "with_scaling", default=True) else None
        known = center if center is not None else scale
        size = len(known) if known is not None else count(record, "n_features_in_")
        zeros, ones = np.zeros(size), np.ones(size)
        return cls(
            tuple((zeros if center is None else center).tolist()),
            tuple((ones if scale is None else np.where(scale == 0, 1.0, scale)).tolist()),
        )

    def line(self) -> tuple[Numbers, Numbers]:
        """1 / width, and -center / width."""
        pairs = list(zip(self.center, self.width, strict=True))
        return tuple(1 / one for one in self.width), tuple(-c / w for c, w in pairs)
