"""MaxAbsScaler: the largest size of the training rows becomes 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from keramos.tabular.fitted.attributes import flag, floats
from keramos.tabular.fitted.columns import Affine

if TYPE_CHECKING:
    from keramos.tabular.fitted.columns import Numbers
    from keramos.types.companions import Record


@dataclass(frozen=True, slots=True)
class MaxAbsScaler(Affine):
    """The largest size of each column, and whether results are clipped to -1..1."""

    name = "MaxAbsScaler"
    largest: Numbers
    clipped: bool = False

    @classmethod
    def read(cls, record: Record) -> Self:
        """``scale_``."""
        scale = floats(record, "scale_")
        clipped = flag(record, "clip", default=False)
        return cls(tuple(np.where(scale == 0, 1.0, scale).tolist()), clipped)

    def line(self) -> tuple[Numbers, Numbers]:
        """1 / largest, and nothing."""
        return tuple(1 / one for one in self.largest), (0.0,) * len(self.largest)

    def range(self) -> tuple[float, float] | None:
        """-1..1, if results are clipped."""
        return (-1.0, 1.0) if self.clipped else None
