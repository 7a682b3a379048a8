"""Dates as numbers a network can use: year, month, day, weekday (Monday 0), hour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Part = Callable[[NDArray[np.datetime64]], NDArray[np.int64]]

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


def part(
    values: NDArray[np.datetime64], missing: NDArray[np.bool_], name: str
) -> NDArray[np.float64]:
    """One part of each date as float64; whatever stands for a missing date is meaningless."""
    safe = np.where(missing, np.datetime64("1970-01-01", "us"), values)
    return PARTS[name](safe).astype(float)


def parts_of(values: NDArray[np.datetime64], missing: NDArray[np.bool_]) -> tuple[str, ...]:
    """Names of the parts that say something: the hour only where some date has a time of day."""
    present = values[~missing]
    midnight = bool((present == present.astype("datetime64[D]")).all())
    return tuple(name for name in PARTS if name != "hour" or not midnight)
