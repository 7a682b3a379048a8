"""DataFrames of any library, through narwhals (extra ``tables``)."""

from __future__ import annotations

from collections import Counter
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
        DataError: a column name appears twice, or a column holds something that is not one value a cell.
    """
    source = f"{type(frame).__module__.partition('.')[0]} {type(frame).__name__}"
    names = [str(name) for name in getattr(frame, "columns", getattr(frame, "column_names", []))]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(f"{source}: column name {twice[0]!r} appears more than once; rename one")
    try:
        eager = nw.from_native(cast("Any", frame))  # narwhals decides at run time what it knows
        eager = eager.collect() if isinstance(eager, nw.LazyFrame) else eager
        return from_arrow(eager.to_arrow(), source)
    except TypeError:
        raise UsageError(f"a table is a path, a DataFrame, rows or a dict of columns; received a {source}") from None
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        reason = str(error).partition("\n")[0]
        raise DataError(f"{source}: a column mixes kinds of values: {reason}") from None
