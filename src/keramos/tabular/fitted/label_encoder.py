"""LabelEncoder: a category becomes its number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from keramos.errors import CorruptModelError
from keramos.tabular.fitted.attributes import attribute, cells
from keramos.tabular.fitted.codes import Lookup
from keramos.tabular.fitted.front import Levels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.types.companions import Record


@dataclass(frozen=True, slots=True)
class LabelEncoder(Lookup):
    """The classes in ascending order; any other cell is refused."""

    name = "LabelEncoder"
    classes: tuple[object, ...]

    @classmethod
    def read(cls, record: Record) -> Self:
        """``classes_``."""
        found = cells(attribute(record, "classes_"), "classes_")
        if not found:
            raise CorruptModelError("the encoder has no classes", path="classes_")
        return cls(found)

    def levels(self) -> list[Levels]:
        """0, 1, 2 ..."""
        return [Levels(self.classes, tuple((float(code),) for code in range(len(self.classes))))]

    def names(self, names: Sequence[str]) -> list[str]:
        """The same."""
        return list(names)
