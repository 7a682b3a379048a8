"""Kinds of columns whose model input the host computes from each cell: pictures, texts."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from keramos.frozen import Frozen
from keramos.tabular.cell import show
from keramos.tabular.kind import Encoded, Kind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from keramos.types.schema import ColumnPreparation
    from keramos.types.table import Column


class HostInput(Frozen, frozen=True):
    """A model input, its first axis the rows, and why rows cannot be used (by row, from 0); those
    hold something harmless.
    """

    values: NDArray[np.generic]
    reasons: dict[int, str]


class HostKind(Kind):
    """A kind of which only the host knows how a cell enters the network."""

    @abstractmethod
    def model_input(self, source: Column, column: ColumnPreparation) -> HostInput:
        """The model input of a parsed column."""

    @abstractmethod
    def golden(self, cells: tuple[object, ...], column: ColumnPreparation) -> tuple[object, ...]:
        """Golden cells, as a file keeps them, as the network takes them."""

    def seen(self, cell: object, column: ColumnPreparation) -> tuple[tuple[str, str], ...]:
        """What the network sees of a cell, as names and texts for people; () for nothing to say."""
        del cell, column
        return ()

    def shown(self, cell: object) -> str:
        """A cell for a message."""
        return show(cell)

    def encode(self, column: Column, part: str) -> Encoded:
        """The cells: only ``model_input`` knows how the network takes them."""
        del part
        return Encoded(column.values.reshape(-1, 1))
