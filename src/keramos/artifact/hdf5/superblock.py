"""Where an HDF5 file begins and ends, how wide its numbers are, and where its root group is
(specification II.A).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.artifact.hdf5.headers import read_header
from keramos.artifact.hdf5.image import Image
from keramos.errors import CorruptModelError, UnsafeModelError, UnsupportedModelError

if TYPE_CHECKING:
    from keramos.artifact.limits import Limits

SIGNATURE = b"\x89HDF\r\n\x1a\n"
USER_BLOCKS = (0, *(512 << n for n in range(16)))
"""Where a signature may be: at the beginning or after a user block of a power of two from 512
bytes.
"""

_WIDTHS = (2, 4, 8)
_OPEN_FOR_WRITING = 0b101  # written by version 3 while a program has the file open for writing
_CACHE_IMAGE = 0x18
_SHARED_TABLE = 0x0F
_DRIVER = 0x14
_PECULIAR = {
    _CACHE_IMAGE: "a metadata cache image",
    _SHARED_TABLE: "a table of shared messages",
    _DRIVER: "a driver of its own",
}


def open_image(data: bytes, limits: Limits) -> tuple[Image, int]:
    """The file's bytes from its base on, and the address of the root group's object header.

    Raises:
        ModelError: it is no whole HDF5 file, or one spread over several files.
    """
    base = next((at for at in USER_BLOCKS if data.startswith(SIGNATURE, at)), None)
    if base is None or len(data) < base + 16:
        raise CorruptModelError(
            "the file is not an HDF5 file",
            received=f"{len(data):,} bytes that begin with {data[:8]!r}",
        )
    version = data[base + 8]
    if version > 3:  # noqa: PLR2004 (the newest there is)
        raise CorruptModelError(
            "the HDF5 superblock has an unknown version; 0 to 3 are known",
            received=str(version),
        )
    at = base + (13 if version < 2 else 9)  # noqa: PLR2004 (version 2 drops four fields)
    offsets, lengths = data[at], data[at + 1]
    if offsets not in _WIDTHS or lengths not in _WIDTHS:
        raise CorruptModelError(
            f"the HDF5 superblock declares addresses of {offsets} and sizes of {lengths} bytes"
        )
    image = Image(memoryview(data)[base:], limits, offsets, lengths)
    begin, end, root = (_old if version < 2 else _new)(image, version)  # noqa: PLR2004
    _check_ends(len(data), base, begin, end)
    return image, root


def _check_ends(size: int, base: int, begin: int, end: int) -> None:
    if begin != base:
        raise UnsafeModelError(
            f"the HDF5 part begins at byte {base:,} but says it begins at byte {begin:,}",
        )
    if end > size:
        raise CorruptModelError(
            f"the file is incomplete: its header says {end:,} bytes",
            received=f"{size:,} bytes",
            remedy="Copy the file or save the model again",
        )
    if end < size:
        raise UnsafeModelError(
            f"the file has {size - end:,} bytes after the end of its HDF5 part, so tools disagree "
            "on its content",
            remedy="Save the model again",
        )


def _required(value: int | None, what: str) -> int:
    if value is None:
        raise CorruptModelError(f"the HDF5 superblock has no {what}")
    return value


def _old(image: Image, version: int) -> tuple[int, int, int]:
    """Versions 0 and 1: base, end, root."""
    size = 24 + 4 * version + 4 * image.offsets + 2 * image.offsets + 24
    cursor = image.cursor(image.block(0, size, "superblock"), "superblock")
    cursor.skip(24 + 4 * version)
    base, _, end, driver = (cursor.address() for _ in range(4))
    if driver is not None:
        raise UnsupportedModelError(
            "the file is part of an HDF5 family of files",
            remedy="Merge them into one file first",
        )
    cursor.skip(image.offsets)  # the root's name
    return (
        _required(base, "base address"),
        _required(end, "end of file"),
        _required(cursor.address(), "root group"),
    )


def _new(image: Image, version: int) -> tuple[int, int, int]:
    """Versions 2 and 3: base, end, root."""
    size = 12 + 4 * image.offsets + 4
    cursor = image.cursor(image.sealed(0, size, "superblock"), "superblock")
    cursor.skip(11)
    flags = cursor.uint(1)
    if version == 3 and flags & _OPEN_FOR_WRITING:  # noqa: PLR2004
        raise CorruptModelError(
            "the file was not closed by the program that wrote it",
            remedy="Save the model again",
        )
    base, extension, end, root = (cursor.address() for _ in range(4))
    if extension is not None:
        _check_extension(image, extension)
    return (
        _required(base, "base address"),
        _required(end, "end of file"),
        _required(root, "root group"),
    )


def _check_extension(image: Image, address: int) -> None:
    for message in read_header(image, address).messages:
        if message.kind in _PECULIAR:
            raise UnsupportedModelError(
                f"the file uses {_PECULIAR[message.kind]}, which Keras never writes",
                remedy="Rewrite the file with h5repack",
            )
