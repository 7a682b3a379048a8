"""Transforms that multiply and add column by column."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import CorruptModelError
from keramos.tabular.fitted.fitted import Fitted, numeric, split
from keramos.tabular.fitted.front import Made

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.tabular.fitted.fitted import Cells
    from keramos.tabular.fitted.front import Front, Row

Numbers = tuple[float, ...]


class Affine(Fitted):
    """X * scale + offset, and clipped to a range where there is one."""

    __slots__ = ()

    @abstractmethod
    def line(self) -> tuple[Numbers, Numbers]:
        """Scale and offset of each column."""

    def range(self) -> tuple[float, float] | None:
        """What the result is clipped to."""
        return None

    @property
    def inputs(self) -> int:
        """One number for each."""
        return len(self.line()[0])

    def names(self, names: Sequence[str]) -> list[str]:
        """The same."""
        return list(names)

    def apply(self, columns: Sequence[Cells]) -> list[Cells]:
        """The scaled numbers."""
        scale, offset = (np.array(part) for part in self.line())
        found, clip = numeric(columns) * scale + offset, self.range()
        return split(found if clip is None else np.clip(found, *clip))

    def inverse(self) -> tuple[Numbers, Numbers]:
        """Scale and offset that lead back to what was scaled."""
        scale, offset = self.line()
        if not all(scale):
            raise CorruptModelError("the scaler cannot be inverted: a scale is 0")
        back = tuple(1.0 / factor for factor in scale)
        return back, tuple(-shift * factor for shift, factor in zip(offset, back, strict=True))

    def layers(self, front: Front, row: Row) -> Row:
        """One or two Rescaling layers, and ReLU where the result is clipped."""
        x, width = front.numbers(row)
        scale, offset = self.line()
        clip = self.range()
        if clip is None:
            return [Made(front.affine(x, scale, offset), width)]
        low, high = clip
        x = front.affine(x, scale, [shift - low for shift in offset])
        config: dict[str, object] = {
            "max_value": high - low,
            "negative_slope": 0.0,
            "threshold": 0.0,
        }
        x = front.plan.add("ReLU", "clip", config, x)
        return [Made(front.affine(x, [1.0] * width, [low] * width), width)]
