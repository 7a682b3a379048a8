"""What a protocol buffer message decodes to, counted on its wire form
(https://protobuf.dev/programming-guides/encoding/): a message of two bytes a part decodes to many
times its size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from google.protobuf.descriptor import FieldDescriptor as Field

from keramos.errors import RequestError
from keramos.serving.core.limits import MAX_CONTAINERS, MAX_VALUES

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor

UNCOUNTED = 1 << 18
"""Bytes of a message that is decoded without counting."""

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_PART_BYTES, _VALUE_BYTES = 64, 8
_CONTINUES = 0x80
_FIXED_SIZES = {
    Field.CPPTYPE_DOUBLE: 8,
    Field.CPPTYPE_FLOAT: 4,
}


def decoded_size(data: bytes, descriptor: Descriptor) -> int:
    """Bytes that a message takes once it is decoded, about. What is not a message is left to its
    parser.

    Raises:
        RequestError: it has more parts or values than one request may have.
    """
    counted = _Counter(data)
    try:
        counted.message(0, len(data), descriptor)
    except IndexError:  # cut short
        return len(data)
    return _PART_BYTES * counted.parts + _VALUE_BYTES * counted.values + len(data)


class _Counter:
    """``parts`` are messages, texts and bytes; ``values`` are numbers."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.parts = self.values = 0

    def message(self, at: int, end: int, descriptor: Descriptor) -> None:
        fields = descriptor.fields_by_number
        while at < end:
            tag, at = self._varint(at)
            kind = tag & 7
            if kind == _LENGTH:
                size, at = self._varint(at)
                self._length_delimited(fields.get(tag >> 3), at, min(at + size, end))
                at += size
            elif kind == _VARINT:
                _, at = self._varint(at)
                self.values += 1
            elif kind in {_FIXED64, _FIXED32}:
                at += 8 if kind == _FIXED64 else 4
                self.values += 1
            else:
                return
            self._check()

    def _length_delimited(self, field: Field | None, at: int, until: int) -> None:
        if field is None or field.cpp_type == Field.CPPTYPE_STRING:
            self.parts += 1
        elif field.cpp_type == Field.CPPTYPE_MESSAGE:
            self.parts += 1
            self.message(at, until, field.message_type)
        elif field.cpp_type in _FIXED_SIZES:
            self.values += (until - at) // _FIXED_SIZES[field.cpp_type]
        else:
            codes = np.frombuffer(self._data, np.uint8, max(until - at, 0), at)
            self.values += int((codes < _CONTINUES).sum())

    def _check(self) -> None:
        if self.parts > MAX_CONTAINERS or self.values > MAX_VALUES:
            raise RequestError(
                f"the message has more than {MAX_CONTAINERS} parts or {MAX_VALUES} values",
                remedy="Send it in parts, or as raw bytes",
            )

    def _varint(self, at: int) -> tuple[int, int]:
        value = shift = 0
        while True:
            octet = self._data[at]
            at += 1
            value |= (octet & 0x7F) << shift
            if octet < _CONTINUES:
                return value, at
            shift += 7
