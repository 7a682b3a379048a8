"""What float32, in which networks compute, keeps of a column of numbers.

float32 holds 24 binary digits: of epoch milliseconds it keeps steps of 131,072. Large numbers close
together are one number to it, unless a number near them is subtracted first, in float64.
"""

from __future__ import annotations

from math import floor, log10
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_PART = "minus_"
_DIGITS = 24
_MANY = 1 << 16
_MOST_LOST = 0.01
_TYPICAL = 100


def offset_of(values: Floats) -> float:
    """What is to be subtracted in float64 before numbers become float32; 0 where nothing is."""
    different = np.unique(values)
    if not _merges(different, 0.0):
        return 0.0
    offset = _round_number(different)
    return 0.0 if _merges(different, offset) else offset


def merged(values: Floats) -> tuple[float, float] | None:
    """Two different numbers that are one to the network, whatever is subtracted; None where enough
    of them stay apart.
    """
    different = np.unique(values)
    if not _merges(different, 0.0) or not _merges(different, _round_number(different)):
        return None
    same = np.flatnonzero(np.diff(_narrow(different, different[0])) == 0)
    place = int(same[0]) if len(same) else 0
    return float(different[place]), float(different[place + 1])


def _narrow(values: Floats, offset: float) -> NDArray[np.float32]:
    return (values - offset).astype("float32")


def _merges(different: Floats, offset: float) -> bool:
    """Whether values become one whose difference matters in the column: in float32, and again when
    the smallest is subtracted to scale them.

    In a column of many random decimals some are closer than float32 tells apart; they do not
    matter. They do where one in a hundred is lost, or where the gap is not far smaller than usual.
    """
    narrow = _narrow(different, offset)
    scaled = narrow - narrow[:1]
    gaps = np.diff(different)
    lost = gaps[np.diff(scaled) == 0]
    if not len(lost):
        return False
    many = max(_MOST_LOST, 4 * len(different) / 2**_DIGITS)
    if len(lost) > min(0.5, many) * len(different):
        return True
    return len(different) <= _MANY and bool((lost >= np.median(gaps) / _TYPICAL).any())


def _round_number(different: Floats) -> float:
    """A number of few digits in the middle of the values, near enough to keep them apart."""
    low, high = float(different[0]), float(different[-1])
    middle = float(np.median(different))
    span = high - low
    if not span > 0 or not np.isfinite(span):
        return middle
    rounded = round(middle, -floor(log10(span)))
    return rounded if low - span <= rounded <= high + span else middle


def part_of(offset: float) -> str:
    """The name of the model input's part from which ``offset`` was subtracted; "" for 0."""
    return f"{_PART}{int(offset) if offset.is_integer() else offset!r}" if offset else ""


def offset_in(part: str) -> float:
    """The number that was subtracted from a model input of that part.

    Raises:
        ValueError: it is not the name of such a part.
    """
    if not part:
        return 0.0
    if not part.startswith(_PART):
        raise ValueError(part)
    return float(part.removeprefix(_PART))
