"""Dates and times (ISO 8601, local clock), as numbers a network can use: year, month, day, weekday
(Monday is 0), hour.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, cast

import numpy as np

from keramos.tabular.cell import NULL_TEXT, Refused
from keramos.tabular.kind import NUMBER_NULLS, Encoded, Kind, NotPlainError
from keramos.tabular.notation import PLAIN, date_in, is_plain, shown
from keramos.types.schema import MISSING_NUMBER

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from keramos.tabular.kind import Json
    from keramos.types.schema import ColumnPreparation, Notation
    from keramos.types.table import Column

    Part = Callable[[NDArray[np.datetime64]], NDArray[np.int64]]

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?)?(Z|[+-]\d{2}:?\d{2})?")
_PLAIN_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]([01]\d|2[0-3]):\d{2}(:\d{2})?)?", re.ASCII)
_TO_MICROSECONDS = len("2024-01-31T13:45:00.123456")
_MONDAY = 4  # 1970-01-01 was a Thursday: three days after a Monday, four before the next


def _count(values: NDArray[np.datetime64], unit: str) -> NDArray[np.int64]:
    return values.astype(f"datetime64[{unit}]").astype("int64")


PARTS: dict[str, Part] = {
    "year": lambda values: _count(values, "Y") + 1970,
    "month": lambda values: _count(values, "M") % 12 + 1,
    "day": lambda values: (
        _count(values, "D")
        - values.astype("datetime64[M]").astype("datetime64[D]").astype("int64")
        + 1
    ),
    "weekday": lambda values: (_count(values, "D") - _MONDAY) % 7,
    "hour": lambda values: _count(values, "h") % 24,
}


_PARTS_OF_ONE: dict[str, Callable[[datetime], int]] = {
    "year": lambda moment: moment.year,
    "month": lambda moment: moment.month,
    "day": lambda moment: moment.day,
    "weekday": lambda moment: moment.weekday(),
    "hour": lambda moment: moment.hour,
}
"""The same parts of one date, in a fraction of the time."""


class Date(Kind):
    """A column of dates; each part of them is a model input of its own."""

    name = "date"
    noun = "dates"
    refusal = "not a date (write it like 2024-01-31 or 2024-01-31 13:45:00)"
    dtype = "datetime64[us]"
    filler = "NaT"
    input_dtype = "float32"
    array_dtype = np.float32
    null_code = MISSING_NUMBER
    tensor_dtype = "str"
    null_texts = NULL_TEXT | NUMBER_NULLS

    def __init__(self, notation: Notation = PLAIN) -> None:
        """Dates whose text is written in ``notation``, or as ISO 8601 writes them."""
        super().__init__(notation)
        if not is_plain(notation):
            example = shown(notation, date=True)
            self.refusal = f"not a date (write it like {example} or like 2024-01-31)"

    def _value(self, cell: object) -> object:
        match cell:
            case np.datetime64():
                return cell
            case str():
                value = _read(cell)
                if value is None and self.notation.order:
                    value = date_in(cell, self.notation.order)
                return Refused(self.refusal) if value is None else value
            case bool():
                return Refused(self.refusal)
        return self._refused(cell)

    def _vector(
        self, values: NDArray[np.generic]
    ) -> tuple[NDArray[np.generic], NDArray[np.bool_]] | None:
        return (values, ~np.isnat(values)) if values.dtype.kind == "M" else None

    def parts(self, values: NDArray[np.generic], missing: NDArray[np.bool_]) -> tuple[str, ...]:
        """The parts that say something: the hour only where some date has a time of day."""
        present = values[~missing]
        midnight = bool((present == present.astype("datetime64[D]")).all())
        return tuple(name for name in PARTS if name != "hour" or not midnight)

    def numbers(
        self, values: NDArray[np.generic], missing: NDArray[np.bool_], part: str
    ) -> NDArray[np.float64]:
        """One part of each date."""
        safe = np.where(missing | np.isnat(values), np.datetime64("1970-01-01", "us"), values)
        return PARTS[part](cast("NDArray[np.datetime64]", safe)).astype(float)

    def encode(self, column: Column, part: str) -> Encoded:
        """One part as float32, with the code for missing."""
        numbers = self.numbers(column.values, column.missing, part)
        filled = np.where(column.missing, MISSING_NUMBER, numbers)
        return Encoded(filled.astype("float32").reshape(-1, 1))

    def row_encoder(self, column: ColumnPreparation) -> Callable[[object], object]:
        """One part of ISO 8601 text without a time zone, whatever the notation."""
        part, nulls = _PARTS_OF_ONE.get(column.part), self.null_texts
        nullable = column.null_policy != "refuse"

        def encode(cell: object) -> object:
            if cell is None and nullable:
                return MISSING_NUMBER
            if part is None or type(cell) is not str or cell in nulls:
                raise NotPlainError
            return part(_moment(cell))

        return encode

    def json_type(self, column: ColumnPreparation) -> object:
        """Text; its parts are the model's inputs."""
        return str if column.part in _PARTS_OF_ONE else None

    def json_schema(self, column: ColumnPreparation) -> Json:
        """A date."""
        del column
        also = f", or like {shown(self.notation, date=True)}" if self.notation.order else ""
        return {
            "type": "string",
            "format": "date",
            "description": f"ISO 8601{also}; a time of day may follow.",
        }

    def example(self, column: ColumnPreparation) -> object:
        """A date."""
        del column
        return "2024-01-31"


@lru_cache(1024)
def _moment(cell: str) -> datetime:
    """A date of the plainest form; each of its parts asks for it."""
    if not _PLAIN_DATE.fullmatch(cell):
        raise NotPlainError
    try:
        return datetime.fromisoformat(cell)
    except ValueError:  # the 31st of February
        raise NotPlainError from None


def _read(cell: str) -> np.datetime64 | None:
    """ISO 8601 without its time zone: hours and weekdays of the local clock carry the meaning.
    Digits beyond the microsecond are dropped.
    """
    match = _DATE.fullmatch(cell)
    if not match:
        return None
    local = cell.removesuffix(match.group(4) or "").replace(" ", "T")
    local = local[:_TO_MICROSECONDS]
    try:
        return np.datetime64(local, "us")
    except ValueError:  # the 31st of February
        return None
