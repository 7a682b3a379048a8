"""FlatBuffers as bytes: tables, vectors and texts, parents before what they refer to.

Source: flatbuffers.dev/internals. An offset counts forwards from where it stands; a table begins
with the distance back to its vtable, which says where each field is.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_OFFSET, _LENGTH = "I", struct.Struct("<I")
_TABLE_ALIGNMENT = 8


class Scalar(NamedTuple):
    """A number in a table; ``code`` is that of ``struct``."""

    code: str
    value: float


class Data(NamedTuple):
    """A vector of bytes, which begins at a multiple of ``alignment``."""

    data: bytes | memoryview
    alignment: int = 16


class Numbers(NamedTuple):
    """A vector of numbers; ``code`` is that of ``struct``."""

    code: str
    values: Sequence[int]


class Table(NamedTuple):
    """A table by the numbers of its fields; fields that are None are left out."""

    fields: Mapping[int, Item | None]


Item = Scalar | Data | Numbers | Table | str | list[Table]


class _Writer:
    def __init__(self) -> None:
        self.buffer = bytearray(8)
        self.waiting: list[tuple[int, Item]] = []

    def run(self, root: Table) -> None:
        """Place the root and all that it refers to."""
        self.waiting.append((0, root))
        while self.waiting:
            at, item = self.waiting.pop()
            _LENGTH.pack_into(self.buffer, at, self.place(item) - at)

    def place(self, item: Item) -> int:
        """Append an item; gives where it is."""
        match item:
            case Table():
                return self._table(item)
            case str():
                return self._vector(len(item.encode()), 4, item.encode() + b"\0")
            case Data():
                return self._vector(len(item.data), item.alignment, item.data)
            case Numbers():
                packed = struct.pack(f"<{len(item.values)}{item.code}", *item.values)
                return self._vector(len(item.values), struct.calcsize(item.code), packed)
            case list():
                at = self._vector(len(item), 4, bytes(4 * len(item)))
                self.waiting += [(at + 4 + 4 * place, one) for place, one in enumerate(item)]
                return at
        raise TypeError(f"no item of a FlatBuffer: {type(item).__name__}")

    def _align(self, size: int, before: int = 0) -> None:
        """Fill up so that what stands ``before`` bytes on is at a multiple of a size."""
        self.buffer += bytes(-(len(self.buffer) + before) % size)

    def _vector(self, count: int, alignment: int, data: bytes | memoryview) -> int:
        self._align(max(alignment, 4), 4)
        at = len(self.buffer)
        self.buffer += _LENGTH.pack(count)
        self.buffer += data
        self._align(4)
        return at

    def _table(self, table: Table) -> int:
        fields = {slot: item for slot, item in table.fields.items() if item is not None}
        codes = {s: i.code if isinstance(i, Scalar) else _OFFSET for s, i in fields.items()}
        places, size = {}, 4
        for slot in sorted(fields, key=lambda slot: -struct.calcsize(codes[slot])):
            width = struct.calcsize(codes[slot])
            size += -size % width
            places[slot] = size
            size += width
        slots = max(fields, default=-1) + 1
        vtable = struct.pack(
            f"<{2 + slots}H", 4 + 2 * slots, size, *(places.get(slot, 0) for slot in range(slots))
        )
        self._align(_TABLE_ALIGNMENT, len(vtable))
        self.buffer += vtable
        at = len(self.buffer)
        self.buffer += bytes(size)
        struct.pack_into("<i", self.buffer, at, len(vtable))
        for slot, item in fields.items():
            if isinstance(item, Scalar):
                struct.pack_into(f"<{item.code}", self.buffer, at + places[slot], item.value)
            else:
                self.waiting.append((at + places[slot], item))
        return at


def flatbuffer(root: Table, identifier: bytes) -> bytes:
    """The bytes of a FlatBuffer with a file identifier of four bytes."""
    writer = _Writer()
    writer.run(root)
    writer.buffer[4:8] = identifier
    return bytes(writer.buffer)
