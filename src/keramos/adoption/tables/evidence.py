"""What a table beside the model says about its columns."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from keramos.data.read import read_table
from keramos.errors import KeramosError
from keramos.tabular.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from keramos.types.table import Column, Table

_MOST_BYTES = 64 << 20
_MOST_VALUES = 10_000


def same_name(name: str) -> str:
    """A name without case, blanks and marks, as people compare names."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


@dataclass(slots=True, eq=False)
class Evidence:
    """A table, and what was found out about its columns."""

    table: Table
    _numbers: dict[str, NDArray[np.float64] | None] = field(default_factory=dict)
    _values: dict[str, frozenset[str]] = field(default_factory=dict)

    @property
    def source(self) -> str:
        """The path of the table."""
        return self.table.source

    @property
    def short(self) -> str:
        """The name of its file."""
        return self.source.rpartition("/")[2]

    def column(self, name: str) -> str | None:
        """The column of that name, whatever its case and marks; None where there is none."""
        if name in self.table.columns:
            return name
        wanted = same_name(name)
        found = [other for other in self.table.columns if same_name(other) == wanted]
        return found[0] if len(found) == 1 else None

    def numbers(self, name: str) -> NDArray[np.float64] | None:
        """The present cells of a column of numbers; None for a column that holds text."""
        if name not in self._numbers:
            self._numbers[name] = _numbers(self.table.columns[name])
        return self._numbers[name]

    def values(self, name: str) -> frozenset[str]:
        """The distinct present cells of a column, as text; () where there are too many."""
        if name not in self._values:
            column = self.table.columns[name]
            cells = column.values[~column.missing].tolist()
            found = frozenset(map(str, cells))
            self._values[name] = found if len(found) <= _MOST_VALUES else frozenset()
        return self._values[name]

    def is_text(self, name: str) -> bool:
        """Whether a column holds text that is no number."""
        return self.numbers(name) is None

    def with_values(self, classes: Iterable[object]) -> list[str]:
        """The columns whose distinct cells are exactly these, or only these."""
        wanted = frozenset(map(_as_text, classes))
        equal = [name for name in self.table.columns if self.values(name) == wanted]
        if equal:
            return equal
        return [
            name
            for name in self.table.columns
            if self.values(name) and (self.values(name) <= wanted) and self.is_text(name)
        ]


def _as_text(value: object) -> str:
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value)) if whole else str(value)  # type: ignore[call-overload]


def _numbers(column: Column) -> NDArray[np.float64] | None:
    parsed = KINDS["number"].parse(column)
    if parsed.bad.any():
        return None
    found: NDArray[np.float64] = parsed.values[~parsed.missing].astype(float)
    return found if found.size else None


def best_evidence(paths: Sequence[str], names: Iterable[str]) -> Evidence | None:
    """The table that has most of these columns; None where no table has any."""
    wanted = {same_name(name) for name in names}
    best: tuple[int, Evidence] | None = None
    for path in paths:
        table = _table(path)
        if table is None:
            continue
        shared = len(wanted & {same_name(name) for name in table.columns})
        prefixed = sum(
            any(one.startswith(same_name(name)) for one in wanted) for name in table.columns
        )
        score = 2 * shared + prefixed
        if score and (best is None or score > best[0]):
            best = score, Evidence(table)
    return None if best is None else best[1]


def all_evidence(paths: Sequence[str]) -> list[Evidence]:
    """All tables that can be read."""
    return [Evidence(table) for table in map(_table, paths) if table is not None]


def _table(path: str) -> Table | None:
    try:
        if Path(path).stat().st_size > _MOST_BYTES or not path.lower().endswith((".csv", ".tsv")):
            return None
        return read_table(path)
    except (KeramosError, OSError):
        return None
