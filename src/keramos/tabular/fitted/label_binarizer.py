"""LabelBinarizer: a column for each class, or one column for two classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from keramos.errors import CorruptModelError
from keramos.tabular.fitted.attributes import attribute, cells, number
from keramos.tabular.fitted.codes import Lookup, check_size, unit
from keramos.tabular.fitted.front import Levels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.types.companions import Record

_TWO = 2


@dataclass(frozen=True, slots=True)
class LabelBinarizer(Lookup):
    """The classes, and the numbers for yes and no; an unknown cell is no everywhere."""

    name = "LabelBinarizer"
    classes: tuple[object, ...]
    yes: float = 1.0
    no: float = 0.0

    @classmethod
    def read(cls, record: Record) -> Self:
        """``classes_``, ``pos_label`` and ``neg_label``."""
        found = cells(attribute(record, "classes_"), "classes_")
        if not found:
            raise CorruptModelError("the binarizer has no classes", path="classes_")
        check_size(len(found), len(found))
        return cls(found, number(record, "pos_label", 1.0), number(record, "neg_label", 0.0))

    def levels(self) -> list[Levels]:
        """A unit vector each; one number where there are two classes."""
        size = len(self.classes)
        if size <= _TWO:
            vectors = ((self.no,), (self.yes,))[:size]
            return [Levels(self.classes, vectors, unknown=(self.no,))]
        rows = [unit(one, size, self.yes, self.no) for one in range(size)]
        return [Levels(self.classes, tuple(rows), unknown=(self.no,) * size)]

    def names(self, names: Sequence[str]) -> list[str]:
        """The column and the class."""
        if len(self.classes) <= _TWO:
            return list(names)
        return [f"{name}_{level}" for name in names for level in self.classes]
