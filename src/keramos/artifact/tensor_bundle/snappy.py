"""Snappy, in which other writers than TensorFlow's own pack the blocks of an index.

Source: github.com/google/snappy, format_description.txt.
"""

from __future__ import annotations

from keramos.artifact.protobuf import varint
from keramos.errors import CorruptModelError, LimitExceededError

_LITERAL = 0
_SHORT = 60  # longest literal whose length is in its tag
_OFFSETS = {1: 1, 2: 2, 3: 4}
"""Kind of copy -> bytes of its offset behind the tag."""


def unpacked(data: bytes, most: int, where: str) -> bytes:
    """The bytes that were packed, at most ``most`` of them.

    Raises:
        CorruptModelError: they are cut or contradict themselves.
        LimitExceededError: there are more than ``most``.
    """
    size, at = varint(data, 0, where)
    if size > most:
        raise LimitExceededError(
            f"the packed block claims more than {most:,} bytes", received=f"{size:,}", path=where
        )
    found = bytearray()
    while at < len(data):
        tag = data[at]
        kind, length = tag & 3, (tag >> 2) + 1
        at += 1
        if kind == _LITERAL:
            extra = max(0, length - _SHORT)
            if extra:
                length = int.from_bytes(data[at : at + extra], "little") + 1
                at += extra
            found += data[at : at + length]
            at += length
        else:
            width = _OFFSETS[kind]
            offset = int.from_bytes(data[at : at + width], "little")
            at += width
            if kind == 1:
                length, offset = (tag >> 2 & 7) + 4, offset | tag >> 5 << 8
            _copy(found, offset, length, where)
        if at > len(data) or len(found) > size:
            break
    if at != len(data) or len(found) != size:
        raise CorruptModelError(
            f"the packed block does not hold the {size:,} bytes that it claims", path=where
        )
    return bytes(found)


def _copy(found: bytearray, offset: int, length: int, where: str) -> None:
    """Repeat what stands ``offset`` bytes before the end; it may overlap itself."""
    if not 0 < offset <= len(found):
        raise CorruptModelError("the packed block copies from before its begin", path=where)
    begin = len(found) - offset
    piece = bytes(found[begin : begin + length])
    found += (piece * (length // len(piece) + 1))[:length]
