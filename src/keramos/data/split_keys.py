"""What decides which rows are held out: chance, groups that stay together, or time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from keramos.data.split import split, split_groups, split_latest
from keramos.errors import UsageError
from keramos.frozen import Frozen

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.types.schema import Split
    from keramos.types.table import Table

    Array = NDArray[np.generic]


class SplitKeys(Frozen, frozen=True, eq=False):
    """How rows are split. ``values`` (rows,) are the codes of groups or the times; None by
    chance.
    """

    by: Literal["chance", "groups", "time"] = "chance"
    column: str = ""
    values: Array | None = None

    def split(self, rows: NDArray[np.int64], classes: Array | None, seed: int) -> Split:
        """Some of ``rows`` held out, as positions among them; ``classes`` are those of these rows.

        Raises:
            DataError: the rows cannot be split so.
        """
        if self.values is None:
            return split(len(rows), classes, seed=seed)
        values = self.values[rows]
        return split_latest(values) if self.by == "time" else split_groups(values, seed=seed)

    def taken(self, rows: NDArray[np.int64]) -> SplitKeys:
        """The keys of some rows."""
        values = None if self.values is None else self.values[rows]
        return SplitKeys(self.by, self.column, values)

    def __str__(self) -> str:
        """How rows are split, in words."""
        words = {"groups": "groups of", "time": "latest rows by"}
        return f"{words[self.by]} '{self.column}'" if self.column else "random rows"


def split_keys(
    raw: Table, typed: Table, split_by: str | None, time_column: str | None
) -> SplitKeys:
    """The keys of the rows; a missing group is a group of its own.

    Raises:
        UsageError: both are named, a column is absent, or times cannot be ordered.
    """
    if split_by and time_column:
        raise UsageError("rows are split by groups or by time, not by both", option="time-column")
    column = split_by or time_column
    if not column:
        return SplitKeys()
    option = "split-by" if split_by else "time-column"
    if column not in raw.columns:
        raise UsageError("the table has no such column", option=option, received=repr(column))
    if split_by:
        cells = raw.columns[column]
        texts = ["" if gap else f"={cell}" for cell, gap in zip(cells.values, cells.missing)]  # noqa: B905 (of one length)
        _, codes = np.unique(np.array(texts, object).astype(str), return_inverse=True)
        return SplitKeys("groups", column, codes)
    return SplitKeys("time", column, _times(raw, typed, column))


def _times(raw: Table, typed: Table, column: str) -> Array:
    found = typed.columns.get(column, raw.columns[column])
    if found.values.dtype.kind not in "iufM" or found.missing.any():
        raise UsageError(
            "rows can be ordered by a column of dates or numbers without a missing one",
            option="time-column",
            received=repr(column),
        )
    return found.values
