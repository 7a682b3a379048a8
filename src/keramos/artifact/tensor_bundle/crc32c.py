"""CRC-32C (Castagnoli), by which checkpoints seal their blocks and tensors.

A checksum is the remainder of the bytes, read as a polynomial over bits, so bytes may be moved
along a multiple of the divisor that has few terms: NumPy does that for thousands of bytes at once.
What is left is looked up in tables, one for each distance from the end. Polynomial and masking:
tensorflow/core/lib/hash/crc32c.h.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Words = NDArray[np.uint32]
    Bytes = NDArray[np.uint8]

_POLYNOMIAL = 0x82F63B78
_ALL = 0xFFFFFFFF
_MASK = 0xA282EAD8
_WORD = 4
_FAR = 6777
"""x ** (8 * 6777) = x ** (8 * 484) + x ** (8 * 100) + 1 modulo the polynomial."""

_MOVES = (_FAR - 484, _FAR - 100, _FAR)
_ROW = 128  # bytes that are looked up side by side
_PLACES = np.arange(_ROW - 1, -1, -1) * 256
"""Where the table of each byte of a row begins."""

_SEGMENT = 1 << 20


def masked_crc32c(data: bytes | memoryview) -> int:
    """The checksum of some bytes in the masked form that files hold."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + _MASK) & _ALL


def crc32c(data: bytes | memoryview) -> int:
    """The checksum of some bytes."""
    if len(data) > _ROW:
        return _looked_up(_folded(data)) ^ _ALL
    register, table = _ALL, _byte_table()
    for byte in bytes(data):
        register = register >> 8 ^ table[(register ^ byte) & 0xFF]
    return register ^ _ALL


def _folded(data: bytes | memoryview) -> Bytes:
    """At most ``_FAR`` bytes with the remainder of all; a register that begins with all bits set
    is one that begins empty, with the first four bytes changed.
    """
    left: Bytes = np.frombuffer(data[:_WORD], np.uint8) ^ np.uint8(0xFF)
    for begin in range(_WORD, len(data), _SEGMENT):
        left = np.concatenate([left, np.frombuffer(data[begin : begin + _SEGMENT], "u1")])
        at = 0
        while (more := len(left) - _FAR - at) > 0:
            step = min(more, _MOVES[0])
            for move in _MOVES:
                left[at + move : at + move + step] ^= left[at : at + step]
            at += step
        left = left[at:]
    return left


def _looked_up(data: Bytes) -> int:
    """The register after some bytes, begun empty; zeros in front change nothing."""
    tables, (low, second, third, high) = _tables()
    rows = np.zeros(-(-len(data) // _ROW) * _ROW, "u1")
    rows[len(rows) - len(data) :] = data
    places = rows.reshape(-1, _ROW) + _PLACES
    register = 0
    for row in np.bitwise_xor.reduce(tables.take(places), axis=1).tolist():
        register = (
            low[register & 0xFF]
            ^ second[register >> 8 & 0xFF]
            ^ third[register >> 16 & 0xFF]
            ^ high[register >> 24]
            ^ row
        )
    return int(register)


@cache
def _tables() -> tuple[Words, list[list[int]]]:
    """What a byte does to an empty register, by how many zeros follow it; and the last of these
    tables, which move a whole register behind the zeros of a row.
    """
    tables = _bytes()[None]
    while len(tables) < _WORD:
        last = tables[-1]
        tables = np.concatenate([tables, [last >> 8 ^ tables[0][last & 0xFF]]])
    while len(tables) < _ROW:
        low, second, third, high = tables[: -_WORD - 1 : -1]
        moved = low[tables & 0xFF] ^ second[tables >> 8 & 0xFF]
        moved ^= third[tables >> 16 & 0xFF] ^ high[tables >> 24]
        tables = np.concatenate([tables, moved])
    return tables, tables[: -_WORD - 1 : -1].tolist()


@cache
def _byte_table() -> list[int]:
    return [int(value) for value in _bytes()]


def _bytes() -> Words:
    """What one byte does to an empty register."""
    table = np.arange(256, dtype="u4")
    for _ in range(8):
        table = np.where(table & 1, table >> 1 ^ _POLYNOMIAL, table >> 1).astype("u4")
    return table
