"""FlatBuffers by field numbers, read without their classes and within bounds.

Source: flatbuffers.dev/internals. An offset counts forwards from where it stands; a table begins
with the distance back to its vtable, which says where each field is.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import CorruptModelError, LimitExceededError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from keramos.artifact.limits import Limits

_OFFSET, _DISTANCE, _SHORT = struct.Struct("<I"), struct.Struct("<i"), struct.Struct("<H")
_BYTES = 64
"""Of a vector, so many count as one part."""

_HEADER = 4  # bytes of a vtable before its fields: its own size and that of the table


class Buffer:
    """The bytes of one file, and how much may still be read: parts may be shared, so a small file
    can lead to any number of them.
    """

    def __init__(self, data: bytes, where: str, limits: Limits) -> None:
        """``where`` names the file in messages."""
        self.data = data
        self.where = where
        self._limit = self._left = limits.objects

    def root(self) -> Table:
        """The table that the file is.

        Raises:
            CorruptModelError: there is none.
        """
        return Table(self, self.number(_OFFSET, 0))

    def number(self, form: struct.Struct, at: int) -> int:
        """A number at a place.

        Raises:
            CorruptModelError: it lies outside the file.
        """
        self.check(at, form.size)
        return int(form.unpack_from(self.data, at)[0])

    def check(self, at: int, size: int) -> None:
        """That some bytes lie in the file.

        Raises:
            CorruptModelError: they do not.
        """
        if at < 0 or size > len(self.data) - at:
            raise CorruptModelError(
                f"a part lies outside the file of {len(self.data):,} bytes",
                received=f"{size:,} bytes from byte {at:,} on",
                path=self.where,
            )

    def spend(self, parts: int = 1) -> None:
        """Count tables and items of vectors.

        Raises:
            LimitExceededError: there are more than the limit allows.
        """
        self._left -= parts
        if self._left < 0:
            raise LimitExceededError(
                f"the file has more than {self._limit:,} parts, the limit (objects)",
                path=self.where,
            )


class Table:
    """One table. Fields are asked for by number, from 0 on."""

    def __init__(self, buffer: Buffer, at: int) -> None:
        """Find the fields of the table at a place.

        Raises:
            CorruptModelError: it or its vtable lies outside the file.
            LimitExceededError: the file has more tables than the limit.
        """
        buffer.spend()
        self._buffer, self._at = buffer, at
        self._fields = at - buffer.number(_DISTANCE, at)
        size = buffer.number(_SHORT, self._fields)
        buffer.check(self._fields, size)
        self._count = (size - _HEADER) // _SHORT.size

    def scalar(self, field: int, code: str, default: float = 0) -> float:
        """A number; ``code`` is that of ``struct``."""
        at, form = self._place(field), struct.Struct(f"<{code}")
        if at is None:
            return default
        self._buffer.check(at, form.size)
        found: float = form.unpack_from(self._buffer.data, at)[0]
        return found

    def whole(self, field: int, code: str, default: int = 0) -> int:
        """A whole number."""
        return int(self.scalar(field, code, default))

    def data(self, field: int) -> bytes:
        """A vector of bytes, empty where the field is absent."""
        begin, count = self._vector(field, 1)
        self._buffer.spend(count // _BYTES)
        return self._buffer.data[begin : begin + count]

    def size(self, field: int) -> int:
        """How many bytes a vector of bytes has; they stay unread."""
        return self._vector(field, 1)[1]

    def text(self, field: int) -> str:
        """A UTF-8 text."""
        data = self.data(field)
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            raise CorruptModelError(
                "a text is not UTF-8", received=repr(data[:40]), path=self._buffer.where
            ) from None

    def numbers(self, field: int, dtype: str) -> NDArray[np.generic]:
        """A vector of numbers; ``dtype`` is NumPy's, little endian."""
        begin, count = self._vector(field, np.dtype(dtype).itemsize)
        self._buffer.spend(count * np.dtype(dtype).itemsize // _BYTES)
        data = self._buffer.data[begin : begin + count * np.dtype(dtype).itemsize]
        return np.frombuffer(data, dtype)

    def table(self, field: int) -> Table | None:
        """A table inside."""
        at = self._place(field)
        return None if at is None else Table(self._buffer, self._followed(at))

    def tables(self, field: int) -> Iterator[Table]:
        """A vector of tables."""
        begin, count = self._vector(field, _OFFSET.size)
        for place in range(count):
            yield Table(self._buffer, self._followed(begin + place * _OFFSET.size))

    def _place(self, field: int) -> int | None:
        """Where a field is; None where the table lacks it."""
        if field >= self._count:
            return None
        distance = self._buffer.number(_SHORT, self._fields + _HEADER + field * _SHORT.size)
        return self._at + distance if distance else None

    def _followed(self, at: int) -> int:
        return at + self._buffer.number(_OFFSET, at)

    def _vector(self, field: int, item: int) -> tuple[int, int]:
        """Where the items of a vector begin, and their number."""
        at = self._place(field)
        if at is None:
            return 0, 0
        here = self._followed(at)
        count, begin = self._buffer.number(_OFFSET, here), here + _OFFSET.size
        self._buffer.check(begin, count * item)
        return begin, count
