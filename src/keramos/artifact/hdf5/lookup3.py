"""Bob Jenkins' lookup3 hash (``hashlittle`` with initial value 0), by which HDF5 seals its newer
structures.
"""

from __future__ import annotations

import struct

_MASK = 0xFFFFFFFF
_START = 0xDEADBEEF
_BLOCK = 12


def lookup3(data: bytes) -> int:
    """The 32-bit hash of some bytes. Source: burtleburtle.net/bob/c/lookup3.c, little-endian
    form.
    """
    a = b = c = (_START + len(data)) & _MASK
    if not data:
        return c
    padded = data + bytes(-len(data) % _BLOCK)
    for k0, k1, k2 in struct.iter_unpack("<III", padded[:-_BLOCK]):
        b = b + k1 & _MASK
        c = c + k2 & _MASK
        a = (a + k0 - c & _MASK) ^ (c << 4 & _MASK | c >> 28)
        c = c + b & _MASK
        b = (b - a & _MASK) ^ (a << 6 & _MASK | a >> 26)
        a = a + c & _MASK
        c = (c - b & _MASK) ^ (b << 8 & _MASK | b >> 24)
        b = b + a & _MASK
        a = (a - c & _MASK) ^ (c << 16 & _MASK | c >> 16)
        c = c + b & _MASK
        b = (b - a & _MASK) ^ (a << 19 & _MASK | a >> 13)
        a = a + c & _MASK
        c = (c - b & _MASK) ^ (b << 4 & _MASK | b >> 28)
        b = b + a & _MASK
    k0, k1, k2 = struct.unpack("<III", padded[-_BLOCK:])
    return _final(a + k0 & _MASK, b + k1 & _MASK, c + k2 & _MASK)


def _final(a: int, b: int, c: int) -> int:
    c = (c ^ b) - _rotated(b, 14) & _MASK
    a = (a ^ c) - _rotated(c, 11) & _MASK
    b = (b ^ a) - _rotated(a, 25) & _MASK
    c = (c ^ b) - _rotated(b, 16) & _MASK
    a = (a ^ c) - _rotated(c, 4) & _MASK
    b = (b ^ a) - _rotated(a, 14) & _MASK
    return (c ^ b) - _rotated(b, 24) & _MASK


def _rotated(value: int, by: int) -> int:
    return value << by & _MASK | value >> 32 - by
