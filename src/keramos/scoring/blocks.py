"""Text files in blocks of whole rows, cut without looking at more than line ends and quotes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from keramos.errors import DataError
from keramos.scoring.chunks import readable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keramos.scoring.formats import Format
    from keramos.types.scoring import SourceFile

BLOCK = 1 << 22
_LONGEST_ROW = 1 << 26
_BOM = b"\xef\xbb\xbf"


class Block(NamedTuple):
    """Bytes of whole rows, the place after them in the unpacked text, and the bytes read of the
    file as stored.
    """

    data: bytes
    offset: int
    stored: int


class Text:
    """An open text file, unpacked on the way."""

    def __init__(self, file: SourceFile, stream: pa.NativeFile, form: Format) -> None:
        self._name = file.name
        self._raw = stream
        self._seekable = not form.compression and file.size > 0
        self._stream = (
            pa.CompressedInputStream(stream, form.compression) if form.compression else stream
        )
        self._stored = 0
        self._rest = b""
        self._at = 0
        self._ended = False
        self.begin = 0
        """The place after a byte order mark."""

    def sample(self) -> bytes:
        """Whole rows from the place reached, which are read again later."""
        return self._rest[: _last_row(self._rest, quotes=False) or None]

    def head(self, *, quotes: bool) -> bytes:
        """The first row with its line end, without a byte order mark; nothing where the file is
        empty.
        """
        self._fill()
        if self._rest.startswith(_BOM):
            self._rest, self._at = self._rest[len(_BOM) :], len(_BOM)
            self.begin = self._at
        at = 0
        while True:
            end = self._rest.find(b"\n", at) + 1
            if not end and self._fill():
                continue
            line = self._rest[: end or None]
            if not end or not quotes or line.count(b'"') % 2 == 0:
                return line
            at = end

    def blocks(self, start: int, *, quotes: bool) -> Iterator[Block]:
        """Blocks from the place ``start`` on; with ``quotes``, line ends inside of quotes are part
        of a cell.
        """
        self._skip_to(start)
        while True:
            end = _last_row(self._rest, quotes=quotes)
            more = len(self._rest) < BLOCK or not end
            if more and self._fill():
                if len(self._rest) > _LONGEST_ROW:
                    raise DataError(
                        f"no row ends within {_LONGEST_ROW >> 20} MB after byte {self._at:,}: a "
                        "quote is never closed, or this is not a text table",
                        file=self._name,
                    )
                continue
            if not self._rest:
                return
            end = end if len(self._rest) > end > 0 and not self._ended else len(self._rest)
            data, self._rest = self._rest[:end], self._rest[end:]
            self._at += end
            self._check(data)
            yield Block(data, self._at, self._stored)

    def _fill(self) -> bool:
        """Read on; whether there was anything."""
        with readable(self._name, f"after byte {self._at + len(self._rest):,} of its text"):
            data = self._stream.read(BLOCK)
            self._stored = (
                self._raw.tell() if self._seekable or self._raw is not self._stream else 0
            )
        self._rest += data
        self._ended = not data
        return bool(data)

    def _skip_to(self, start: int) -> None:
        if start <= self._at:
            return
        if self._seekable:
            self._stream.seek(start)
            self._rest, self._at = b"", start
            return
        while self._at + len(self._rest) < start and self._fill():
            drop = min(len(self._rest), start - self._at)
            self._rest, self._at = self._rest[drop:], self._at + drop
        drop = start - self._at
        self._rest, self._at = self._rest[drop:], start

    def _check(self, data: bytes) -> None:
        if b"\0" in data:
            raise DataError(
                f"a NUL byte before byte {self._at:,}; this is not a text table",
                file=self._name,
            )


def _last_row(data: bytes, *, quotes: bool) -> int:
    """The place after the last whole row; 0 where none ends."""
    end = data.rfind(b"\n") + 1
    if not quotes:
        return end
    odd = data.count(b'"', 0, end) % 2
    while end and odd:
        before = data.rfind(b"\n", 0, end - 1) + 1
        odd ^= data.count(b'"', before, end) % 2
        end = before
    return end
