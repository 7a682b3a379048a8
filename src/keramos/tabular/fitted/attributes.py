"""Attributes of records, each of the kind that it must be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import CorruptModelError, UnsupportedModelError
from keramos.types.companions import Name, Record

if TYPE_CHECKING:
    from numpy.typing import NDArray


_MOST_COLUMNS = 100_000


def attribute(record: Record, *names: str) -> object:
    """The first of some attributes that the record has.

    Raises:
        UnsupportedModelError: it has none of them: it was stored before it was fitted.
    """
    for name in names:
        if name in record.state:
            return record.state[name]
    raise UnsupportedModelError(
        f"the {record.kind.name} was stored before it was fitted", path=names[0]
    )


def floats(record: Record, *names: str) -> NDArray[np.float64]:
    """An attribute that holds finite numbers, in one axis.

    Raises:
        CorruptModelError: it holds anything else.
    """
    value = attribute(record, *names)
    return _finite(value, f"{record.kind.name}.{names[0]}").reshape(-1)


def matrix(record: Record, *names: str) -> NDArray[np.float64]:
    """An attribute that holds finite numbers, in two axes."""
    found = _finite(attribute(record, *names), f"{record.kind.name}.{names[0]}")
    if found.ndim != 2:  # noqa: PLR2004 (rows and columns)
        raise CorruptModelError("the attribute is not a matrix", path=names[0])
    return found


def _finite(value: object, path: str) -> NDArray[np.float64]:
    try:
        found = np.asarray(value, "float64")
    except (TypeError, ValueError):
        raise CorruptModelError("the attribute does not hold numbers", path=path) from None
    if not np.isfinite(found).all():
        raise CorruptModelError("the attribute holds numbers that are not finite", path=path)
    return found


def number(record: Record, name: str, default: float | None = None) -> float:
    """An attribute that is one finite number."""
    value = record.state.get(name, default) if default is not None else attribute(record, name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not np.isfinite(value):
        raise CorruptModelError("the attribute is not a number", path=name)
    return float(value)


def count(record: Record, *names: str) -> int:
    """An attribute that is a number of columns.

    Raises:
        CorruptModelError: it is not a number of columns that a table can have.
    """
    value = attribute(record, *names)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _MOST_COLUMNS:
        raise CorruptModelError("the number of columns is not one", path=names[0])
    return value


def word(record: Record, name: str, default: str) -> str:
    """An attribute that is text; the default where it is absent or None."""
    value = record.state.get(name)
    return value if isinstance(value, str) else default


def flag(record: Record, name: str, *, default: bool) -> bool:
    """An attribute that is true or false; the default where it is absent."""
    value = record.state.get(name, default)
    return bool(value) if isinstance(value, (bool, int, np.bool_)) else default


def cells(value: object, path: str) -> tuple[object, ...]:
    """A list or an array of one axis as Python values."""
    if isinstance(value, Record):
        value = listed(value)
    if isinstance(value, np.ndarray) and value.ndim == 1:
        return tuple(value.tolist())
    if isinstance(value, (list, tuple)):
        return tuple(value)
    raise CorruptModelError("the attribute is not a list", path=path)


def listed(record: Record) -> object:
    """The values of a list-like record: a UserList, or an array of pandas."""
    if "data" in record.state:
        return record.state["data"]
    state = record.state.get("")
    parts = state if isinstance(state, tuple) else ()
    found = next((part for part in parts if isinstance(part, np.ndarray)), None)
    return record.items if found is None else found


def groups(record: Record, name: str) -> list[tuple[object, ...]]:
    """An attribute that is a list of lists, one a column."""
    value = attribute(record, name)
    return [cells(part, name) for part in cells(value, name)]


def feature_names(record: Record) -> tuple[str, ...]:
    """Names of the columns that it was fitted on, or () where it has none."""
    for name in ("feature_names_in_", "_df_columns"):
        value = record.state.get(name)
        if value is not None:
            found = cells(value, name)
            return tuple(found) if all(isinstance(one, str) for one in found) else ()  # type: ignore[arg-type]
    return ()


def function(record: Record, name: str) -> str:
    """The dotted name of an attribute that is a function; "" where it is None."""
    value = record.state.get(name)
    if value is None:
        return ""
    if isinstance(value, Name):
        return str(value)
    raise UnsupportedModelError("the function is code, which is never run", path=name)
