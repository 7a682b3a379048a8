"""Categories with many levels: numbers that stand for a level, in place of a cell for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from keramos.tabular.one_hot import lookup_config

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from keramos.tabular.plan import Plan
    from keramos.types.network import Config, TensorRef

    Floats = NDArray[np.float64]
    Codes = NDArray[np.integer]

MANY_LEVELS, MOST_LEVELS = 128, 20_000
"""With more levels than the first number, and up to the second, levels have such numbers."""
MOST_OUTPUTS = 10
"""Classes up to which a level has a number for each of them."""
_SMOOTH = 10.0
"""Rows of the whole table's mean that are added to those of a level."""
_FOLDS = 5


@dataclass(frozen=True, slots=True)
class TargetStatistics:
    """The numbers ``values`` (levels + 1 or + 2, outputs) of one model input: of an unseen level,
    of the ``categories``, and of a missing one where ``missing_level``.
    """

    name: ClassVar[str] = "target_statistics"
    input: str
    categories: tuple[str | int, ...]
    null_code: str | int
    missing_level: bool
    values: tuple[tuple[float, ...], ...]

    def features(self) -> tuple[str, ...]:
        """Names of the numbers."""
        outputs = len(self.values[0])
        if outputs == 1:
            return (f"{self.input}: target of its level",)
        return tuple(f"{self.input}: class {at} of its level" for at in range(outputs))

    def _vocabulary(self) -> list[str | int]:
        return [*self.categories, *([self.null_code] if self.missing_level else [])]

    def apply(self, cells: Iterable[str | int]) -> list[list[float]]:
        """What ``layers`` compute, in Python."""
        places = {word: place for place, word in enumerate(self._vocabulary(), 1)}
        return [list(self.values[places.get(cell, 0)]) for cell in cells]

    def layers(self, plan: Plan, x: TensorRef) -> TensorRef:
        """A lookup of the level, and a frozen table of its numbers."""
        vocabulary, table = self._vocabulary(), np.array(self.values, "float32")
        config = {**lookup_config(vocabulary, self.null_code), "output_mode": "int"}
        kind = "StringLookup" if isinstance(self.null_code, str) else "IntegerLookup"
        x = plan.add(kind, f"{self.input}_level", config, x)
        embedding: Config = {
            "input_dim": table.shape[0],
            "output_dim": table.shape[1],
            "trainable": False,
            "mask_zero": False,
        }
        x = plan.add("Embedding", f"{self.input}_statistics", embedding, x, (table,))
        shape: Config = {"target_shape": [table.shape[1]]}
        return plan.add("Reshape", f"{self.input}_numbers", shape, x)


def level_values(codes: Codes, targets: Floats, levels: int) -> Floats:
    """The smoothed mean target of each level (levels, outputs); ``targets`` (n, outputs) have the
    mean 0, which is the value of a level without rows.
    """
    sums = [np.bincount(codes, column, levels) for column in targets.T]
    counts = np.bincount(codes, minlength=levels)[:, None]
    return np.asarray(np.stack(sums, axis=1) / (counts + _SMOOTH))


def out_of_fold(codes: Codes, targets: Floats, levels: int) -> Floats:
    """For each row the value of its level by the rows of other folds, (n, outputs): a model that
    learns from these learns how much the numbers are worth for new rows.
    """
    fold = np.random.default_rng(0).permutation(len(codes)) % _FOLDS
    found = np.empty(targets.shape)
    for one in range(_FOLDS):
        aside = fold == one
        centre = targets[~aside].mean(axis=0) if (~aside).any() else 0.0
        values = level_values(codes[~aside], targets[~aside] - centre, levels)
        found[aside] = values[codes[aside]]
    return found
