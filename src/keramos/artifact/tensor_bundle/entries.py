"""What an index says of each tensor: where it lies, its type and shape; keys of parts of tensors.

Source: tensorflow/core/protobuf/tensor_bundle.proto and core/util/saved_tensor_slice_util.cc.
"""

from __future__ import annotations

import re
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from keramos.artifact.protobuf import Message
from keramos.artifact.tensor_bundle.data_types import BYTES, STRING
from keramos.errors import CorruptModelError, UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.artifact.protobuf import Budget

_BYTE = 8
_SMALL = 64  # numbers below it and their negatives take one byte
_MAX_RANK = 32
_LARGEST = 1 << 62
_SLICED, _LENGTH = 7, 2

_SIZE = re.compile(rb"\x12(?:\x02\x08([\0-\x7f])|\x03\x08([\x80-\xff])([\0-\x7f]))")
"""A size of a shape: a number of one byte or two, in a message."""

Extent = tuple[int, int]
"""First place along an axis and how many; -1 for all of them."""


class Entry(NamedTuple):
    """A tensor in the index. ``slices`` lists its parts where each has an entry of its own."""

    dtype: int
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int
    checksum: int | None
    slices: tuple[tuple[Extent, ...], ...] = ()


def read_entry(data: bytes, key: str, budget: Budget) -> Entry:
    """One BundleEntryProto.

    Raises:
        CorruptModelError: its numbers contradict each other.
        UnsupportedModelError: its type is not one of numbers or texts.
    """
    message = Message(data, budget)
    entry = Entry(
        message.number(1),
        read_shape(message, 2, key),
        message.number(3),
        message.number(4),
        message.number(5),
        message.fixed32(6),
        tuple(_slice(part) for part in message.messages(_SLICED)),
    )
    if entry.dtype not in BYTES and entry.dtype != STRING:
        raise UnsupportedModelError(
            "the tensor has a type that is neither a number nor a text",
            received=f"DataType {entry.dtype}",
            path=key,
        )
    if entry.dtype != STRING and not entry.slices and entry.size != byte_size(entry):
        raise CorruptModelError(
            f"the tensor of shape {entry.shape} needs {byte_size(entry):,} bytes",
            received=f"{entry.size:,}",
            path=key,
        )
    return entry


def byte_size(entry: Entry) -> int:
    """Bytes of a tensor of numbers."""
    return prod(entry.shape) * BYTES[entry.dtype].itemsize


def read_shape(holder: Message, field: int, key: str) -> tuple[int, ...]:
    """The TensorShapeProto in a field, whose sizes are all known.

    Raises:
        CorruptModelError: a size is negative, or the shape is larger than any tensor.
    """
    data = b"".join(holder.many(field))
    shape = _usual_sizes(data)
    if shape is None:
        shape = tuple(dim.signed(1) for dim in Message(data, holder.budget).messages(2))
    if len(shape) > _MAX_RANK or any(size < 0 for size in shape) or prod(shape) > _LARGEST:
        raise CorruptModelError(
            "the shape is not that of a tensor", received=str(shape)[:80], path=key
        )
    return shape


def _usual_sizes(data: bytes) -> tuple[int, ...] | None:
    """Sizes below 2 ** 14 as every writer puts them, at a fraction of the time that messages take.
    None for others.
    """
    found, end = [], 0
    for one, low, high in _SIZE.findall(data):
        found.append(one[0] if one else low[0] & 0x7F | high[0] << 7)
        end += 4 if one else 5
    return tuple(found) if end == len(data) else None


def _slice(message: Message) -> tuple[Extent, ...]:
    return tuple(
        (extent.signed(1), extent.signed(_LENGTH) if extent.has(_LENGTH) else -1)
        for extent in message.messages(1)
    )


def slice_key(name: str, extents: Sequence[Extent]) -> bytes:
    """The key under which the index has a part of a tensor (``EncodeTensorNameSlice``)."""
    text = name.encode().replace(b"\xff", b"\xff\0").replace(b"\0", b"\0\xff")
    parts = [_ordered(0), text + b"\0\1", _ordered(len(extents))]
    parts += [_signed(number) for extent in extents for number in extent]
    return b"".join(parts)


def _ordered(number: int) -> bytes:
    """A count, so that texts of it sort as numbers do: its length, then its bytes."""
    size = (number.bit_length() + _BYTE - 1) // _BYTE
    return bytes([size]) + number.to_bytes(size, "big")


def _signed(number: int) -> bytes:
    """A signed number, so that texts of it sort as numbers do: leading ones count its bytes."""
    size = (~number if number < 0 else number).bit_length() // 7 + 1
    data = bytearray(number.to_bytes(size + 2, "big", signed=True)[2:])
    if size == 1:
        return bytes([data[0] ^ 0x80])
    header = (0xFFFF << (16 - size)) & 0xFFFF
    data[0] ^= header >> _BYTE
    data[1] ^= header & 0xFF
    return bytes(data)
