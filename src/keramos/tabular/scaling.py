"""Scaling: subtract, then divide, column by column.

Two Rescaling layers: one layer's x * scale + offset loses digits in float32 where the offset is
large against the range (years, time stamps).
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from keramos.tabular.transform import NumberTransform

if TYPE_CHECKING:
    from keramos.tabular.plan import Plan
    from keramos.tabular.transform import Floats
    from keramos.types.network import TensorRef


class ColumnScaling(NumberTransform):
    """(x - zero) / width; where the width is 0 nothing is divided."""

    __slots__ = ()

    @abstractmethod
    def zero_and_width(self) -> tuple[list[float], list[float]]:
        """What is subtracted, and what is divided by, a column each."""

    def apply(self, values: Floats) -> tuple[Floats, None]:
        """The scaled numbers."""
        zero, width = (np.array(part) for part in self.zero_and_width())
        return (values - zero) / np.where(width > 0, width, 1.0), None

    def layers(self, plan: Plan, x: TensorRef) -> tuple[TensorRef, None]:
        """Two Rescaling layers."""
        zero, width = self.zero_and_width()
        offset = [-value for value in zero]
        scale = [1.0 / value if value > 0 else 1.0 for value in width]
        x = plan.add("Rescaling", "shift", {"scale": 1.0, "offset": offset}, x)
        return plan.add("Rescaling", "scale", {"scale": scale, "offset": 0.0}, x), None
