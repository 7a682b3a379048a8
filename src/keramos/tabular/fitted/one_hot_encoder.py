"""OneHotEncoder: a column for each category, less those that are dropped; rare ones share one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from keramos.errors import CorruptModelError
from keramos.tabular.fitted.attributes import groups, word
from keramos.tabular.fitted.codes import Lookup, check_size, unit
from keramos.tabular.fitted.front import Levels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.types.companions import Record

_GROUPS_UNKNOWN = frozenset({"infrequent_if_exist", "warn"})


@dataclass(frozen=True, slots=True)
class OneHotEncoder(Lookup):
    """For each column: the categories, the place of each in the output (-1: dropped, all zeros),
    the names of the outputs, and the place for unknown cells (-1: all zeros, None: refused).
    """

    name = "OneHotEncoder"
    categories: tuple[tuple[object, ...], ...]
    places: tuple[tuple[int, ...], ...]
    outputs: tuple[tuple[str, ...], ...]
    unknown: tuple[int | None, ...]

    @classmethod
    def read(cls, record: Record) -> Self:
        """``categories_``, ``drop_idx_`` and the grouping of rare categories."""
        found = groups(record, "categories_")
        mappings = _column_list(record.state.get("_default_to_infrequent_mappings"), len(found))
        dropped = record.state.get("_drop_idx_after_grouping", record.state.get("drop_idx_"))
        drops = _column_list(dropped, len(found))
        handling = word(record, "handle_unknown", "error")
        parts = [
            _column(levels, mapping, drop, handling)
            for levels, mapping, drop in zip(found, mappings, drops, strict=True)
        ]
        places, outputs, unknown = zip(*parts, strict=True) if parts else ((), (), ())
        return cls(tuple(found), tuple(places), tuple(outputs), tuple(unknown))

    def levels(self) -> list[Levels]:
        """A unit vector, or zeros, each."""
        found = []
        for levels, places, outputs, unknown in zip(
            self.categories, self.places, self.outputs, self.unknown, strict=True
        ):
            size = len(outputs)
            other = None if unknown is None else unit(unknown, size)
            found.append(Levels(levels, tuple(unit(place, size) for place in places), other))
        return found

    def names(self, names: Sequence[str]) -> list[str]:
        """The column and the category."""
        pairs = zip(names, self.outputs, strict=True)
        return [f"{name}_{output}" for name, outputs in pairs for output in outputs]


def _column_list(value: object, size: int) -> list[object]:
    if value is None:
        return [None] * size
    found = value.tolist() if isinstance(value, np.ndarray) else value
    if not isinstance(found, (list, tuple)) or len(found) != size:
        raise CorruptModelError("an attribute of the encoder is not one value a column")
    return list(found)


def _column(
    levels: tuple[object, ...], mapping: object, drop: object, handling: str
) -> tuple[tuple[int, ...], tuple[str, ...], int | None]:
    """Place of each category, names of the outputs, and the place of unknown cells."""
    grouped = list(range(len(levels))) if mapping is None else np.asarray(mapping).tolist()
    if len(grouped) != len(levels) or not levels:
        raise CorruptModelError("the encoder groups other categories than it has")
    last = max(grouped)
    if not 0 <= min(grouped) <= last < len(levels):
        raise CorruptModelError("the encoder groups categories into places that do not exist")
    check_size(len(levels), last + 1)
    names = [_name(levels, grouped, place, mapping) for place in range(last + 1)]
    places, other = grouped, (last if mapping is not None else -1)
    if drop is not None:
        gone = int(drop)  # type: ignore[call-overload]  # an integer of numpy or Python
        places = [-1 if one == gone else one - (one > gone) for one in grouped]
        other = -1 if other in (-1, gone) else other - (other > gone)
        del names[gone]
    unknown = {"ignore": -1}.get(handling, other if handling in _GROUPS_UNKNOWN else None)
    return tuple(places), tuple(names), unknown


def _name(levels: tuple[object, ...], grouped: list[int], place: int, mapping: object) -> str:
    if mapping is not None and place == max(grouped):
        return "infrequent_sklearn"
    return str(levels[grouped.index(place)])
