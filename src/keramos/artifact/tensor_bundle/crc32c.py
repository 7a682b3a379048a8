"""CRC-32C (Castagnoli), by which checkpoints seal their blocks and tensors.

Many pieces of equal length are computed side by side by NumPy and then joined: Python alone would
take a second for five megabytes. Polynomial and masking: tensorflow/core/lib/hash/crc32c.h.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Words = NDArray[np.uint32]

_POLYNOMIAL = 0x82F63B78
_ALL = 0xFFFFFFFF
_STEPS = 512  # bytes of a piece
_MANY = 1 << 14
"""Bytes from which on the fixed cost of computing side by side is repaid."""

_MASK = 0xA282EAD8


def masked_crc32c(data: bytes | memoryview) -> int:
    """The checksum of some bytes in the masked form that files hold."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + _MASK) & _ALL


def crc32c(data: bytes | memoryview) -> int:
    """The checksum of some bytes."""
    pieces = len(data) // _STEPS if len(data) >= _MANY else 0
    register = _after(data, pieces) if pieces else _ALL
    table = _table()[1]
    for byte in bytes(data[pieces * _STEPS :]):
        register = register >> 8 ^ table[(register ^ byte) & 0xFF]
    return register ^ _ALL


def _after(data: bytes | memoryview, pieces: int) -> int:
    """The register after some pieces, begun with all bits set."""
    rows = np.frombuffer(data, "<u2", pieces * _STEPS // 2).reshape(pieces, _STEPS // 2)
    columns = np.array(rows.T, order="C")
    # A register that begins with bits set is one that begins empty, with the first bytes changed.
    columns[:2, 0] ^= 0xFFFF
    table, registers = _table_of_two(), np.zeros(pieces, "u4")
    for column in columns:
        registers = registers >> 16 ^ table[(registers & 0xFFFF) ^ column]
    level = 0
    while len(registers) > 1:
        # An empty piece in front changes nothing.
        even = np.concatenate([np.zeros(len(registers) % 2, "u4"), registers])
        registers = _moved(_shift(level), even[::2]) ^ even[1::2]
        level += 1
    return int(registers[0])


def _moved(tables: Words, registers: Words) -> Words:
    """Registers after zero bytes, whose effect on each byte of a register is a table."""
    low, second, third, high = (
        table[registers >> 8 * place & 0xFF] for place, table in enumerate(tables)
    )
    found: Words = low ^ second ^ third ^ high
    return found


@cache
def _shift(level: int) -> Words:
    """Four tables: what 2 ** level pieces of zeros do to each byte of a register."""
    values = np.arange(256, dtype="u4")
    registers = np.stack([values << 8 * place for place in range(4)]).astype("u4")
    if level:
        before = _shift(level - 1)
        return _moved(before, _moved(before, registers))
    table = _table()[0]
    for _ in range(_STEPS):
        registers = registers >> 8 ^ table[registers & 0xFF]
    return registers


@cache
def _table() -> tuple[Words, list[int]]:
    """What one byte does to an empty register, as an array and as a list."""
    table = np.arange(256, dtype="u4")
    for _ in range(8):
        table = np.where(table & 1, table >> 1 ^ _POLYNOMIAL, table >> 1).astype("u4")
    return table, [int(value) for value in table]


@cache
def _table_of_two() -> Words:
    """What two bytes do to an empty register."""
    table, registers = _table()[0], np.arange(1 << 16, dtype="u4")
    for _ in range(2):
        registers = registers >> 8 ^ table[registers & 0xFF]
    return registers
