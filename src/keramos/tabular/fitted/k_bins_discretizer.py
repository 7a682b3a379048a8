"""KBinsDiscretizer: a number becomes the number of its bin, or a column for each bin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from keramos.errors import CorruptModelError
from keramos.tabular.fitted.attributes import groups, word
from keramos.tabular.fitted.codes import check_size
from keramos.tabular.fitted.fitted import Fitted, numeric, split
from keramos.tabular.fitted.front import Made, chosen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.tabular.fitted.fitted import Cells
    from keramos.tabular.fitted.front import Front, Row
    from keramos.types.companions import Record


@dataclass(frozen=True, slots=True)
class KBinsDiscretizer(Fitted):
    """The inner edges of each column; a number on an edge is in the bin above it."""

    name = "KBinsDiscretizer"
    edges: tuple[tuple[float, ...], ...]
    one_hot: bool

    @classmethod
    def read(cls, record: Record) -> Self:
        """``bin_edges_`` and ``encode``."""
        inner = [part[1:-1] for part in groups(record, "bin_edges_")]
        numbers = [_numbers(part) for part in inner if _are_numbers(part)]
        if len(numbers) != len(inner) or any(part != sorted(part) for part in numbers):
            raise CorruptModelError("the edges of the bins are not numbers in order")
        for part in numbers:
            check_size(len(part) + 1, len(part) + 1)
        one_hot = word(record, "encode", "onehot").startswith("onehot")
        return cls(tuple(map(tuple, numbers)), one_hot)

    @property
    def inputs(self) -> int:
        """One number for each list of edges."""
        return len(self.edges)

    def names(self, names: Sequence[str]) -> list[str]:
        """The column, and its bin."""
        if not self.one_hot:
            return list(names)
        pairs = zip(names, self.edges, strict=True)
        return [f"{name}_{one}.0" for name, edges in pairs for one in range(len(edges) + 1)]

    def apply(self, columns: Sequence[Cells]) -> list[Cells]:
        """The bins."""
        bins = [
            np.searchsorted(edges, column, side="right")
            for edges, column in zip(self.edges, numeric(columns).T, strict=True)
        ]
        if not self.one_hot:
            return [one.astype(float) for one in bins]
        return [
            column
            for one, edges in zip(bins, self.edges, strict=True)
            for column in split(np.eye(len(edges) + 1)[one])
        ]

    def layers(self, front: Front, row: Row) -> Row:
        """Discretization, column by column."""
        found: Row = []
        for place, edges in enumerate(self.edges):
            x, _ = front.numbers(chosen(front, row, [place]))
            size = len(edges) + 1
            config: dict[str, object] = {"bin_boundaries": list(edges), "output_mode": "one_hot"}
            bins = front.plan.add("Discretization", "bins", config, x)
            if not self.one_hot:
                bins, size = front.dense("bin", bins, np.arange(size, dtype="float64")[:, None]), 1
            found.append(Made(bins, size))
        return found


def _are_numbers(part: tuple[object, ...]) -> bool:
    return all(isinstance(one, (int, float)) and np.isfinite(one) for one in part)


def _numbers(part: tuple[object, ...]) -> list[float]:
    return [float(one) for one in part if isinstance(one, (int, float))]
