"""One cell of a table as Python has it: its plain value, and how messages show it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from keramos.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Callable

NULL_TEXT = frozenset({"", "NA", "N/A", "NaN", "nan", "null", "NULL"})
"""Text that means a missing cell in every column. ``None`` is not here: it is a common category."""

MAX_SHOWN = 80

NOT_ONE_VALUE = "not one value"


class _NoText(str):
    """An empty text that stands for a cell that is not there."""

    __slots__ = ()


NO_TEXT = _NoText()
"""What a column of objects holds where there is no cell: a column of texts tells it from an empty
text.
"""


class Refused(Frozen, frozen=True):
    """What a kind gives instead of a value for a cell that it cannot read."""

    reason: str


class Unreadable(Frozen, frozen=True):
    """A cell that has no value: its format or protocol could not decode it. ``shown`` is how
    messages show it.
    """

    shown: str
    reason: str


def plain(value: object) -> object:
    """The cell as None (missing), str, bool, int, float, Decimal or numpy.datetime64.

    Text keeps the blanks around it. A cell that is none of these stays as it is. Time zones are
    dropped: hours and weekdays of the local clock carry the meaning.
    """
    kind = type(value)
    if kind is str or kind is int or kind is bool or value is None:
        return value
    if kind is float:
        return None if value != value else value  # noqa: PLR0124 (NaN)
    for base, convert in _CONVERSIONS:
        if isinstance(value, base):
            return convert(value)
    # pandas.NA, without importing pandas: it raises when it is compared.
    return None if kind.__name__ == "NAType" else value


def _number(value: float) -> float | None:
    return None if value != value else float(value)  # noqa: PLR0124 (NaN)


def _moment(value: datetime) -> np.datetime64 | None:
    if value != value:  # noqa: PLR0124 (pandas.NaT is a datetime)
        return None
    return np.datetime64(value.replace(tzinfo=None), "us")


def _numpy_moment(value: np.datetime64) -> np.datetime64 | None:
    return None if np.isnat(value) else value.astype("datetime64[us]")


_CONVERSIONS: tuple[tuple[type, Callable[..., object]], ...] = (
    (float, _number),
    (np.floating, _number),
    (np.bool_, bool),
    (np.datetime64, _numpy_moment),
    (np.timedelta64, lambda value: None if np.isnat(value) else value),
    (np.integer, int),
    (Decimal, lambda value: None if value.is_nan() else value),
    (datetime, _moment),
    (date, lambda value: np.datetime64(value, "us")),
    (str, str.__str__),
    (int, int),
)
"""Class -> its plain value, in the order in which classes are tried (numpy.float64 is a float, a
datetime is a date, numpy.timedelta64 is a numpy.integer).
"""


def show(value: object) -> str:
    """A cell for a message: quoted text, no control characters, at most 80 characters."""
    if isinstance(value, Unreadable):
        return value.shown[:MAX_SHOWN]
    if isinstance(value, (str, bytes)):
        value = value[: MAX_SHOWN + 1]  # of a text of many megabytes no copy is made
    try:
        text = repr(value.item() if isinstance(value, np.generic) else value)
    except ValueError:  # Python writes no integer of thousands of digits
        text = "an integer of thousands of digits"
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 3] + "..."


def distinct(cells: list[object]) -> tuple[list[object], np.ndarray[tuple[int], np.dtype[np.intp]]]:
    """The distinct cells by type and value, and the position of each cell's own among them."""
    if all(type(cell) is str for cell in cells):
        places = {cell: place for place, cell in enumerate(dict.fromkeys(cells))}
        return list(places), np.fromiter(map(places.__getitem__, cells), np.intp, len(cells))
    found: list[object] = []
    known: dict[tuple[type, object], int] = {}
    codes = np.empty(len(cells), np.intp)
    for row, cell in enumerate(cells):
        try:
            place = known.setdefault((type(cell), cell), len(found))
        except TypeError:  # a list or a dict
            place = len(found)
        if place == len(found):
            found.append(cell)
        codes[row] = place
    return found, codes
