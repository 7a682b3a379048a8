"""Attributes of groups and datasets: names, and values as text, numbers and lists (specification
IV.A.2.m, v).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.artifact.hdf5.dataspaces import dataspace
from keramos.artifact.hdf5.datatypes import datatype
from keramos.artifact.hdf5.headers import ATTRIBUTE, ATTRIBUTE_INFO, DATATYPE, committed
from keramos.errors import CorruptModelError, LimitExceededError, UnsupportedModelError
from keramos.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keramos.artifact.hdf5.datatypes import Datatype
    from keramos.artifact.hdf5.headers import Header
    from keramos.artifact.hdf5.heaps import GlobalHeap
    from keramos.artifact.hdf5.image import Image

_TRACKED = 0b1
_SHARED_TYPE, _SHARED_SPACE = 0b1, 0b10
_PADDED, _NAMED_CHARSET = 1, 3
_NAMED = 8


class Attribute(Frozen, frozen=True):
    """One attribute, not read yet."""

    datatype: bytes
    shared_type: bool
    dataspace: bytes
    data: bytes


def attributes(image: Image, header: Header) -> dict[str, Attribute]:
    """Every attribute of an object by name.

    Raises:
        ModelError: one is damaged.
    """
    messages = header.all(ATTRIBUTE)
    found = dict(
        _attribute(image, committed(image, one.body, ATTRIBUTE) if one.shared else one.body)
        for one in messages
    )
    info = header.one(ATTRIBUTE_INFO)
    dense = [] if info is None else [_attribute(image, body) for body in _dense(image, info.body)]
    found.update(dense)
    if len(found) != len(messages) + len(dense):
        raise CorruptModelError("the object has the same attribute twice")
    return found


def _dense(image: Image, body: bytes) -> Iterator[bytes]:
    """Attribute messages of an object that has many, or large ones."""
    cursor = image.cursor(body, "attribute info message")
    if cursor.uint(1) != 0:
        raise CorruptModelError("the attribute info message has an unknown version")
    cursor.skip(2 if cursor.uint(1) & _TRACKED else 0)
    heap, index = cursor.address(), cursor.address()
    if heap is not None:
        # Few objects have so many attributes.
        from keramos.artifact.hdf5.dense import messages  # noqa: PLC0415 (start-up time)

        yield from messages(image, heap, index, _NAMED)


def _attribute(image: Image, body: bytes) -> tuple[str, Attribute]:
    cursor = image.cursor(body, "attribute")
    version, flags = cursor.uint(1), cursor.uint(1)
    if version not in (1, 2, 3):
        raise CorruptModelError(
            "the attribute has an unknown version; 1, 2 and 3 are known",
            received=str(version),
        )
    sizes = [cursor.uint(2) for _ in range(3)]
    cursor.skip(1 if version == _NAMED_CHARSET else 0)
    if version == _PADDED:
        flags = 0
    if flags & _SHARED_SPACE:
        raise UnsupportedModelError(
            "the attribute has a shared dataspace, which Keras never writes"
        )
    parts = []
    for size in sizes:
        parts.append(cursor.take(size))
        cursor.skip(-size % 8 if version == _PADDED else 0)
    name, end, rest = parts[0].partition(b"\0")
    if not end or rest:
        raise CorruptModelError(
            "the name of the attribute does not end where it should",
            received=repr(name[:80]),
        )
    return _decoded(name), Attribute(parts[1], bool(flags & _SHARED_TYPE), parts[2], cursor.rest())


def value_of(image: Image, heap: GlobalHeap, attribute: Attribute) -> object:
    """An attribute's value: text, number, truth value, a list of them, or None where it is empty.

    Raises:
        UnsupportedModelError: it is of a type that Keras does not use.
        ModelError: it is damaged or exceeds the limits.
    """
    kind = attribute.datatype
    found = datatype(image, committed(image, kind, DATATYPE) if attribute.shared_type else kind)
    space = dataspace(image, attribute.dataspace)
    if space.shape is None:
        return None
    if space.total > image.limits.objects:
        raise LimitExceededError(
            f"the attribute lists more than {image.limits.objects:,} values, the limit",
            received=f"{space.total:,}",
        )
    size = space.total * found.size
    if size > len(attribute.data):
        raise CorruptModelError(
            f"the attribute declares {size:,} bytes where {len(attribute.data):,} are stored",
        )
    values = _values(image, heap, found, attribute.data[:size])
    return _nested(values, space.shape)


def _values(image: Image, heap: GlobalHeap, kind: Datatype, data: bytes) -> list[object]:
    if kind.kind == "long text":
        return [_decoded(text.partition(b"\0")[0]) for text in heap.texts(data)]
    if kind.kind == "text":
        image.pay_text(len(data))
        pieces = (data[at : at + kind.size] for at in range(0, len(data), kind.size))
        return [
            _decoded(piece.partition(b"\0")[0] if kind.ends_at_nul else piece.rstrip(b"\0"))
            for piece in pieces
        ]
    if not kind.numpy or kind.kind == "bfloat16":
        raise UnsupportedModelError(
            "the attribute has a type that Keras does not use here",
            received=kind.name,
        )
    return list(np.frombuffer(data, kind.numpy).tolist())


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "replace")


def _nested(values: list[object], shape: tuple[int, ...]) -> object:
    """A flat list as lists in lists; the value itself where there are no axes."""
    if not shape:
        return values[0]
    for length in reversed(shape[1:]):
        values = (
            [values[at : at + length] for at in range(0, len(values), length)] if length else []
        )
    return values
