"""A table as named columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray


class Column(Frozen, frozen=True, eq=False):
    """One column of ``rows`` cells.

    ``values`` has shape (rows,) and one of these dtypes: object (``str`` cells), float64, int64,
    bool or datetime64[us]. ``missing`` has shape (rows,), dtype bool; where it is true the value
    means nothing. ``text`` is true while cells of a text file are not yet read as numbers, dates or
    booleans. ``categorical`` is true where the source itself declares categories (a pandas
    categorical, an Arrow dictionary).
    """

    values: NDArray[np.generic]
    missing: NDArray[np.bool_]
    text: bool = False
    categorical: bool = False


class Table(Frozen, frozen=True, eq=False):
    """Columns of equal length with the name of their source (a path, or what the caller passed)."""

    source: str
    columns: Mapping[str, Column]
    rows: int
