"""Sorted tables of keys and values, as LevelDB keeps them and checkpoints have as their index.

Source: tensorflow/core/lib/io/format.cc and table_format.txt of LevelDB.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.artifact.protobuf import varint
from keramos.artifact.tensor_bundle.crc32c import masked_crc32c
from keramos.artifact.tensor_bundle.snappy import unpacked
from keramos.errors import CorruptModelError, LimitExceededError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keramos.artifact.limits import Limits

MAGIC = 0xDB4775248B80FB57.to_bytes(8, "little")
"""How a table ends."""

_FOOTER, _TRAILER, _WORD = 48, 5, 4
_PLAIN, _SNAPPY = 0, 1
_PACKED_BYTES = 32
"""Of the limit ``structure_bytes``, what each byte of a packed block counts for at least: two of
them are a step of unpacking.
"""


def read_table(data: bytes, where: str, limits: Limits) -> dict[bytes, bytes]:
    """All keys of a table with their values, in order.

    Raises:
        CorruptModelError: it is cut, damaged, or its keys do not ascend.
        LimitExceededError: it has more keys than ``objects``, or more bytes of keys and values than
            ``structure_bytes``.
    """
    found: dict[bytes, bytes] = {}
    last, spent = None, 0
    for block in _blocks(data, where, limits):
        for key, value in _entries(block, where):
            if last is not None and key <= last:
                raise CorruptModelError(
                    "the keys of the table do not ascend", received=repr(key[:80]), path=where
                )
            last, found[key] = key, value
            spent += len(key) + len(value)
            if len(found) > limits.objects or spent > limits.structure_bytes:
                raise LimitExceededError(
                    f"the table has more than {limits.objects:,} keys (objects) or "
                    f"{limits.structure_bytes:,} bytes (structure_bytes)",
                    path=where,
                )
    return found


def _blocks(data: bytes, where: str, limits: Limits) -> Iterator[bytes]:
    """The blocks of data that the index names."""
    if data[-8:] != MAGIC or len(data) < _FOOTER:
        raise CorruptModelError(
            "the index of the checkpoint is cut or is not one",
            received=f"{len(data):,} bytes that end with {data[-8:]!r}",
            path=where,
        )
    footer = data[-_FOOTER:]
    _, at = _handle(footer, 0, where)
    index, _ = _handle(footer, at, where)
    left, before = limits.structure_bytes, 0
    for _, value in _entries(_block(data, index, where, left), where):
        begin, size = handle = _handle(value, 0, where)[0]
        if begin < before:
            raise CorruptModelError("blocks of the table overlap", path=where)
        before = begin + size
        block = _block(data, handle, where, left)
        packed = data[before] == _SNAPPY
        left -= max(len(block), size * _PACKED_BYTES) if packed else len(block)
        yield block


def _handle(data: bytes, at: int, where: str) -> tuple[tuple[int, int], int]:
    """Where a block begins and its size, and the place behind both."""
    begin, at = varint(data, at, where)
    size, at = varint(data, at, where)
    return (begin, size), at


def _block(data: bytes, handle: tuple[int, int], where: str, most: int) -> bytes:
    """The content of one block, once its checksum is right."""
    begin, size = handle
    end = begin + size
    if end + _TRAILER > len(data) - _FOOTER:
        raise CorruptModelError(
            f"a block of the table ends behind its file of {len(data):,} bytes",
            received=f"byte {end:,}",
            path=where,
        )
    kind, checksum = data[end], int.from_bytes(data[end + 1 : end + _TRAILER], "little")
    if masked_crc32c(data[begin : end + 1]) != checksum:
        raise CorruptModelError("the checksum of a block of the table is wrong", path=where)
    if kind not in (_PLAIN, _SNAPPY):
        raise CorruptModelError(
            "the block of the table is packed in an unknown way", received=str(kind), path=where
        )
    if (size * _PACKED_BYTES if kind == _SNAPPY else size) > most:
        raise LimitExceededError(
            f"the blocks of the table have more than {most:,} bytes left of the limit "
            "(structure_bytes)",
            received=f"{size:,}",
            path=where,
        )
    if kind == _SNAPPY:
        return unpacked(data[begin:end], most, where)
    return data[begin:end]


def _entries(block: bytes, where: str) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of one block; a key repeats the first bytes of the key before it."""
    restarts = int.from_bytes(block[-_WORD:], "little")
    end = len(block) - _WORD * (restarts + 1)
    if end < 0 or len(block) < _WORD:
        raise CorruptModelError(
            "a block of the table has more restarts than bytes",
            received=f"{restarts:,}",
            path=where,
        )
    at, key = 0, b""
    while at < end:
        shared, at = varint(block, at, where)
        own, at = varint(block, at, where)
        size, at = varint(block, at, where)
        if shared > len(key) or own + size > end - at:
            raise CorruptModelError("an entry of the table is cut", path=where)
        key = key[:shared] + block[at : at + own]
        at += own
        yield key, block[at : at + size]
        at += size
