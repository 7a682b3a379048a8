"""Text files in blocks of whole rows, cut without looking at more than line ends and quotes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from keramos.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK = 1 << 22
_LONGEST_ROW = 1 << 26
_BOM = b"\xef\xbb\xbf"
_QUOTE, _LF, _CR = b'"\n\r'


class Block(NamedTuple):
    """Bytes of whole rows, the position after them in the unpacked text, and the bytes read of the
    file as it is stored.
    """

    data: bytes
    offset: int
    stored: int


class Stream(Protocol):
    """The unpacked bytes of a file."""

    seekable: bool

    def read(self, size: int, at: int) -> bytes:
        """The next bytes, nothing at the end; ``at`` is the position, for messages."""

    def seek(self, position: int) -> None:
        """Go on at ``position``, where the stream is seekable."""

    def stored(self) -> int:
        """Bytes read so far of the file as it is stored."""


class TextBlocks:
    """A text file, read forward."""

    def __init__(self, name: str, stream: Stream) -> None:
        self.name = name
        self._stream = stream
        self._rest = b""
        self._at = 0
        self._ended = False
        self._fill()
        if self._rest.startswith(_BOM):
            self._rest, self._at = self._rest[len(_BOM) :], len(_BOM)
        self.begin = self._at
        """The position after a byte order mark."""

    def sample(self) -> bytes:
        """Whole lines from the position reached, which are read again later."""
        return self._rest[: _last_row(self._rest, quotes=False) or None]

    def record(self, skip: int, *, quotes: bool) -> bytes:
        """The row that begins ``skip`` bytes after the position reached, with its line end; nothing
        at the end of the file. With ``quotes``, line ends inside quotes are part of a cell.
        """
        at = skip
        odd = 0
        while True:
            end = self._line_end(at)
            if not end and self._fill():
                continue
            odd ^= self._rest.count(b'"', at, end) % 2 if end and quotes else 0
            if not end or not odd:
                return self._rest[skip : end or None]
            at = end

    def _line_end(self, at: int) -> int:
        """The position after the line end (LF, CR LF or CR) behind ``at``; 0 where none is."""
        end = self._rest.find(b"\n", at) + 1
        mark = self._rest.find(b"\r", at, end or None) + 1
        if not mark or mark == end - 1:
            return end
        return mark if mark < len(self._rest) or not self._fill() else self._line_end(at)

    def blocks(self, start: int, *, quotes: bool) -> Iterator[Block]:
        """Blocks of about 4 MB from the position ``start`` on.

        Raises:
            DataError: a row is longer than 64 MB, or the file holds a NUL byte.
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
                        file=self.name,
                    )
                continue
            if not self._rest:
                return
            end = end if len(self._rest) > end > 0 and not self._ended else len(self._rest)
            data, self._rest = self._rest[:end], self._rest[end:]
            self._at += end
            if b"\0" in data:
                raise DataError(
                    f"a NUL byte before byte {self._at:,}; this is not a text table",
                    file=self.name,
                )
            yield Block(data, self._at, self._stream.stored())

    def _fill(self) -> bool:
        """Read on; whether there was anything."""
        data = self._stream.read(BLOCK, self._at + len(self._rest))
        self._rest += data
        self._ended = not data
        return bool(data)

    def _skip_to(self, start: int) -> None:
        if start <= self._at:
            return
        if self._stream.seekable:
            self._stream.seek(start)
            self._rest, self._at = b"", start
            return
        while self._at + len(self._rest) < start and self._fill():
            drop = min(len(self._rest), start - self._at)
            self._rest, self._at = self._rest[drop:], self._at + drop
        drop = start - self._at
        self._rest, self._at = self._rest[drop:], start


def _last_row(data: bytes, *, quotes: bool) -> int:
    """The position after the last whole row; 0 where none ends. What follows a CR at the end of the
    data is not known.
    """
    end = data.rfind(b"\n") + 1
    end = max(end, data.rfind(b"\r", end, len(data) - 1) + 1)
    if not quotes:
        return end
    if data.count(b'"', 0, end) % 2 == 0:
        return end
    codes = np.frombuffer(data, np.uint8, end)
    closed = ~np.logical_xor.accumulate(codes == _QUOTE)
    ends = np.flatnonzero(closed & ((codes == _LF) | (codes == _CR)))
    return int(ends[-1]) + 1 if ends.size else 0
