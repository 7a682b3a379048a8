"""Which format a file has, by its name."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from keramos.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

EXTENSIONS = {
    ".csv": "csv",
    ".txt": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
}
READ_ONLY = {".xlsx": "xlsx"}
"""Formats of sources alone."""

COMPRESSIONS = {".gz": "gzip", ".zst": "zstd", ".zstd": "zstd"}
_KNOWN = {**EXTENSIONS, **READ_ONLY}
TEXT = frozenset({"csv", "tsv", "jsonl"})


class Format(NamedTuple):
    """A format, the compression around the whole file ("" for none), and the extension that says
    both.
    """

    name: str
    compression: str = ""

    @property
    def extension(self) -> str:
        """As written after a name."""
        ends = {"gzip": ".gz", "zstd": ".zst"}
        return f".{self.name}{ends.get(self.compression, '')}"


def format_of(name: str, given: str = "") -> Format | None:
    """The format that a file's name says (or ``given`` does), or None."""
    suffixes = [suffix.lower() for suffix in PurePosixPath(name).suffixes]
    compression = COMPRESSIONS.get(suffixes[-1], "") if suffixes else ""
    plain = suffixes[:-1] if compression else suffixes
    found = given or (_KNOWN.get(plain[-1], "") if plain else "")
    return Format(found, compression) if found else None


def common_format(names: Iterable[str], given: str) -> Format:
    """The one format of all files, without the compression, which each may have of its own.

    Raises:
        UsageError: a name says no format, or two files differ.
    """
    found: dict[str, str] = {}
    for name in names:
        own = format_of(name, given)
        if own is None:
            known = ", ".join(_KNOWN)
            raise UsageError(
                f"the extension is not of a known format ({known})",
                file=name,
                remedy="Name the format with --format",
            )
        found.setdefault(own.name, name)
    if len(found) > 1:
        (one, first), (other, second) = list(found.items())[:2]
        raise UsageError(
            f"{first} is {one} and {second} is {other}",
            remedy="Score files of one format at a time",
        )
    return Format(next(iter(found)))


def stem(name: str) -> str:
    """A file's name without the extensions that say its format."""
    path = PurePosixPath(name)
    if path.suffix.lower() in COMPRESSIONS:
        path = path.with_suffix("")
    return str(path.with_suffix("")) if path.suffix.lower() in _KNOWN else str(path)
