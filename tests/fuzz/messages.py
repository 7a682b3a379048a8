"""Protocol Buffers messages as trees of fields: changed at random while they stay well formed.

A field is [number, wire type, value]; the value is a number, bytes, or the fields of a message
inside. What is a message and what is a text is guessed by reading it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from keramos.compile.tensorflow_graph.table import ROWS
from support.protobuf import number

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    Field = list[object]
    Place = tuple[list[Field], int]

_DEEPEST = 14
_FIXED = {1: 8, 5: 4}
NUMBERS = (0, 1, 2, 3, 7, 9, 19, 20, 127, 1 << 14, 1 << 31, (1 << 32) - 1, (1 << 64) - 1)
WORDS = (b"", b"x", b"y", b"x:0", b"^x", b"x:1", b"value", b"f", b"serve", b"SAME", b"NHWC", b"/")


def changed_message(seeds: list[bytes], data: bytes, draw: random.Random) -> bytes:
    """A message with one to four random changes; ``seeds`` are messages that parts are taken
    from.
    """
    box = fields_of(data)
    if not box:
        box = fields_of(draw.choice(seeds)) or []
    other = list(_places(_tree(draw.choice(seeds))))
    for _ in range(draw.choice((1, 1, 1, 2, 2, 3, 4))):
        found = list(_places(box))
        if not found:
            break
        fields, at = draw.choice(found)
        draw.choice(_CHANGES)(fields, at, draw, [*found, *other])
    return encoded(box)


@cache
def _tree(data: bytes) -> list[Field]:
    return fields_of(data) or []


def fields_of(data: bytes, depth: int = 0) -> list[Field] | None:
    """The fields of a message; None where the bytes are not one."""
    found: list[Field] = []
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        wire = tag & 7
        size = _FIXED.get(wire, 0)
        if wire in (0, 2):
            size, at = _varint(data, at)
        if at < 0 or tag < 8 or wire not in (0, 1, 2, 5) or (wire and size > len(data) - at):
            return None
        if wire == 0:
            found.append([tag >> 3, wire, size])
            continue
        found.append([tag >> 3, wire, _value(data[at : at + size], wire, depth)])
        at += size
    return found


def _value(data: bytes, wire: int, depth: int) -> object:
    """Bytes, or the message that they are."""
    text = data.isascii() and data.decode().isprintable()
    if wire != 2 or text or depth > _DEEPEST:
        return data
    return fields_of(data, depth + 1) or data


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number and the place behind it, which is below 0 where it is cut."""
    value = 0
    for place, byte in enumerate(data[at : at + 10]):
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value, at + place + 1
    return 0, -len(data) - 16


def encoded(fields: list[Field]) -> bytes:
    """The bytes of a message."""
    return b"".join(_encoded(*field) for field in fields)  # type: ignore[arg-type]


def _encoded(at: int, wire: int, value: object) -> bytes:
    head = number(at << 3 | wire)
    if isinstance(value, int):
        return head + number(value)
    data = encoded(value) if isinstance(value, list) else bytes(value)  # type: ignore[call-overload]
    return head + (number(len(data)) if wire == 2 else b"") + data


def _places(fields: list[Field]) -> Iterator[Place]:
    """Every field at any depth."""
    for at, field in enumerate(fields):
        yield fields, at
        if isinstance(field[2], list):
            yield from _places(field[2])


def _copied(field: Field) -> Field:
    at, wire, value = field
    return [at, wire, [_copied(one) for one in value] if isinstance(value, list) else value]


def _drop(fields: list[Field], at: int, _draw: random.Random, _all: list[Place]) -> None:
    del fields[at]


def _again(fields: list[Field], at: int, _draw: random.Random, _all: list[Place]) -> None:
    fields.insert(at, _copied(fields[at]))


def _same(fields: list[Field], at: int, draw: random.Random, places: list[Place]) -> None:
    """What another field of the number holds: names, shapes and types stay plausible."""
    like = [(a, i) for a, i in places if i < len(a) and a[i][:2] == fields[at][:2]]
    if like:
        other, place = draw.choice(like)
        fields[at] = _copied(other[place])


def _other(fields: list[Field], at: int, draw: random.Random, _all: list[Place]) -> None:
    """Another number or text."""
    field = fields[at]
    if isinstance(field[2], int):
        field[2] = draw.choice((*NUMBERS, field[2] + 1, max(field[2] - 1, 0)))
    elif isinstance(field[2], bytes):
        field[2] = draw.choice((draw.choice(WORDS), _flipped(field[2], draw), _operation(draw)))
        field[2] = field[2][: _FIXED.get(field[1], 64)].ljust(_FIXED.get(field[1], 0), b"\0")


def _operation(draw: random.Random) -> bytes:
    return draw.choice(_OPERATIONS)


_OPERATIONS = [name.encode() for name in sorted(ROWS)]


def _flipped(data: bytes, draw: random.Random) -> bytes:
    found = bytearray(data or b"\0")
    found[draw.randrange(len(found))] = draw.randrange(256)
    return bytes(found)


def _moved(fields: list[Field], at: int, draw: random.Random, _all: list[Place]) -> None:
    """Another field number."""
    fields[at] = [draw.randrange(1, 15), *fields[at][1:]]


_CHANGES = (_drop, _again, _same, _same, _same, _other, _other, _other, _moved)
