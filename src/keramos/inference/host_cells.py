"""The one column of pictures or texts of a batch, read some rows at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import Problem
from keramos.inference.picture_files import folder_of, is_path, picture_named
from keramos.inference.scored import rule_rejects
from keramos.tabular.cell import Refused
from keramos.types.schema import ColumnSchema
from keramos.types.table import Column, Table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from keramos.inference.scored import Array, Batches, Rejects
    from keramos.tabular.distinct_cells import DistinctCells


@dataclass(frozen=True, slots=True, eq=False)
class HostCells:
    """Distinct cells, which of them each row holds, and those that are paths of pictures in
    ``folder``, by place.
    """

    name: str
    source: str
    found: DistinctCells
    paths: Mapping[int, str]
    folder: Path | None

    @property
    def rejects(self) -> list[Rejects]:
        """Cells that are neither what the column has nor a path."""
        bad = [one for one in self.found.problems if one.row - 1 not in self.paths]
        return rule_rejects(bad, self.found.codes)

    def some(self, rows: NDArray[np.int64]) -> tuple[Table, NDArray[np.int64], list[Problem]]:
        """The distinct cells of some rows as a table, which of them each row holds, and files that
        cannot be read, by row of the table from 1.
        """
        places, codes = np.unique(self.found.codes[rows], return_inverse=True)
        values = self.found.distinct.values[places]
        missing = np.asarray(self.found.distinct.missing)[places].copy()
        problems = []
        for at, place in enumerate(places.tolist()):
            if place not in self.paths:
                continue
            data = picture_named(self.paths[place], self.folder)
            if isinstance(data, Refused):
                problems.append(Problem(at + 1, self.name, self.paths[place], data.reason))
            else:
                values[at], missing[at] = data, not data
        table = Table(self.source, {self.name: Column(values, missing)}, len(places))
        return table, codes, problems

    def named(self, problems: list[Problem], rows: NDArray[np.int64]) -> list[Problem]:
        """Problems of ``some`` with paths in place of bytes."""
        places = np.unique(self.found.codes[rows]).tolist()
        return [
            replace(one, value=self.paths.get(places[one.row - 1], one.value)) for one in problems
        ]


def host_cells(batches: Batches, array: Array, column: ColumnSchema, source: str) -> HostCells:
    """The column of a batch; ``source`` is its table."""
    found = batches.cells(array, column)
    paths: dict[int, str] = {}
    if column.kind == "image" and found.problems:
        texts = batches.cells(array, ColumnSchema(column.name, "text", "")).distinct.values
        bad = [one.row - 1 for one in found.problems]
        paths = {place: str(texts[place]) for place in bad if is_path(texts[place])}
    return HostCells(column.name, source, found, paths, folder_of(source))
