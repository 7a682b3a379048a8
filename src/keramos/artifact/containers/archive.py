"""A ``.keras`` archive read in memory: strict, because what two readers understand differently can
hide anything.

Entries are found by exact name and never extracted. Every byte belongs to exactly one entry or to
the directory: no bytes before, between or behind them. Sizes are counted while inflating.
Structures: APPNOTE.TXT of PKWARE, sections 4.3 and 4.5. ``zipfile`` reads the same archives, but
accepts what is refused here and parses any number of entries.
"""

from __future__ import annotations

import re
import stat
import struct
import unicodedata
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from keramos.artifact.containers.zip_directory import find_directory
from keramos.errors import CorruptModelError, LimitExceededError, UnsafeModelError, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keramos.artifact.limits import Limits

_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL_MARK, _LOCAL_MARK = b"PK\x01\x02", b"PK\x03\x04"
_FULL_16, _FULL_32 = 0xFFFF, 0xFFFFFFFF
_STORED, _DEFLATED = 0, 8
_ENCRYPTED, _SIZES_FOLLOW, _UTF_8 = 0x2041, 0x8, 0x800
_AGREED = _ENCRYPTED | _UTF_8  # flags that both headers of an entry must state alike
_EXTRA_64 = 1
_DESCRIPTOR = 24  # longest record of sizes behind an entry's data
_FREE = 1 << 20  # up to here a part may inflate by any ratio
_FREE_TOTAL = 32 << 20
_STEP = 1 << 20
_UNSAFE_NAME = re.compile(r"[\x00-\x1f\x7f\\]|^/|^[A-Za-z]:|(^|/)\.{0,2}(/|$)")


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry as the directory states it, and where its data lies."""

    name: str
    method: int
    flags: int
    crc: int
    packed: int
    size: int
    start: int
    data: int = 0


class Archive:
    """One open zip archive, from bytes."""

    def __init__(self, data: bytes, source: str, limits: Limits) -> None:
        self._data = data
        self._source = source
        self._limits = limits
        count, start, end = find_directory(data, source)
        if count > limits.members:
            raise LimitExceededError(
                f"the archive has more than {limits.members:,} entries, the limit (members)",
                received=f"{count:,}",
                file=source,
            )
        self._entries: dict[str, _Entry] = {}
        seen: dict[str, str] = {}
        for entry in self._listed(count, start, end):
            key = unicodedata.normalize("NFC", entry.name.removesuffix("/")).casefold()
            if key in seen:
                raise UnsafeModelError(
                    f"the archive has two entries named {quoted(seen[key])} and "
                    f"{quoted(entry.name)}, so tools disagree on its content",
                    file=source,
                )
            seen[key] = entry.name
            self._entries[entry.name] = entry
        self._check_layout(start)
        self._check_total()

    def names(self) -> list[str]:
        """Names of all entries."""
        return list(self._entries)

    def span(self, name: str) -> tuple[int, int]:
        """Where the stored bytes of an entry begin and end in the archive."""
        entry = self._entries[name]
        return entry.data, entry.data + entry.packed

    def check_ratio(self, ratio: int) -> None:
        """Compare what all entries unpack to with their packed size: many small ones may inflate
        by any ratio each.

        Raises:
            LimitExceededError: it is more than ``ratio`` times that, above 32 MiB.
        """
        entries = self._entries.values()
        bound = max(_FREE_TOTAL, ratio * sum(entry.packed for entry in entries))
        total = sum(entry.size for entry in entries)
        if total > bound:
            raise LimitExceededError(
                f"the archive unpacks to more than {bound:,} bytes, the limit",
                received=f"{total:,} bytes",
                file=self._source,
            )

    def read(self, name: str, limit: int, ratio: int) -> bytes | None:
        """The bytes of an entry, or None where there is none.

        Raises:
            LimitExceededError: it unpacks to more than ``limit`` bytes, or to more than ``ratio``
                times its size.
            CorruptModelError: it is damaged, or is not of the size that the directory states.
        """
        entry = self._entries.get(name)
        if entry is None:
            return None
        bound = min(limit, max(_FREE, entry.packed * ratio))
        if entry.size > bound:
            raise LimitExceededError(
                f"the entry unpacks to more than {bound:,} bytes, the limit",
                received=f"{entry.packed:,} bytes that unpack to {entry.size:,}",
                file=self._source,
                path=name,
            )
        packed = memoryview(self._data)[entry.data : entry.data + entry.packed]
        found = bytes(packed) if entry.method == _STORED else self._inflated(entry, packed)
        if len(found) != entry.size or zlib.crc32(found) != entry.crc:
            raise CorruptModelError(
                "the entry is damaged: its checksum or its size differs",
                file=self._source,
                path=name,
            )
        return found

    def _inflated(self, entry: _Entry, packed: memoryview) -> bytes:
        """The entry unpacked, never further than one byte beyond the size it states."""
        worker, parts, left, given = zlib.decompressobj(-zlib.MAX_WBITS), [], entry.size + 1, packed
        try:
            while left and not worker.eof:
                part = worker.decompress(given, min(left, _STEP))
                given = memoryview(worker.unconsumed_tail)
                if not part and not given:
                    break
                parts.append(part)
                left -= len(part)
        except zlib.error as error:
            raise CorruptModelError(
                f"the entry is damaged: {error}", file=self._source, path=entry.name
            ) from None
        if not left:
            raise CorruptModelError(
                f"the entry unpacks to more than the {entry.size:,} bytes it states",
                file=self._source,
                path=entry.name,
            )
        if not worker.eof or worker.unused_data:
            raise CorruptModelError(
                "the entry is damaged: its packed data does not end where it should",
                file=self._source,
                path=entry.name,
            )
        return b"".join(parts)

    def _listed(self, count: int, start: int, end: int) -> Iterator[_Entry]:
        """Each entry of the directory, with what is before its data looked at too."""
        at = start
        for _ in range(count):
            if at + _CENTRAL.size > end or not self._data.startswith(_CENTRAL_MARK, at):
                raise CorruptModelError(
                    f"the zip directory does not list the {count:,} entries it counts",
                    file=self._source,
                )
            head = _CENTRAL.unpack_from(self._data, at)
            flags, method, crc, packed, size, attributes, local = (
                *head[3:5],
                *head[7:10],
                *head[15:17],
            )
            names, extras, remark = head[10:13]
            at += _CENTRAL.size
            extra = self._data[at + names : at + names + extras]
            name = self._name(self._data[at : at + names], flags)
            at += names + extras + remark
            size, packed, local = self._wide(name, extra, [size, packed, local])
            self._check_kind(name, flags, method, attributes)
            if method == _STORED and packed != size:
                raise CorruptModelError(
                    "the entry is stored without compression, but states two sizes",
                    file=self._source,
                    path=name,
                )
            yield self._placed(_Entry(name, method, flags, crc, packed, size, local), start)
        if at != end:
            raise CorruptModelError(
                f"the zip directory lists more than the {count:,} entries it counts",
                file=self._source,
            )

    def _name(self, raw: bytes, flags: int) -> str:
        try:
            name = raw.decode("utf-8" if flags & _UTF_8 else "cp437")
        except UnicodeDecodeError:
            raise CorruptModelError(
                "the name of an entry is not UTF-8",
                received=repr(raw[:80]),
                file=self._source,
            ) from None
        if _UNSAFE_NAME.search(name.removesuffix("/")):
            raise UnsafeModelError(
                "the entry has a name that could lead out of a folder",
                file=self._source,
                path=name,
                remedy="Save the model again",
            )
        return name

    def _wide(self, name: str, extra: bytes, fields: list[int]) -> list[int]:
        """Size, packed size and place; those that do not fit into 32 bits stand in the extra
        field.
        """
        missing = [i for i, field in enumerate(fields) if field == _FULL_32]
        at = 0
        while missing and at + 4 <= len(extra):
            kind, length = struct.unpack_from("<2H", extra, at)
            if kind == _EXTRA_64 and length >= 8 * len(missing) and at + 4 + length <= len(extra):
                for i, value in zip(
                    missing, struct.unpack_from(f"<{len(missing)}Q", extra, at + 4), strict=True
                ):
                    fields[i] = value
                return fields
            at += 4 + length
        if missing:
            raise CorruptModelError(
                "the entry is large, but its size is not there",
                file=self._source,
                path=name,
            )
        return fields

    def _check_kind(self, name: str, flags: int, method: int, attributes: int) -> None:
        kind = stat.S_IFMT(attributes >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise UnsafeModelError(
                "the entry is a link or a device; only plain entries are read",
                file=self._source,
                path=name,
            )
        if flags & _ENCRYPTED:
            raise UnsafeModelError(
                "the entry is encrypted, which Keras never does",
                file=self._source,
                path=name,
            )
        if method not in (_STORED, _DEFLATED):
            raise UnsafeModelError(
                "the entry is packed by an unknown method; Keras uses 0 and 8",
                received=f"method {method}",
                file=self._source,
                path=name,
            )

    def _placed(self, entry: _Entry, directory: int) -> _Entry:
        """The entry with the place of its data, once the header before it agrees with the
        directory.

        A name, a size or a method that differs between both is how one archive shows two contents.
        """
        try:
            head = _LOCAL.unpack_from(self._data, entry.start)
        except struct.error:
            head = (b"",)
        if head[0] != _LOCAL_MARK:
            raise CorruptModelError(
                "the entry is not where the zip directory says",
                file=self._source,
                path=entry.name,
            )
        flags, method, crc, packed, size, names, extras = *head[2:4], *head[6:11]
        at = entry.start + _LOCAL.size
        name = self._name(self._data[at : at + names], flags)
        extra = self._data[at + names : at + names + extras]
        size, packed, _ = self._wide(name, extra, [size, packed, 0])
        follows = bool(flags & _SIZES_FOLLOW)
        stated = (0, 0, 0) if follows and not (crc or packed or size) else (crc, packed, size)
        wanted = (
            (0, 0, 0) if stated == (0, 0, 0) and follows else (entry.crc, entry.packed, entry.size)
        )
        if (name, method, flags & _AGREED, stated) != (
            entry.name,
            entry.method,
            entry.flags & _AGREED,
            wanted,
        ):
            raise UnsafeModelError(
                f"the entry has another description in its own header ({name}) than in the zip "
                "directory, so tools disagree on its content",
                file=self._source,
                path=entry.name,
            )
        place = at + names + extras
        if place + entry.packed > directory:
            raise CorruptModelError(
                "the entry reaches into the zip directory",
                file=self._source,
                path=entry.name,
            )
        return replace(entry, data=place)

    def _check_layout(self, directory: int) -> None:
        """Entries follow each other without overlap and without room for anything else."""
        at = room = 0
        for entry in sorted(self._entries.values(), key=lambda entry: entry.start):
            if entry.start < at:
                raise UnsafeModelError(
                    "the entry overlaps another entry of the zip archive",
                    file=self._source,
                    path=entry.name,
                )
            self._check_gap(at, entry.start, room)
            at, room = entry.data + entry.packed, _DESCRIPTOR if entry.flags & _SIZES_FOLLOW else 0
        self._check_gap(at, directory, room)

    def _check_gap(self, begin: int, end: int, room: int) -> None:
        if end - begin > room:
            raise UnsafeModelError(
                f"{end - begin:,} bytes from byte {begin:,} on belong to no entry of the zip "
                "archive, so tools disagree on its content",
                file=self._source,
                remedy="Save the model again",
            )

    def _check_total(self) -> None:
        limits = self._limits
        total, limit = (
            sum(entry.size for entry in self._entries.values()),
            limits.weight_bytes + limits.config_bytes,
        )
        if total > limit:
            raise LimitExceededError(
                f"the archive unpacks to more than {limit:,} bytes, the limit",
                received=f"{total:,} bytes",
                file=self._source,
            )
