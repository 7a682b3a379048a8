"""Where the directory of a zip archive lies: its end record, found from the end of the file.

Structures: APPNOTE.TXT of PKWARE, sections 4.3.14 to 4.3.16.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from keramos.errors import CorruptModelError, UnsafeModelError

if TYPE_CHECKING:
    from collections.abc import Iterator

_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64 = struct.Struct("<4sLQL")
_END_MARK, _END_64_MARK, _LOCATOR_MARK = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_FULL_16, _FULL_32 = 0xFFFF, 0xFFFFFFFF


def find_directory(data: bytes, file: str) -> tuple[int, int, int]:
    """The number of entries, and the first and last byte of their directory.

    Raises:
        CorruptModelError: the archive is cut, damaged, or one of several parts.
        UnsafeModelError: tools would disagree on where the directory is.
    """
    at = _end_record(data, file)
    _, disk, other_disk, here, count, length, start, _ = _END.unpack_from(data, at)
    end = at
    if _FULL_16 in (here, count) or _FULL_32 in (length, start):
        end, disk, other_disk, here, count, length, start = _directory_64(data, at, file)
    if disk or other_disk or here != count:
        raise CorruptModelError("the file is one part of a zip archive in several parts", file=file)
    if start + length > end:
        raise CorruptModelError(
            "the zip archive is incomplete: part of its directory is missing", file=file
        )
    if start + length < end:
        raise UnsafeModelError(
            f"the zip directory should end at byte {start + length:,} and ends at {end:,}: "
            "other bytes come before or between, so tools disagree on its content",
            file=file,
            remedy="Save the model again",
        )
    return count, start, end


def _end_record(data: bytes, file: str) -> int:
    """Where the one end record begins that says that the archive ends where the file does."""
    first = len(data) - _END.size - _FULL_16
    ends = [at for at in _found(data, _END_MARK, first) if _ends_at(data, at) == len(data)]
    if len(ends) > 1:
        raise UnsafeModelError(
            "the zip archive has two ends, so tools disagree on its content", file=file
        )
    if not ends:
        followed = _END_MARK in data[-(_END.size + _FULL_16) :]
        cut = "it is cut, or other bytes follow it" if followed else "it is cut"
        raise CorruptModelError(
            f"the zip archive of {len(data):,} bytes is incomplete: {cut}",
            file=file,
            remedy="Copy the file or save the model again",
        )
    return ends[0]


def _directory_64(data: bytes, at: int, file: str) -> tuple[int, int, int, int, int, int, int]:
    """The same numbers from the longer record that large archives have before the end."""
    place = at - _LOCATOR_64.size
    try:
        mark, _, end, _ = _LOCATOR_64.unpack_from(data, place)
        mark_64, length_64, _, _, disk, other, here, count, length, start = _END_64.unpack_from(
            data, end
        )
    except (struct.error, OverflowError):
        mark = mark_64 = b""
    if (
        place < 0
        or mark != _LOCATOR_MARK
        or mark_64 != _END_64_MARK
        or end + 12 + length_64 != place
    ):
        raise CorruptModelError(
            "the zip archive is damaged: its end record contradicts itself", file=file
        )
    return end, disk, other, here, count, length, start


def _found(data: bytes, mark: bytes, begin: int) -> Iterator[int]:
    at = data.find(mark, max(begin, 0))
    while at >= 0:
        yield at
        at = data.find(mark, at + 1)


def _ends_at(data: bytes, at: int) -> int:
    """Where an end record says that the archive ends."""
    if at + _END.size > len(data):
        return -1
    return at + _END.size + int(_END.unpack_from(data, at)[7])
