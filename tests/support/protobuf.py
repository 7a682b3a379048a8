"""Protocol Buffers messages as lists of fields, for tests that change what is in a file."""

from __future__ import annotations


def number(value):
    """A varint."""
    found = bytearray()
    while value >= 0x80:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def field(at, value):
    """One field: a number, or bytes."""
    if isinstance(value, int):
        return number(at << 3) + number(value)
    return number(at << 3 | 2) + number(len(value)) + value


def parsed(data):
    """(number, value) of each field; those of fixed size are left out."""
    found, at = [], 0
    while at < len(data):
        tag, at = _number(data, at)
        kind = tag & 7
        if kind == 0:
            value, at = _number(data, at)
        else:
            size, at = _number(data, at) if kind == 2 else ({1: 8, 5: 4}[kind], at)
            value, at = data[at : at + size], at + size
        if kind in (0, 2):
            found.append((tag >> 3, value))
    return found


def written(fields):
    """The message of some fields."""
    return b"".join(field(at, value) for at, value in fields)


def _number(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
