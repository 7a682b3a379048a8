"""Compressed headers of HTTP/2 (HPACK, RFC 7541): a decoder, and an encoder without memory."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from keramos.serving.http2 import huffman

if TYPE_CHECKING:
    from collections.abc import Iterable

Field = tuple[bytes, bytes]
"""A name and a value."""

TABLE_BYTES = 4096
"""Size of the table of fields that a client may refer to (SETTINGS_HEADER_TABLE_SIZE)."""

MAX_LIST_BYTES = 1 << 14
"""Bytes of all fields of a request, each with ``_OVERHEAD``."""

_OVERHEAD = 32
_MOST_SEEN = 64
_MAX_SHIFT = 28
_INDEXED, _INCREMENTAL, _SIZE = 0x80, 0x40, 0x20
_STATIC_TABLE = """
:authority|:method=GET|:method=POST|:path=/|:path=/index.html|:scheme=http|:scheme=https
:status=200|:status=204|:status=206|:status=304|:status=400|:status=404|:status=500
accept-charset|accept-encoding=gzip, deflate|accept-language|accept-ranges|accept
access-control-allow-origin|age|allow|authorization|cache-control|content-disposition
content-encoding|content-language|content-length|content-location|content-range|content-type
cookie|date|etag|expect|expires|from|host|if-match|if-modified-since|if-none-match|if-range
if-unmodified-since|last-modified|link|location|max-forwards|proxy-authenticate
proxy-authorization|range|referer|refresh|retry-after|server|set-cookie
strict-transport-security|transfer-encoding|user-agent|vary|via|www-authenticate
"""
_STATIC: tuple[Field, ...] = tuple(
    (name, value)
    for name, _, value in (
        entry.encode().partition(b"=")
        for line in _STATIC_TABLE.strip().splitlines()
        for entry in line.split("|")
    )
)
"""RFC 7541, appendix A."""


class HpackError(Exception):
    """A block of headers that cannot be decoded; the connection is lost with it."""


class Decoder:
    """The headers of one connection, block after block."""

    def __init__(self) -> None:
        self._table: deque[Field] = deque()
        self._size, self._most = 0, TABLE_BYTES
        self._seen: dict[bytes, tuple[Field, ...] | None] = {}

    def decode(self, block: bytes) -> tuple[Field, ...] | None:
        """The fields of a block; None where they are more than ``MAX_LIST_BYTES``. The same tuple
        for the same block, as long as the table stays.

        Raises:
            HpackError: it is not a block of headers.
        """
        if block in self._seen:
            return self._seen[block]
        try:
            fields, changed = self._fields(block)
        except IndexError:
            raise HpackError("the block is cut short, or names a field that is not there") from None
        if not changed:
            if len(self._seen) >= _MOST_SEEN:
                self._seen.clear()
            self._seen[block] = fields
        return fields

    def _fields(self, block: bytes) -> tuple[tuple[Field, ...] | None, bool]:
        fields: list[Field] = []
        at, end, size, changed = 0, len(block), 0, False
        while at < end:
            first = block[at]
            if first & _INDEXED:
                index, at = _integer(block, at, 7)
                field = self._field(index)
            elif first & (_INCREMENTAL | _SIZE) == _SIZE:
                at = self._resize(block, at, first_of_block=not fields)
                changed = True
                continue
            else:
                field, at = self._literal(block, at, 6 if first & _INCREMENTAL else 4)
                if first & _INCREMENTAL:
                    self._insert(field)
                    changed = True
            size += len(field[0]) + len(field[1]) + _OVERHEAD
            if size <= MAX_LIST_BYTES:
                fields.append(field)
        return (tuple(fields) if size <= MAX_LIST_BYTES else None), changed

    def _field(self, index: int) -> Field:
        if not index:
            raise IndexError
        if index <= len(_STATIC):
            return _STATIC[index - 1]
        return self._table[index - len(_STATIC) - 1]

    def _literal(self, block: bytes, at: int, bits: int) -> tuple[Field, int]:
        index, at = _integer(block, at, bits)
        if index:
            name = self._field(index)[0]
        else:
            name, at = _text(block, at)
        value, at = _text(block, at)
        return (name, value), at

    def _resize(self, block: bytes, at: int, *, first_of_block: bool) -> int:
        size, at = _integer(block, at, 5)
        if size > TABLE_BYTES or not first_of_block:
            raise HpackError("a size of the table that was not offered")
        self._most = size
        self._shrink(size)
        self._seen.clear()
        return at

    def _insert(self, field: Field) -> None:
        self._seen.clear()
        size = len(field[0]) + len(field[1]) + _OVERHEAD
        self._shrink(self._most - size)
        if size <= self._most:
            self._table.appendleft(field)
            self._size += size

    def _shrink(self, most: int) -> None:
        while self._size > most and self._table:
            name, value = self._table.pop()
            self._size -= len(name) + len(value) + _OVERHEAD


def _integer(block: bytes, at: int, bits: int) -> tuple[int, int]:
    """RFC 7541, section 5.1."""
    most = (1 << bits) - 1
    value = block[at] & most
    at += 1
    if value < most:
        return value, at
    shift = 0
    while True:
        octet = block[at]
        at += 1
        value += (octet & 0x7F) << shift
        if octet < 0x80:  # noqa: PLR2004 (the last)
            return value, at
        shift += 7
        if shift > _MAX_SHIFT:
            raise HpackError("a number of more than 32 bits")


def _text(block: bytes, at: int) -> tuple[bytes, int]:
    """RFC 7541, section 5.2."""
    coded = block[at] & 0x80
    size, at = _integer(block, at, 7)
    if at + size > len(block):
        raise IndexError
    data = block[at : at + size]
    if not coded:
        return data, at + size
    text = huffman.decoded(data)
    if text is None:
        raise HpackError("a text that is not in the Huffman code")
    return text, at + size


def encode(fields: Iterable[Field]) -> bytes:
    """A block that needs no table: each field literal, or one of the static table."""
    return b"".join(_encoded(field) for field in fields)


def _encoded(field: Field) -> bytes:
    if field in _STATIC:
        return bytes([_INDEXED | _STATIC.index(field) + 1])
    return b"\0" + _string(field[0]) + _string(field[1])


def _string(text: bytes) -> bytes:
    size = len(text)
    if size < 0x7F:  # noqa: PLR2004 (of seven bits)
        return bytes([size]) + text
    octets, left = bytearray([0x7F]), size - 0x7F
    while left >= 0x80:  # noqa: PLR2004 (of seven bits)
        octets.append(left & 0x7F | 0x80)
        left >>= 7
    octets.append(left)
    return bytes(octets) + text
