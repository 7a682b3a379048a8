"""What a caller decides against inference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from keramos.types.schema import Gaps, Task


class Wishes(Frozen, frozen=True):
    """What the caller decided against inference: columns by name, the unit of columns, texts that
    mean a missing cell, how the number 1234.5 or another number or date is written in a column,
    columns of text whose surrounding blanks mean nothing, and what becomes of missing values of a
    column (``*``: of all others).
    """

    drop: Collection[str] = ()
    categorical: Collection[str] = ()
    numeric: Collection[str] = ()
    task: Task | None = None
    positive: str | None = None
    units: Mapping[str, str] | None = None
    missing: Collection[str] = ()
    written: Mapping[str, str] | None = None
    trim: Collection[str] = ()
    gaps: Mapping[str, Gaps] | None = None
