"""Identify files by their first and last bytes, for recognition and for error messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.errors import CorruptModelError, ForeignCodeError, UnsafeModelError

if TYPE_CHECKING:
    from keramos.errors import ModelError

ZIP = b"PK\x03\x04"
"""How a zip archive with an entry begins."""

_HEAD = 1 << 14
_END, _END_SIZE, _COMMENT = b"PK\x05\x06", 22, 0xFFFF

_BEGINNINGS: tuple[tuple[bytes, str, bool], ...] = (
    (
        b"version https://git-lfs",
        "a Git LFS pointer: the model itself was not downloaded (git lfs pull)",
        False,
    ),
    (b"<!DOCTYPE", "an HTML page, probably an error page saved under the model's name", False),
    (b"<!doctype", "an HTML page, probably an error page saved under the model's name", False),
    (b"<html", "an HTML page, probably an error page saved under the model's name", False),
    (b"<?xml", "an XML text", False),
    (b"\x93NUMPY", "a NumPy array", False),
    (b"\x1f\x8b", "packed with gzip; unpack it first", False),
    (b"BZh", "packed with bzip2; unpack it first", False),
    (b"\xfd7zXZ", "packed with xz; unpack it first", False),
    (b"7z\xbc\xaf", "a 7-Zip archive; unpack it first", False),
    (b"Rar!", "a RAR archive; unpack it first", False),
    (b"\x7fELF", "a program", True),
    (b"MZ", "a program", True),
    (b"#!", "a script", True),
    (b"x\x9c", "packed with zlib, as joblib writes pickles", True),
    (b"PAR1", "a Parquet table", False),
    (b"PK\x05\x06", "an empty zip archive", False),
    (b"\x80\x02", "a Python pickle, which is a program", True),
    (b"\x80\x03", "a Python pickle, which is a program", True),
    (b"\x80\x04", "a Python pickle, which is a program", True),
    (b"\x80\x05", "a Python pickle, which is a program", True),
)
"""First bytes -> what such a file is, and whether opening it elsewhere runs code."""

_TEXT = "a text"
_TABLE = "Name the model file; a table is named after it"

_REMEDIES = {
    _TEXT: _TABLE,
    "a Parquet table": _TABLE,
}
"""What such a file is -> what to do instead of saving the model again."""

_TEXT_PICKLES = (
    b"(dp",
    b"(lp",
    b"(i",
    b"cos\n",
    b"cposix\n",
    b"c__builtin__\n",
    b"cbuiltins\n",
    b"ccopy_reg\n",
)
_PLACES: tuple[tuple[int, bytes, str], ...] = ((257, b"ustar", "a tar archive"),)


def kind_of(head: bytes) -> tuple[str, bool]:
    """What the first bytes of a file say it is, and whether it is a program; empty where they say
    nothing.
    """
    for beginning, name, program in _BEGINNINGS:
        if head.startswith(beginning):
            return name, program
    if head.startswith(_TEXT_PICKLES):
        return "a Python pickle, which is a program", True
    for at, mark, name in _PLACES:
        if head.startswith(mark, at):
            return name, False
    if not head.strip(b"\0"):
        return "nothing but zero bytes" if head else "empty", False
    return (_TEXT if _is_plain_text(head) else ""), False


def _is_plain_text(head: bytes) -> bool:
    """Whether the first bytes are UTF-8 without control characters, as those of tables are."""
    text = head.decode(errors="replace").rstrip("\N{REPLACEMENT CHARACTER}")  # it may be cut there
    return "\N{REPLACEMENT CHARACTER}" not in text and all(
        character.isprintable() or character.isspace() for character in text
    )


def is_text(data: bytes) -> bool:
    """Whether bytes begin as a JSON object or a JSON text."""
    return data.lstrip()[:1] in {b"{", b'"'}


def zip_ends_with(data: bytes) -> bool:
    """Whether a zip archive's end record stands exactly at the end."""
    at = data.find(_END, max(0, len(data) - _END_SIZE - _COMMENT))
    while at >= 0:
        if at + _END_SIZE <= len(data) and at + _END_SIZE + int.from_bytes(
            data[at + 20 : at + 22], "little"
        ) == len(data):
            return True
        at = data.find(_END, at + 1)
    return False


def unknown_form(data: bytes, size: int, source: str) -> ModelError:
    """The error about a file that no form recognises; ``data`` holds its first bytes."""
    name, program = kind_of(data[:_HEAD])
    kind = ForeignCodeError if program else CorruptModelError
    return kind(
        "the file is neither HDF5 nor a .keras archive" + (f": it is {name}" if name else ""),
        received=f"{size:,} bytes that begin with {data[:8]!r}",
        file=source,
        remedy=_REMEDIES.get(
            name, "Save the model with model.save('name.h5') or model.save('name.keras')"
        ),
    )


def two_files(source: str) -> UnsafeModelError:
    """The error about a file that is HDF5 and zip at once."""
    return UnsafeModelError(
        "the file is both an HDF5 file and a zip archive, so tools disagree on its content",
        file=source,
        remedy="Save the model again",
    )
