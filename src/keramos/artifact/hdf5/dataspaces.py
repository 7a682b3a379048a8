"""How many values there are, along which axes (specification IV.A.2.b)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from keramos.errors import CorruptModelError
from keramos.frozen import Frozen

if TYPE_CHECKING:
    from keramos.artifact.hdf5.image import Image

_MOST_AXES = 32
_HAS_MOST = 0b1
_NULL = 2


class Dataspace(Frozen, frozen=True):
    """``shape`` is None for nothing at all, () for one value. ``most`` may be larger; None in it:
    without end.
    """

    shape: tuple[int, ...] | None
    most: tuple[int | None, ...]

    @property
    def total(self) -> int:
        """Number of values."""
        return 0 if self.shape is None else math.prod(self.shape)


def dataspace(image: Image, body: bytes) -> Dataspace:
    """A dataspace message.

    Raises:
        CorruptModelError: it is damaged.
    """
    cursor = image.cursor(body, "dataspace message")
    version, rank, flags, kind = (cursor.uint(1) for _ in range(4))
    if version not in (1, 2) or rank > _MOST_AXES:
        raise CorruptModelError(
            f"the dataspace has an unknown version or more than {_MOST_AXES} axes",
            received=f"version {version} with {rank} axes",
        )
    if version == 1:
        cursor.skip(4)
    elif kind == _NULL:
        return Dataspace(None, ())
    shape = tuple(cursor.length() for _ in range(rank))
    endless = (1 << 8 * image.lengths) - 1
    most = tuple(cursor.length() for _ in range(rank)) if flags & _HAS_MOST else shape
    if any(length > largest for length, largest in zip(shape, most, strict=True)):
        raise CorruptModelError(
            f"the dataspace has a larger shape than its maximum, {most}",
            received=str(shape),
        )
    return Dataspace(shape, tuple(None if length == endless else length for length in most))
