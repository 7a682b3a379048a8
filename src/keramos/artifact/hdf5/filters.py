"""The filters that HDF5 itself brings: deflate, shuffle, Fletcher-32 (specification IV.A.2.l)."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keramos.errors import CorruptModelError, LimitExceededError, UnsafeModelError

if TYPE_CHECKING:
    from keramos.artifact.hdf5.image import Cursor, Image

_DEFLATE, _SHUFFLE, _FLETCHER32 = 1, 2, 3
_FIRST_NAMED = 256  # newer messages give names only to filters from this number on
_WORDS = 1 << 15
_MODULUS = 65_535
_SUM_BYTES = 4


class Filter(NamedTuple):
    """A step that every chunk went through when it was written."""

    number: int
    values: tuple[int, ...]


def pipeline(image: Image, body: bytes) -> tuple[Filter, ...]:
    """The filters of a dataset in the order of writing.

    Raises:
        UnsafeModelError: one of them needs a plug-in.
        CorruptModelError: the message is damaged.
    """
    cursor = image.cursor(body, "filter message")
    version, count = cursor.uint(1), cursor.uint(1)
    if version not in (1, 2):
        raise CorruptModelError(
            "the filter message has an unknown version; 1 and 2 are known",
            received=str(version),
        )
    cursor.skip(6 if version == 1 else 0)
    found = tuple(_filter(cursor, version) for _ in range(count))
    numbers = [step.number for step in found]
    foreign = next((number for number in numbers if number not in _UNDO), None)
    if foreign is not None:
        raise UnsafeModelError(
            f"the dataset uses HDF5 filter {foreign}, which is not one of Keras'"
        )
    if len(set(numbers)) != len(numbers):
        raise UnsafeModelError(
            "the dataset passes through a filter twice, which Keras never does",
            received=f"filters {numbers}",
        )
    return found


def _filter(cursor: Cursor, version: int) -> Filter:
    number = cursor.uint(2)
    named = cursor.uint(2) if version == 1 or number >= _FIRST_NAMED else 0
    cursor.skip(2)
    count = cursor.uint(2)
    cursor.skip(named + (-named % 8 if version == 1 else 0))
    values = tuple(cursor.uint(4) for _ in range(count))
    cursor.skip(4 if version == 1 and count % 2 else 0)
    return Filter(number, values)


def undo(data: memoryview, steps: tuple[Filter, ...], mask: int, size: int) -> memoryview:
    """The values of a chunk of ``size`` bytes; bit i of ``mask`` says that step i was left out.

    Raises:
        CorruptModelError: the chunk is damaged, or has another size.
        LimitExceededError: it inflates to more than its size.
    """
    for place in reversed(range(len(steps))):
        if not mask >> place & 1:
            step = steps[place]
            data = _UNDO[step.number](data, step, size)
    if len(data) != size:
        raise CorruptModelError(
            f"a chunk of the dataset has another size than {size:,} bytes",
            received=f"{len(data):,}",
        )
    return data


def _inflate(data: memoryview, _step: Filter, size: int) -> memoryview:
    stream = zlib.decompressobj()
    try:
        found = stream.decompress(data, size + _SUM_BYTES + 1)
    except zlib.error as error:
        raise CorruptModelError(f"a chunk of the dataset is damaged: {error}") from None
    if len(found) > size + _SUM_BYTES:
        raise LimitExceededError(
            f"a chunk of the dataset unpacks to more than the {size:,} bytes it declares",
        )
    if not stream.eof or stream.unused_data:
        raise CorruptModelError("the compressed bytes of a chunk do not end where they should")
    return memoryview(found)


def _unshuffle(data: memoryview, step: Filter, _size: int) -> memoryview:
    """Values whose first bytes come first, then their second bytes, ...; a rest shorter than a
    value stays as it is.
    """
    width = step.values[0] if step.values else 0
    if width <= 0:
        raise CorruptModelError("the shuffle filter declares values of size 0")
    whole = len(data) // width * width
    mixed = np.frombuffer(data[:whole], "u1").reshape(width, -1)
    return memoryview(mixed.T.tobytes() + bytes(data[whole:]))


def _check_sum(data: memoryview, _step: Filter, _size: int) -> memoryview:
    body, stored = data[:-_SUM_BYTES], data[-_SUM_BYTES:]
    if len(stored) < _SUM_BYTES or fletcher32(body) != int.from_bytes(stored, "little"):
        raise CorruptModelError(
            "a chunk of the dataset is damaged: its Fletcher-32 checksum differs"
        )
    return body


def fletcher32(data: memoryview) -> int:
    """The checksum of a chunk: two sums of its big-endian 16-bit words in ones' complement (RFC
    1146's, in 16 bits).
    """
    odd = bytes(data[-1:]) + b"\0" if len(data) % 2 else b""
    words = np.frombuffer(bytes(data[: len(data) - len(data) % 2]) + odd, ">u2")
    first = second = 0
    for at in range(0, len(words), _WORDS):
        part = words[at : at + _WORDS].astype("i8")
        second += len(part) * first + int(part @ np.arange(len(part), 0, -1))
        first += int(part.sum())
    return _folded(second) << 16 | _folded(first)


def _folded(value: int) -> int:
    """A sum modulo 65535, where only a sum of nothing but zeros is 0."""
    return value % _MODULUS or (_MODULUS if value else 0)


_UNDO = {_DEFLATE: _inflate, _SHUFFLE: _unshuffle, _FLETCHER32: _check_sum}
