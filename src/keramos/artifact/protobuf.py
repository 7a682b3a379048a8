"""Protocol Buffers messages by field numbers, read without their classes and within bounds.

Source: protobuf.dev/programming-guides/encoding. Fields that nobody asks for are skipped; a message
inside a message is parsed when it is asked for.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, NamedTuple

from keramos.errors import CorruptModelError, LimitExceededError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from keramos.artifact.limits import Limits

_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5
_SIZES = {_FIXED_64: 8, _FIXED_32: 4}
_WITH_BYTES = (_BYTES, _FIXED_32, _FIXED_64)
_MORE = 0x80
"""Bytes of a varint below this are its last."""

_LONGEST = 10  # bytes of a varint of 64 bits
_BITS = 1 << 64
_NUMBER = re.compile(rb"[\x10\x18\x20\x28][\0-\x7f]")
"""A number of one byte in one of the fields 2 to 5."""

_FIRST, _SECOND = 1 << 3 | _BYTES, [bytes((2 << 3 | _BYTES, size)) for size in range(_MORE)]
"""The head of field 1 that holds bytes, and that of field 2 with each length of one byte."""

_LARGE = 1 << 14
"""From here on bytes stay where they are until somebody asks for them: graphs nest in several
messages, and each would be copied once for each of them.
"""

_FIELD_BYTES = 64
"""Of the limit ``structure_bytes``, what each field counts for."""


class Budget:
    """How many fields may still be read; the messages of one file share it."""

    def __init__(self, limits: Limits, where: str) -> None:
        """``where`` names the file in messages."""
        self.where = where
        self._left = limits.structure_bytes // _FIELD_BYTES

    def spend(self, number: int) -> None:
        """Count fields.

        Raises:
            LimitExceededError: there are more than the limit allows.
        """
        self._left -= number
        if self._left < 0:
            raise LimitExceededError(
                f"the messages have more than one field for each {_FIELD_BYTES} bytes of the limit "
                "(structure_bytes)",
                path=self.where,
            )


class Span(NamedTuple):
    """Bytes that lie in longer ones."""

    whole: bytes
    begin: int
    end: int

    def bytes(self) -> bytes:
        """A copy of them."""
        return self.whole[self.begin : self.end]


Value = int | bytes | Span


class Message:
    """One message. Fields are asked for by number; the last of a repeated scalar counts."""

    __slots__ = ("_fields", "budget")

    def __init__(self, data: bytes | Span, budget: Budget) -> None:
        """Read the fields of ``data``.

        Raises:
            CorruptModelError: it is cut, or is not a message.
            LimitExceededError: ``budget`` is spent.
        """
        self.budget = budget
        self._fields = _fields(data, budget)

    def has(self, number: int) -> bool:
        """Whether the field is there."""
        return number in self._fields

    def number(self, number: int) -> int:
        """A varint of 64 bits, 0 where it is absent."""
        value = self._last(number, 0)
        if not isinstance(value, int):
            raise self._unlike(number, "a number")
        return value

    def signed(self, number: int) -> int:
        """An int64, 0 where it is absent."""
        return _signed(self.number(number))

    def fixed32(self, number: int) -> int | None:
        """A little-endian number of four bytes."""
        value = self._last(number, b"")
        if not value:
            return None
        if not isinstance(value, bytes) or len(value) != _SIZES[_FIXED_32]:
            raise self._unlike(number, "four bytes")
        return int.from_bytes(value, "little")

    def data(self, number: int) -> bytes:
        """Bytes, none where the field is absent."""
        value = self._last(number, b"")
        if isinstance(value, int):
            raise self._unlike(number, "bytes")
        return value if isinstance(value, bytes) else value.bytes()

    def text(self, number: int) -> str:
        """UTF-8 text, empty where the field is absent."""
        values = self._fields.get(number)
        if values is None:
            return ""
        value = values[-1]
        if isinstance(value, bytes) and value.isascii():
            return value.decode()
        return self._text(number, value)

    def texts(self, number: int) -> list[str]:
        """A repeated text."""
        return [self._text(number, value) for value in self._fields.get(number, ())]

    def message(self, number: int) -> Message:
        """A message inside, empty where the field is absent; parts of it are joined."""
        parts = self.parts(number)
        one = parts[0] if len(parts) == 1 else b"".join(self.many(number))
        return Message(one, self.budget)

    def messages(self, number: int) -> Iterator[Message]:
        """A repeated message."""
        return (Message(data, self.budget) for data in self.parts(number))

    def many(self, number: int) -> list[bytes]:
        """A repeated field of bytes."""
        found = self.parts(number)
        return [one.bytes() if isinstance(one, Span) else one for one in found]

    def parts(self, number: int) -> list[bytes | Span]:
        """A repeated field of bytes; long ones stay where they are."""
        values = self._fields.get(number, ())
        found = [value for value in values if not isinstance(value, int)]
        if len(found) != len(values):
            raise self._unlike(number, "bytes")
        return found

    def mapped(self, number: int) -> dict[str, Message]:
        """A map of texts to messages.

        Raises:
            CorruptModelError: a key stands twice.
        """
        return {key: Message(value, self.budget) for key, value in self.entries(number).items()}

    def entries(self, number: int) -> dict[str, bytes]:
        """A map of texts to messages that stay unread.

        Raises:
            CorruptModelError: a key stands twice.
        """
        return entries(self.parts(number), self.budget)

    def first_texts(self, number: int) -> list[str]:
        """The text in field 1 of each message of a repeated field."""
        return [_first_text(data, self.budget) for data in self.parts(number)]

    def entry_texts(self, number: int) -> dict[str, str]:
        """A map of texts to texts; the last entry of a key counts."""
        found: dict[str, str] = {}
        for data in self.parts(number):
            key, value = _usual_entry(data) or ("", b"\x80")
            if value.isascii():
                found[key] = value.decode()
            else:
                entry = Message(data, self.budget)
                found[entry.text(1)] = entry.text(2)
        self.budget.spend(len(found))
        return found

    def numbers(self, number: int) -> list[int]:
        """A repeated int64, packed or not."""
        found: list[int] = []
        for value in self._fields.get(number, ()):
            if isinstance(value, int):
                found.append(_signed(value))
                continue
            packed, at = value if isinstance(value, bytes) else value.bytes(), 0
            while at < len(packed):
                self.budget.spend(1)
                one, at = varint(packed, at, self.budget.where)
                found.append(_signed(one))
        return found

    def floats(self, number: int) -> list[float]:
        """A repeated float, packed or not."""
        packed = b"".join(self.many(number))
        if len(packed) % 4:
            raise self._unlike(number, "numbers of four bytes")
        return list(struct.unpack(f"<{len(packed) // 4}f", packed))

    def _text(self, number: int, value: Value) -> str:
        if isinstance(value, int):
            raise self._unlike(number, "bytes")
        return _text(value if isinstance(value, bytes) else value.bytes(), self.budget.where)

    def _last(self, number: int, default: int | bytes) -> Value:
        values = self._fields.get(number)
        return values[-1] if values else default

    def _unlike(self, number: int, kind: str) -> CorruptModelError:
        return CorruptModelError(
            f"field {number} of a message is not {kind}", path=self.budget.where
        )


def varint(data: bytes, at: int, where: str) -> tuple[int, int]:
    """The number at a place, and the place behind it.

    Raises:
        CorruptModelError: it is cut, or has more than 64 bits.
    """
    value = 0
    for place in range(_LONGEST):
        if at + place >= len(data):
            break
        byte = data[at + place]
        value |= (byte & 0x7F) << 7 * place
        if byte < _MORE:
            return value % _BITS, at + place + 1
    raise CorruptModelError(f"the number at byte {at:,} is cut or too long", path=where)


def _fields(message: bytes | Span, budget: Budget) -> dict[int, list[Value]]:
    """Field number -> its values in order: numbers of varints, bytes of everything else.

    Models hold tens of thousands of fields, most with numbers of one byte, which are read here.
    """
    found: dict[int, list[Value]] = {}
    data, at, end = message if isinstance(message, Span) else (message, 0, len(message))
    where, count = budget.where, 0
    value: Value
    while at < end:
        tag = data[at]
        at += 1
        if tag >= _MORE:
            tag, at = varint(data, at - 1, where)
        wire, number = tag & 7, tag >> 3
        if wire in _SIZES:
            size = _SIZES[wire]
        elif at < end and data[at] < _MORE:
            size = data[at]
            at += 1
        else:
            size, at = varint(data, at, where)
        if wire == _VARINT:
            value = size
        elif wire not in _WITH_BYTES or not number or size > end - at:
            raise _cut(tag, size, end - at, where)
        else:
            value = data[at : at + size] if size < _LARGE else Span(data, at, at + size)
            at += size
        if number in found:
            found[number].append(value)
        else:
            found[number] = [value]
        count += 1
        if not count & 0xFFF:
            budget.spend(0x1000)
    if at > end:  # a number goes on behind the message, in the one that holds it
        raise _cut(tag, 0, end - at, where)
    budget.spend(count & 0xFFF)
    return found


def entries(parts: Sequence[bytes | Span], budget: Budget) -> dict[str, bytes]:
    """The keys of a map with their values, unread, by the messages of its entries.

    Raises:
        CorruptModelError: a key stands twice.
    """
    found: dict[str, bytes] = {}
    for data in parts:
        key, value = _usual_entry(data) or _any_entry(Message(data, budget))
        if key in found:
            raise CorruptModelError("a map has one key twice", received=key, path=budget.where)
        found[key] = value
    budget.spend(len(found))
    return found


def _first_text(data: bytes | Span, budget: Budget) -> str:
    """The text in field 1 of a message; nothing else is read where at most a number of one byte
    stands behind it, as in the arguments of functions.
    """
    if not isinstance(data, Span) and len(data) > 1 and data[0] == _FIRST and data[1] < _MORE:
        end = 2 + data[1]
        name, rest = data[2:end], data[end:]
        if end <= len(data) and name.isascii() and (not rest or _NUMBER.fullmatch(rest)):
            budget.spend(1)
            return name.decode()
    return Message(data, budget).text(1)


def _usual_entry(data: bytes | Span) -> tuple[str, bytes] | None:
    """Key and value of a short entry of a map as every writer puts them, at a fraction of the time
    that a message takes: graphs have thousands of attributes. None for others.
    """
    if isinstance(data, Span) or not 4 <= len(data) < _MORE or data[0] != _FIRST:  # noqa: PLR2004 (two heads)
        return None
    end = 2 + data[1]
    key, value = data[2:end], data[end + 2 :]
    if data[end : end + 2] != _SECOND[len(value)]:
        return None
    return (key.decode(), value) if key.isascii() else None


def _any_entry(entry: Message) -> tuple[str, bytes]:
    return entry.text(1), b"".join(entry.many(2))


def _cut(tag: int, size: int, left: int, where: str) -> CorruptModelError:
    return CorruptModelError(
        f"field {tag >> 3} of a message is cut, or its type does not exist",
        received=f"wire type {tag & 7}, {size:,} bytes of {left:,}",
        path=where,
    )


def _signed(value: int) -> int:
    return value - _BITS if value >> 63 else value


def _text(data: bytes, where: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise CorruptModelError(
            "a text is not UTF-8", received=repr(data[:40]), path=where
        ) from None
