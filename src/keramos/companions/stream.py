"""The bytes of a pickle, taken in order; nothing is taken beyond their end."""

from __future__ import annotations

import struct

from keramos.errors import CorruptModelError

_LONGEST_LINE = 1 << 20


class Stream:
    """Bytes and a place in them."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    @property
    def left(self) -> int:
        """How many bytes are left."""
        return len(self.data) - self.at

    def byte(self) -> int:
        """The next byte."""
        at = self.at
        if at >= len(self.data):
            raise CorruptModelError("the pickle is cut")
        self.at = at + 1
        return self.data[at]

    def take(self, size: int) -> bytes:
        """The next ``size`` bytes.

        Raises:
            CorruptModelError: fewer are left.
        """
        if not 0 <= size <= self.left:
            raise CorruptModelError("the pickle is cut, or lies about a size")
        self.at += size
        return self.data[self.at - size : self.at]

    def number(self, form: str) -> int:
        """The next number of a ``struct`` format."""
        found: int = struct.unpack(form, self.take(struct.calcsize(form)))[0]
        return found

    def line(self) -> str:
        """Text up to the next line feed; each byte is one character."""
        end = self.data.find(b"\n", self.at, self.at + _LONGEST_LINE)
        if end < 0:
            raise CorruptModelError("the pickle has a line without end")
        return self.take(end + 1 - self.at)[:-1].decode("latin1")
