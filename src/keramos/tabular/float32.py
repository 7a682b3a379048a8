"""What float32, in which networks compute, keeps of a column of numbers.

float32 holds 24 binary digits: of epoch milliseconds it keeps steps of 131,072. Large numbers close
together are one number to it, unless a number near them is subtracted first, in float64.
"""

from __future__ import annotations

from math import floor, isfinite, log10
from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace

from keramos.frozen import Frozen
from keramos.types.schema import Histogram

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.types.schema import ColumnPreparation

    Floats = NDArray[np.float64]

_PART = "minus_"
_DIGITS = 24
_MANY = 1 << 16
"""Of more values than this, some are always close together."""
_MOST_LOST = 0.01
_HALF = 0.5
_TYPICAL = 100
_STEPS = 9
_NEAR = 1e-5


def offset_of(values: Floats) -> float:
    """What is to be subtracted in float64 before numbers become float32; 0 where nothing is."""
    different = np.unique(values)
    if not _matters(different, _same(different, 0.0)):
        return 0.0
    offset = _round_number(different)
    return 0.0 if _matters(different, _same(different, offset)) else offset


class Merged(Frozen, frozen=True):
    """Two different numbers that are one in float32, and the share of the different numbers that
    are the same as another.
    """

    first: float
    second: float
    share: float


def merged(values: Floats) -> Merged | None:
    """What float32 merges whatever is subtracted; None where nothing that matters."""
    different = np.unique(values)
    same = _same(different, 0.0)
    if not _matters(different, same):
        return None
    again = _same(different, _round_number(different))
    if not _matters(different, again):
        return None
    least = min(same, again, key=np.count_nonzero)
    place = int(least.argmax())
    share = np.count_nonzero(least) / len(different)
    return Merged(float(different[place]), float(different[place + 1]), share)


def indistinct(column: ColumnPreparation) -> bool:
    """Whether most of eight equal steps through a column's training values are lost in float32, as
    in files that were trained before a number was subtracted.
    """
    low, high = column.minimum, column.maximum
    if column.kind != "number" or column.part or not 0 < high - low <= _NEAR * max(-low, high):
        return False
    steps = np.unique(np.linspace(low, high, _STEPS))
    return len(steps) > 1 and bool(_same(steps, 0.0).mean() >= _HALF)


def _same(different: Floats, offset: float) -> NDArray[np.bool_]:
    """Which values are the same as the next one in float32, once ``offset`` is subtracted, and then
    the smallest of them, as scaling does.
    """
    narrow = (different - offset).astype("float32")
    if offset:
        narrow = narrow - narrow[:1]
    return np.asarray(np.diff(narrow) == 0)


def _matters(different: Floats, same: NDArray[np.bool_]) -> bool:
    """Whether it matters that some values are one.

    In a column of many random decimals some are closer than float32 tells apart; they do not
    matter. They do where one in a hundred is lost, or where the gap is not far smaller than usual.
    """
    if not same.any():
        return False
    many = max(_MOST_LOST, 4 * len(different) / 2**_DIGITS)
    if same.sum() > min(_HALF, many) * len(different):
        return True
    gaps = np.diff(different)
    return len(different) <= _MANY and bool((gaps[same] >= np.median(gaps) / _TYPICAL).any())


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
    offset = float(part.removeprefix(_PART))
    if not part.startswith(_PART) or not isfinite(offset):
        raise ValueError(part)
    return offset


def in_own_unit(column: ColumnPreparation) -> ColumnPreparation:
    """The statistics of a model input with what was subtracted added again."""
    if column.kind != "number" or not column.part:
        return column
    offset = offset_in(column.part)
    edges = tuple(edge + offset for edge in column.histogram.edges)
    return replace(
        column,
        part="",
        minimum=column.minimum + offset,
        maximum=column.maximum + offset,
        mean=column.mean + offset,
        median=column.median + offset,
        histogram=Histogram(edges, column.histogram.counts),
    )
