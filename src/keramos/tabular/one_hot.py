"""Categories: one level each, one for the unseen, and one for missing values where training had
some.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from keramos.types.schema import MISSING_INTEGER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keramos.tabular.plan import Plan
    from keramos.types.network import Config, TensorRef

MOST_LEVELS = 256
KEEP_RARE_UP_TO = 20
"""With more levels than this, a level seen once is too rare to learn and shares the
out-of-vocabulary level.
"""


def vocabulary_of(
    cells: Iterable[str | int], most: int = MOST_LEVELS
) -> tuple[dict[str | int, int], int]:
    """The levels to learn, ``most`` of them at most, with the training rows of each, most frequent
    first, and the rows of all other levels.
    """
    counts = Counter(cells)
    ordered = sorted(counts, key=lambda level: (-counts[level], level))
    common = [level for level in ordered if counts[level] > 1 or len(counts) <= KEEP_RARE_UP_TO]
    kept = {level: counts[level] for level in common[:most]}
    return kept, sum(counts.values()) - sum(kept.values())


def lookup_config(vocabulary: list[str | int], null_code: str | int) -> Config:
    """The options of a lookup layer, without what it gives for a level."""
    other: str | int = "[UNK]" if isinstance(null_code, str) else MISSING_INTEGER + 1
    while other in vocabulary:
        other = other + "_" if isinstance(other, str) else other + 1
    return {
        "vocabulary": vocabulary,
        "num_oov_indices": 1,
        "mask_token": None,
        "oov_token": other,
    }


@dataclass(frozen=True, slots=True)
class OneHot:
    """The vocabulary of one model input; ``null_code`` is a word of it where missing is a level."""

    name: ClassVar[str] = "one_hot"
    input: str
    categories: tuple[str | int, ...]
    null_code: str | int
    missing_level: bool

    def features(self) -> tuple[str, ...]:
        """Names of the levels: Keras puts the out-of-vocabulary level first."""
        levels = ["<other>", *self.categories, *(["<missing>"] if self.missing_level else [])]
        return tuple(f"{self.input}={level}" for level in levels)

    def _vocabulary(self) -> list[str | int]:
        return [*self.categories, *([self.null_code] if self.missing_level else [])]

    def apply(self, cells: Iterable[str | int]) -> list[list[float]]:
        """What ``layers`` compute, in Python."""
        places = {word: place for place, word in enumerate(self._vocabulary(), 1)}
        size = len(places) + 1
        return [[float(places.get(cell, 0) == place) for place in range(size)] for cell in cells]

    def layers(self, plan: Plan, x: TensorRef) -> TensorRef:
        """One lookup layer."""
        text, vocabulary = isinstance(self.null_code, str), self._vocabulary()
        config = {**lookup_config(vocabulary, self.null_code), "output_mode": "one_hot"}
        kind = "StringLookup" if text else "IntegerLookup"
        return plan.add(kind, f"{self.input}_one_hot", config, x)
