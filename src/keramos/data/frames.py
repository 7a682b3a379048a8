"""DataFrames of any library, through narwhals (extra ``tables``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import narwhals.stable.v2 as nw
import pyarrow as pa

from keramos.data.arrow import from_arrow
from keramos.errors import DataError, UsageError

if TYPE_CHECKING:
    from keramos.types.table import Table


def from_frame(frame: object) -> Table:
    """A Table from a pandas, polars, pyarrow or other DataFrame; a pandas index is not a column.

    Raises:
        UsageError: it is not a DataFrame.
        DataError: a column name appears twice, or a column holds something that is not one value a
            cell.
    """
    source = f"{type(frame).__module__.partition('.')[0]} {type(frame).__name__}"
    try:
        eager = nw.from_native(cast("Any", frame))  # narwhals decides at run time what it knows
        eager = eager.collect() if isinstance(eager, nw.LazyFrame) else eager
        arrow = eager.to_arrow()
        # pandas brings an index that is no plain count as a column of its own.
        return from_arrow(
            arrow.select([name for name in arrow.column_names if name in eager.columns]), source
        )
    except nw.exceptions.DuplicateError as error:
        raise DataError(
            f"{source}: a column name appears more than once; rename one ({_first(error)})"
        ) from None
    except TypeError:
        raise UsageError(
            f"a table is a path, a DataFrame, rows or a dict of columns; received a {source}"
        ) from None
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise DataError(f"{source}: a column mixes kinds of values: {_first(error)}") from None


def _first(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
