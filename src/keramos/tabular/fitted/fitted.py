"""What fitted transforms have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from keramos.tabular.fitted.front import Front, Row
    from keramos.types.companions import Record

    Cells = NDArray[np.generic]
    """A column, shape (rows,): float64, or Python values."""


class Fitted(ABC):
    """A transform that was fitted elsewhere. A subclass is a frozen dataclass of what it learned.

    A row is a list of columns. ``apply`` is the definition, in float64; ``layers`` says the same in
    built-in layers.
    """

    __slots__ = ()
    name: ClassVar[str]
    """The class, without its module."""

    @classmethod
    @abstractmethod
    def read(cls, record: Record) -> Self:
        """The transform that a record describes.

        Raises:
            CorruptModelError: an attribute is not what it must be.
            UnsupportedModelError: it was not fitted, or an option cannot be said in layers.
        """

    @property
    @abstractmethod
    def inputs(self) -> int | None:
        """How many columns it takes; None where it takes any number."""

    @abstractmethod
    def names(self, names: Sequence[str]) -> list[str]:
        """Names of the columns that it gives, from those of the columns it takes."""

    @abstractmethod
    def apply(self, columns: Sequence[Cells]) -> list[Cells]:
        """The columns that it gives."""

    @abstractmethod
    def layers(self, front: Front, row: Row) -> Row:
        """Add layers that turn a row into what it gives."""

    def describe(self) -> str:
        """What it does, in a few words."""
        return self.name


def numeric(columns: Sequence[Cells]) -> NDArray[np.float64]:
    """Columns of numbers side by side, shape (rows, columns)."""
    return np.column_stack([np.asarray(column, "float64") for column in columns])


def split(values: NDArray[np.float64]) -> list[Cells]:
    """The columns of a matrix."""
    return list(values.T)
