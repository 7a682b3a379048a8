"""Bounds on the parts of a picture's file (chunks, comments, strips, scans): a small file may
have millions, and decoders take time for each.
"""

from __future__ import annotations

import io
import re
import struct

_MOST_READS = 200_000
_MOST_STRIPS = 100_000
_MOST_SCANS = 100
"""That of libtiff; progressive files have about ten."""

_SCAN = re.compile(rb"\xff\xda\x00(?:\x08\x01|\x0a\x02|\x0c\x03|\x0e\x04)")
_STRIP_OFFSETS, _TILE_OFFSETS = 273, 324
_TIFF = {
    b"II*\0": ("<", "I", "H", "HHI"),
    b"MM\0*": (">", "I", "H", "HHI"),
    b"II+\0": ("<", "Q", "Q", "HHQ"),
    b"MM\0+": (">", "Q", "Q", "HHQ"),
}
"""Magic -> byte order, and the formats of an offset, of the number of entries and of the head of an
entry (tag, type, count).
"""


class TooManyPartsError(ValueError):
    """A file makes its decoder read more often than any ordinary picture."""


class BoundedFile(io.BytesIO):
    """The bytes of a file that may be read so many times."""

    _reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """As that of a file.

        Raises:
            TooManyPartsError: it is read too often.
        """
        self._reads += 1
        if self._reads > _MOST_READS:
            raise TooManyPartsError("it has too many chunks, comments or strips")
        return super().read(size)


def too_many_parts(data: bytes) -> str:
    """Why a decoder would take long for the strips of a TIFF or the scans of a JPEG, or ""."""
    if data.startswith(b"\xff\xd8"):
        scans = sum(1 for _ in _SCAN.finditer(data))
        return f"{scans:,} scans; at most {_MOST_SCANS} are read" if scans > _MOST_SCANS else ""
    strips = _strips(data) if data[:4] in _TIFF else 0
    return f"{strips:,} strips; at most {_MOST_STRIPS:,} are read" if strips > _MOST_STRIPS else ""


def _strips(data: bytes) -> int:
    """Strips or tiles of the first page; 0 where its directory is cut off."""
    order, offset, number, head = _TIFF[data[:4]]
    first = struct.calcsize(order + offset)  # the offset of the directory is at 4 or at 8
    try:
        (at,) = struct.unpack_from(order + offset, data, first)
        (entries,) = struct.unpack_from(order + number, data, at)
        at, each = at + struct.calcsize(order + number), struct.calcsize(order + head + offset)
        heads = [
            struct.unpack_from(order + head, data, at + each * entry)
            for entry in range(min(entries, len(data) // each))
        ]
    except struct.error:
        return 0
    return max(
        (count for tag, _, count in heads if tag in {_STRIP_OFFSETS, _TILE_OFFSETS}), default=0
    )
