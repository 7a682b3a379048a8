"""Where an HDF5 file begins and ends, as its superblock says.

Superblocks: HDF5 File Format Specification, section II.A. A file that goes on behind its own end is
read differently by different tools.
"""

from __future__ import annotations

from keramos.errors import CorruptModelError, UnsafeModelError

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_FIRST_USER_BLOCK = 512
_LONGEST = 128  # more bytes than any superblock has
_OPEN_FLAGS = 0x5
_NEW = 2


def superblock_at(data: bytes) -> int | None:
    """Where the HDF5 signature is: at the start, or behind a user block of 512, 1024, 2048 ...
    bytes.
    """
    at = 0
    while at < len(data):
        if data.startswith(_SIGNATURE, at):
            return at
        at = 2 * at or _FIRST_USER_BLOCK
    return None


def check_extent(data: bytes, at: int, size: int, source: str) -> None:
    """Refuse an HDF5 file that was cut, that goes on behind its end, or whose writer did not close
    it.

    ``data`` need hold no more than the superblock at ``at``; ``size`` is that of the whole file.
    """
    head = data[at : at + _LONGEST].ljust(_LONGEST, b"\0")
    version = head[8]
    width = head[9] if version >= _NEW else head[13]
    first = 12 if version >= _NEW else 24 + 4 * version
    if version > 3 or width not in (2, 4, 8, 16, 32) or len(data) < at + first + 3 * width:  # noqa: PLR2004 (the last version)
        raise CorruptModelError("the HDF5 superblock is damaged or cut", file=source)
    base = int.from_bytes(head[first : first + width], "little")
    end = int.from_bytes(head[first + 2 * width : first + 3 * width], "little")
    if version > _NEW and head[11] & _OPEN_FLAGS:
        raise CorruptModelError(
            "the file was not closed by the program that wrote it",
            file=source,
            remedy="Save the model again",
        )
    end += at - base  # bytes put before the file shift it, which HDF5 allows
    if size < end:
        raise CorruptModelError(
            f"the file is incomplete: its header says {end:,} bytes",
            received=f"{size:,} bytes",
            file=source,
            remedy="Copy the file or save the model again",
        )
    if size > end:
        raise UnsafeModelError(
            f"the file holds an HDF5 file of {end:,} bytes and {size - end:,} bytes behind it, so "
            "tools disagree on its content",
            file=source,
            remedy="Save the model again",
        )
