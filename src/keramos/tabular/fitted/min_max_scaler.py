"""MinMaxScaler: the range of the training rows becomes a given range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from keramos.errors import CorruptModelError
from keramos.tabular.fitted.attributes import cells, flag, floats
from keramos.tabular.fitted.columns import Affine

if TYPE_CHECKING:
    from keramos.tabular.fitted.columns import Numbers
    from keramos.types.companions import Record


@dataclass(frozen=True, slots=True)
class MinMaxScaler(Affine):
    """``scale_`` and ``min_`` of each column, and the range to which results are clipped."""

    name = "MinMaxScaler"
    scale: Numbers
    minimum: Numbers
    clip: Numbers = ()

    @classmethod
    def read(cls, record: Record) -> Self:
        """Files before 0.24 have no ``clip``: it is false."""
        scale, least = floats(record, "scale_"), floats(record, "min_")
        clip: Numbers = ()
        if flag(record, "clip", default=False):
            low, high = cells(record.state.get("feature_range"), "feature_range")
            if not isinstance(low, (int, float)) or not isinstance(high, (int, float)):
                raise CorruptModelError("the range is not one", path="feature_range")
            clip = (float(low), float(high))
        return cls(tuple(scale.tolist()), tuple(least.tolist()), clip)

    def line(self) -> tuple[Numbers, Numbers]:
        """As they are stored."""
        return self.scale, self.minimum

    def range(self) -> tuple[float, float] | None:
        """The range, if results are clipped."""
        return (self.clip[0], self.clip[1]) if self.clip else None
