"""Missing numbers: the training median stands for them, and an indicator says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from keramos.tabular.transform import NumberTransform
from keramos.types.schema import MISSING_NUMBER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.tabular.plan import Plan
    from keramos.tabular.transform import Floats
    from keramos.types.network import Config, TensorRef


@dataclass(frozen=True, slots=True)
class Impute(NumberTransform):
    """Median of each column, and 1.0 for the columns whose training rows had missing values."""

    name = "impute"
    median: tuple[float, ...]
    nullable: tuple[float, ...]

    @classmethod
    def fit(cls, values: Floats) -> Self:
        """The median of each column's present values."""
        gaps = np.isnan(values).any(0).astype(float)
        return cls(tuple(np.nanmedian(values, 0).tolist()), tuple(gaps.tolist()))

    def _indicated(self) -> list[int]:
        return [place for place, nullable in enumerate(self.nullable) if nullable]

    def apply(self, values: Floats) -> tuple[Floats, Floats]:
        """Numbers without gaps, and an indicator for each nullable column."""
        missing = np.isnan(values)
        filled = np.where(missing, np.array(self.median), values)
        return filled, missing[:, self._indicated()].astype(float)

    def further(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """One indicator for each nullable column."""
        return tuple(f"{names[place]} is missing" for place in self._indicated())

    def layers(self, plan: Plan, x: TensorRef) -> tuple[TensorRef, TensorRef]:
        """The filled numbers and the indicators; both are exact in float32."""
        filled, missing = fill_layers(plan, x, self.median)
        return filled, self._indicators(plan, missing)

    def _indicators(self, plan: Plan, missing: TensorRef) -> TensorRef:
        """The columns of ``missing`` that are nullable."""
        places = self._indicated()
        kernel = np.zeros((len(self.median), len(places)), "float32")
        kernel[places, range(len(places))] = 1
        dense: Config = {
            "units": len(places),
            "activation": "linear",
            "use_bias": False,
            "trainable": False,
        }
        return plan.add("Dense", "is_missing", dense, missing, (kernel,))


def fill_layers(plan: Plan, x: TensorRef, fills: Sequence[float]) -> tuple[TensorRef, TensorRef]:
    """Numbers with ``fills`` for the missing ones, and 1.0 where one was missing.

    Missing is -2**127. -x - 2**126 is 2**126 there and negative for every number that is let in, so
    clipping it to 0..1 gives the indicator; a product with 0 or 1 and a sum with 0 change no digit.
    """
    below: Config = {"scale": -1.0, "offset": MISSING_NUMBER / 2}
    distance = plan.add("Rescaling", "below_all_numbers", below, x)
    clip: Config = {"max_value": 1.0, "negative_slope": 0.0, "threshold": 0.0}
    missing = plan.add("ReLU", "missing", clip, distance)
    present = plan.add("Rescaling", "present", {"scale": -1.0, "offset": 1.0}, missing)
    kept = plan.add("Multiply", "without_missing", {}, (x, present))
    medians: Config = {"scale": list(fills), "offset": 0.0}
    instead = plan.add("Rescaling", "medians", medians, missing)
    filled = plan.add("Add", "filled", {}, (kept, instead))
    return filled, missing
