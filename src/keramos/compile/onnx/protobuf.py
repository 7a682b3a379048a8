"""ONNX protobuf messages as bytes, written directly: no protobuf library, no import cost, the same
bytes every time.

Field numbers are those of onnx.proto3 (ONNX specification, IR version 9). Each message is a list of
byte parts, so that large weights are joined once, at the very end.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from keramos.compile.onnx.element_types import ELEMENT_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

Parts = list[bytes | memoryview]

IR_VERSION = 9
_VARINT, _FIXED32, _BYTES = 0, 5, 2
_ATTRIBUTE_TYPES = {"f": 1, "i": 2, "s": 3, "t": 4, "g": 5, "floats": 6, "ints": 7, "strings": 8}


def varint(value: int) -> bytes:
    """Base-128 little endian; negative numbers in 64-bit two's complement, as protobuf does."""
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def integer(field: int, value: int) -> bytes:
    """One integer field."""
    return varint(field << 3 | _VARINT) + varint(value)


def text(field: int, value: str | bytes) -> bytes:
    """One string or bytes field."""
    data = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | _BYTES) + varint(len(data)) + data


def message(field: int, parts: Parts) -> Parts:
    """One embedded message."""
    size = sum(len(part) for part in parts)
    return [varint(field << 3 | _BYTES) + varint(size), *parts]


def tensor(name: str, array: NDArray[np.generic]) -> Parts:
    """TensorProto of an array: raw little-endian bytes, or one field a string."""
    parts: Parts = [integer(1, size) for size in array.shape]
    if array.dtype.kind in "OUT":
        parts.append(integer(2, ELEMENT_TYPES["str"]))
        parts += [text(6, str(cell)) for cell in array.ravel()]
        return [*parts, text(8, name)]
    parts += [integer(2, ELEMENT_TYPES[array.dtype.name]), text(8, name)]
    raw = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return parts + message(9, [raw.reshape(-1).view("uint8").data] if raw.size else [])


def attribute(name: str, value: object) -> Parts:
    """AttributeProto; the Python type decides the kind (a list of Parts is a subgraph, see
    ``graph``).
    """
    kind, body = _attribute_body(value)
    return [text(1, name), *body, integer(20, _ATTRIBUTE_TYPES[kind])]


def _attribute_body(value: object) -> tuple[str, Parts]:
    if isinstance(value, Repeated):
        return value.kind, [value.body]
    for types, kind, encode in _ATTRIBUTES:
        if isinstance(value, types):
            return kind, encode(value)
    items = list(cast("Sequence[object]", value))
    for types, kind, encode in _LISTS:
        if items and isinstance(items[0], types):
            return kind, [part for item in items for part in encode(item)]
    return "ints", []


class Subgraph:
    """A serialised GraphProto, for the body of Scan, Loop and If; ``operations`` is the work of
    running it once.
    """

    def __init__(self, parts: Parts, operations: int = 0) -> None:
        self.parts = parts
        self.operations = operations


class Repeated:
    """A long list of numbers or texts as an attribute, encoded by NumPy.

    Whole numbers take three bytes each, whether they need them or not, which protobuf allows.
    """

    def __init__(self, kind: str, body: bytes) -> None:
        self.kind, self.body = kind, body

    @classmethod
    def floats(cls, values: NDArray[np.generic]) -> Repeated:
        """Float32 numbers."""
        fields = np.empty(values.size, [("tag", "u1"), ("value", "<f4")])
        fields["tag"], fields["value"] = 7 << 3 | _FIXED32, values
        return cls("floats", fields.tobytes())

    @classmethod
    def ints(cls, values: NDArray[np.generic]) -> Repeated:
        """Whole numbers from 0 to 2 ** 21 - 1."""
        whole = values.astype("int64")
        fields = np.empty((values.size, 4), "u1")
        fields[:, 0] = 8 << 3 | _VARINT
        fields[:, 1], fields[:, 2] = whole & 0x7F | 0x80, whole >> 7 & 0x7F | 0x80
        fields[:, 3] = whole >> 14
        return cls("ints", fields.tobytes())

    @classmethod
    def texts(cls, values: Sequence[str]) -> Repeated:
        """Texts, few of them different."""
        known = {value: text(9, value) for value in set(values)}
        return cls("strings", b"".join(map(known.__getitem__, values)))


_Encoder = Callable[[Any], Parts]  # each row encodes the types named beside it
_ATTRIBUTES: tuple[tuple[tuple[type, ...], str, _Encoder], ...] = (
    ((Subgraph,), "g", lambda value: message(6, value.parts)),
    ((bool, int), "i", lambda value: [integer(3, value)]),
    ((float,), "f", lambda value: [varint(2 << 3 | _FIXED32) + struct.pack("<f", value)]),
    ((str, bytes), "s", lambda value: [text(4, value)]),
    ((np.ndarray,), "t", lambda value: message(5, tensor("", value))),
)
_LISTS: tuple[tuple[tuple[type, ...], str, _Encoder], ...] = (
    ((str, bytes), "strings", lambda item: [text(9, item)]),
    ((float,), "floats", lambda item: [varint(7 << 3 | _FIXED32) + struct.pack("<f", item)]),
    ((int,), "ints", lambda item: [integer(8, item)]),
)


def node(
    kind: str,
    inputs: Sequence[str],
    outputs: Sequence[str],
    attributes: Mapping[str, object],
    domain: str = "",
    name: str = "",
) -> Parts:
    """NodeProto; attributes in name order, so that equal graphs have equal bytes. ``name`` stands
    in errors.
    """
    parts: Parts = [text(1, item) for item in inputs]
    parts += [text(2, output) for output in outputs]
    if name:
        parts.append(text(3, name))
    parts.append(text(4, kind))
    for key in sorted(attributes):
        parts += message(5, attribute(key, attributes[key]))
    if domain:
        parts.append(text(7, domain))
    return parts


def value_info(name: str, dtype: str, shape: Sequence[int | None] | None) -> Parts:
    """ValueInfoProto; a size of None stays open."""
    kind: Parts = [integer(1, ELEMENT_TYPES[dtype])]
    if shape is not None:
        dims: Parts = []
        for size in shape:
            dims += message(1, [] if size is None else [integer(1, size)])
        kind += message(2, dims)
    return [text(1, name), *message(2, message(1, kind))]


def graph(
    name: str, nodes: Iterable[Parts], initialisers: Iterable[Parts], ins: Parts, outs: Parts
) -> Parts:
    """GraphProto. ``ins`` and ``outs`` are already wrapped in their fields (11 and 12)."""
    parts: Parts = []
    for item in nodes:
        parts += message(1, item)
    parts.append(text(2, name))
    for item in initialisers:
        parts += message(5, item)
    return parts + ins + outs


def model(graph_parts: Parts, opsets: Mapping[str, int], producer: str) -> bytes:
    """ModelProto as bytes. ``opsets`` maps each operator domain to its version."""
    parts: Parts = [integer(1, IR_VERSION), text(2, producer), *message(7, graph_parts)]
    for domain, version in opsets.items():
        parts += message(8, [text(1, domain), integer(2, version)])
    return b"".join(parts)
