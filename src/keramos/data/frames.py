"""DataFrames of any library, through narwhals (extra ``tables``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import narwhals.stable.v2 as nw
import pyarrow as pa

from keramos.data.delimited import check_names
from keramos.errors import DataError, UsageError
from keramos.tabular.arrow import arrow_column
from keramos.tabular.columns import cells_column, table_of
from keramos.types.table import Table

if TYPE_CHECKING:
    from keramos.types.table import Column


def from_frame(frame: object) -> Table:
    """A Table from a pandas, polars, pyarrow or other DataFrame; a pandas index is not a column.

    Raises:
        UsageError: it is not a DataFrame.
        DataError: a column name appears twice, or has several levels.
    """
    source = f"{type(frame).__module__.partition('.')[0]} {type(frame).__name__}{_index(frame)}"
    # Only pandas has an index, and a polars LazyFrame would compute its columns.
    if hasattr(frame, "index") and getattr(getattr(frame, "columns", None), "nlevels", 1) > 1:
        raise DataError(
            "the names of the columns are a MultiIndex, and a column has one name",
            file=source,
            received=str(list(frame.columns)[:3]),  # type: ignore[attr-defined]  # as just seen
            remedy="Join its levels: frame.columns = ['_'.join(map(str, c)) for c in frame]",
        )
    try:
        eager = nw.from_native(cast("Any", frame))  # narwhals decides at run time what it knows
        eager = eager.collect() if isinstance(eager, nw.LazyFrame) else eager
        names = eager.columns
        if not names and not len(eager):
            return Table(source, {}, 0)
        check_names(list(map(str, names)), source)
        return table_of(source, {str(name): _column(eager.get_column(name)) for name in names})
    except nw.exceptions.DuplicateError as error:
        reason = str(error).strip().splitlines()
        raise DataError(
            "a column name appears more than once",
            file=source,
            received=_twice(frame) or reason[0],
            remedy="Rename one",
        ) from None
    except TypeError:
        raise UsageError(
            "a table is a path, a DataFrame, rows or a dict of columns",
            received=f"a {source.removeprefix('builtins ')}",
        ) from None


def _index(frame: object) -> str:
    """What a message says of a pandas index that has names, for it may hold the column that a
    model lacks.
    """
    index = getattr(frame, "index", None)
    names = [name for name in getattr(index, "names", None) or () if name is not None]
    if not names:
        return ""
    return f" with {type(index).__name__} {names} (reset_index() makes it columns)"


def _twice(frame: object) -> str:
    """The names that a frame has more than once."""
    names = [str(name) for name in getattr(frame, "columns", ())]
    return ", ".join(repr(name) for name in dict.fromkeys(names) if names.count(name) > 1)


def _column(series: nw.Series[Any]) -> Column:
    """Objects are Python cells already; Arrow would refuse a column of several types."""
    if series.dtype == nw.Object:
        return cells_column(series.to_list())
    try:
        arrow = series.to_arrow()
    except (pa.ArrowException, TypeError, NotImplementedError):
        return cells_column(series.to_list())
    arrows_own = series.implementation is nw.Implementation.PYARROW
    if isinstance(arrow.type, pa.BaseExtensionType) and not arrows_own:
        return cells_column(series.to_list())  # cells that only their own library knows
    return arrow_column(arrow if isinstance(arrow, pa.ChunkedArray) else pa.chunked_array([arrow]))
