"""OrdinalEncoder: each column's categories become numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from keramos.errors import UnsupportedModelError
from keramos.tabular.fitted.attributes import groups, word
from keramos.tabular.fitted.codes import Lookup
from keramos.tabular.fitted.front import Levels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.types.companions import Record


@dataclass(frozen=True, slots=True)
class OrdinalEncoder(Lookup):
    """The categories of each column in their stored order, the number of each, and what any other
    cell becomes (None: refused).
    """

    name = "OrdinalEncoder"
    categories: tuple[tuple[object, ...], ...]
    numbers: tuple[tuple[float, ...], ...]
    unknown: float | None = None

    @classmethod
    def read(cls, record: Record) -> Self:
        """``categories_``; the number of a missing category is ``encoded_missing_value``."""
        found = groups(record, "categories_")
        other: float | None = None
        if word(record, "handle_unknown", "error") == "use_encoded_value":
            other = _finite(record.state.get("unknown_value"), "unknown_value")
        mappings = record.state.get("_default_to_infrequent_mappings")
        grouped = list(mappings) if isinstance(mappings, (list, tuple)) else [None] * len(found)
        missing = record.state.get("encoded_missing_value", np.nan)
        numbers = [
            _numbers(levels, mapping, missing)
            for levels, mapping in zip(found, grouped, strict=True)
        ]
        return cls(tuple(found), tuple(numbers), other)

    def levels(self) -> list[Levels]:
        """The number of each category."""
        unknown = None if self.unknown is None else (self.unknown,)
        return [
            Levels(levels, tuple((one,) for one in numbers), unknown)
            for levels, numbers in zip(self.categories, self.numbers, strict=True)
        ]

    def names(self, names: Sequence[str]) -> list[str]:
        """The same."""
        return list(names)


def _numbers(levels: tuple[object, ...], mapping: object, missing: object) -> tuple[float, ...]:
    places = range(len(levels)) if mapping is None else np.asarray(mapping).tolist()
    numbers = []
    for level, place in zip(levels, places, strict=True):
        absent = level is None or level != level  # noqa: PLR0124 (NaN)
        numbers.append(_finite(missing, "encoded_missing_value") if absent else float(place))
    return tuple(numbers)


def _finite(value: object, option: str) -> float:
    if isinstance(value, (int, float)) and np.isfinite(value):
        return float(value)
    raise UnsupportedModelError(
        "the encoder gives NaN, with which no network can answer",
        option=option,
        received=str(value)[:40],
    )
