"""Packed files: the packing is told by the first bytes, and inflated under a bound."""

from __future__ import annotations

import bz2
import lzma
import zlib
from typing import TYPE_CHECKING, Protocol

from keramos.companions import lz4_frame
from keramos.errors import CorruptModelError, LimitExceededError

if TYPE_CHECKING:
    from collections.abc import Callable

_LZMA_MEMORY = 100 << 20


class _Inflater(Protocol):
    @property
    def eof(self) -> bool: ...

    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


def _zlib() -> _Inflater:
    return zlib.decompressobj()


def _gzip() -> _Inflater:
    return zlib.decompressobj(wbits=31)


def _bz2() -> _Inflater:
    return bz2.BZ2Decompressor()


def _xz() -> _Inflater:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_LZMA_MEMORY)


def _lzma() -> _Inflater:
    return lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=_LZMA_MEMORY)


_PACKINGS: tuple[tuple[bytes, str, Callable[[], _Inflater]], ...] = (
    (b"\x78\x01", "zlib", _zlib),
    (b"\x78\x5e", "zlib", _zlib),
    (b"\x78\x9c", "zlib", _zlib),
    (b"\x78\xda", "zlib", _zlib),
    (b"\x1f\x8b", "gzip", _gzip),
    (b"BZh", "bz2", _bz2),
    (b"\xfd7zXZ\x00", "xz", _xz),
    (b"\x5d\x00\x00", "lzma", _lzma),
)
_LZ4 = b"\x04\x22\x4d\x18"


def packing_of(head: bytes) -> str:
    """How a file that begins so is packed, or ""."""
    if head.startswith(_LZ4):
        return "lz4"
    return next((name for magic, name, _ in _PACKINGS if head.startswith(magic)), "")


def inflated(data: bytes, most: int) -> bytes:
    """The content of a packed file; other data as it is.

    Raises:
        LimitExceededError: it inflates to more than ``most`` bytes.
        CorruptModelError: the packed data is damaged or cut.
    """
    if data.startswith(_LZ4):
        return lz4_frame.decoded(data, most)
    make = next((make for magic, _, make in _PACKINGS if data.startswith(magic)), None)
    if make is None:
        return data
    inflater = make()
    try:
        found = inflater.decompress(data, most + 1)
    except (zlib.error, OSError, lzma.LZMAError, EOFError) as error:
        raise CorruptModelError(f"the packed data is damaged ({error})") from None
    if len(found) > most:
        raise LimitExceededError(f"the file inflates to more than {most:,} bytes")
    if not inflater.eof:
        raise CorruptModelError("the packed data is cut")
    return found
