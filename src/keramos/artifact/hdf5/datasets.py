"""A dataset's values: where they are stored and how they become an array (specification IV.A.2.f,
h, i).
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, cast

import numpy as np
from msgspec.structs import replace

from keramos.artifact.hdf5.dataspaces import dataspace
from keramos.artifact.hdf5.datatypes import datatype
from keramos.artifact.hdf5.headers import (
    DATASPACE,
    DATATYPE,
    EXTERNAL,
    FILL,
    LAYOUT,
    OLD_FILL,
    committed,
)
from keramos.artifact.hdf5.image import Extent
from keramos.artifact.hdf5.values import Chunks, Values, filled
from keramos.errors import CorruptModelError, UnsafeModelError, UnsupportedModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.artifact.hdf5.dataspaces import Dataspace
    from keramos.artifact.hdf5.datatypes import Datatype
    from keramos.artifact.hdf5.headers import Header
    from keramos.artifact.hdf5.image import Cursor, Image

    Array = NDArray[np.generic]

_COMPACT, _CONTIGUOUS, _CHUNKED, _VIRTUAL = 0, 1, 2, 3
_BRAIN_BYTES = 2  # of a bfloat16
_FILL_DEFINED, _NEW_FILL_DEFINED, _NEW_FILL = 1, 0b10_0000, 3


def is_dataset(header: Header) -> bool:
    """Whether an object is a dataset."""
    return any(message.kind == LAYOUT for message in header.messages)


def read_dataset(image: Image, header: Header, brain: object) -> Array:
    """The array of a dataset in this machine's byte order, a view of the file's bytes where
    possible.

    ``brain`` is its attribute ``dtype``, by which Keras marks bfloat16 that it stores as opaque
    bytes; bfloat16 becomes float32.

    Raises:
        UnsafeModelError: the values lie in another file or pass through a filter that Keras never
            uses.
        UnsupportedModelError: they are no numbers.
        CorruptModelError: they are damaged.
        LimitExceededError: they are more than the limits allow.
    """
    values = Values(
        header.address, _space(image, header), _kind(image, header, brain), _fill(image, header)
    )
    if header.one(EXTERNAL) is not None:
        raise UnsafeModelError(
            "the dataset keeps its values in another file; weights must be in the file",
        )
    layout = header.one(LAYOUT)
    if layout is None:
        raise CorruptModelError("the dataset has no layout message, so its values have no address")
    array = _read(image, header, values, layout.body)
    if values.kind.kind == "bfloat16":
        return cast("Array", (array.astype("<u2").astype("<u4") << 16).view("<f4"))
    return array


def shape_of(image: Image, header: Header) -> tuple[int, ...]:
    """The shape that a dataset states."""
    return cast("tuple[int, ...]", _space(image, header).shape)


def stated(image: Image, header: Header, brain: object) -> tuple[tuple[int, ...], str, int]:
    """Shape, type and bytes of a dataset as it states them, numbers or not; an empty one has none.

    ``brain`` is its attribute ``dtype``, as for ``read_dataset``.
    """
    space = dataspace(image, _required(image, header, DATASPACE, "dataspace"))
    kind = datatype(image, _required(image, header, DATATYPE, "datatype"))
    is_brain = kind.kind == "opaque" and kind.size == _BRAIN_BYTES and brain == "bfloat16"
    shape = (0,) if space.shape is None else space.shape
    return shape, "bfloat16" if is_brain else kind.name, prod(shape) * kind.size


def _required(image: Image, header: Header, kind: int, what: str) -> bytes:
    message = header.one(kind)
    if message is None:
        raise CorruptModelError(f"the dataset has no {what}")
    return committed(image, message.body, kind) if message.shared else message.body


def _space(image: Image, header: Header) -> Dataspace:
    space = dataspace(image, _required(image, header, DATASPACE, "dataspace"))
    if space.shape is None:
        raise CorruptModelError("the dataset is empty; numbers are needed")
    return space


def _kind(image: Image, header: Header, brain: object) -> Datatype:
    kind = datatype(image, _required(image, header, DATATYPE, "datatype"))
    if kind.kind == "opaque" and kind.size == _BRAIN_BYTES and brain == "bfloat16":
        return replace(kind, kind="bfloat16", numpy="<u2")
    if not kind.numpy:
        raise UnsupportedModelError("the dataset holds no numbers", received=f"type {kind.name}")
    return kind


def _fill(image: Image, header: Header) -> bytes:
    """The bytes of the value where none is stored; none for zero."""
    new, old = header.one(FILL), header.one(OLD_FILL)
    if new is not None:
        body = committed(image, new.body, FILL) if new.shared else new.body
        cursor = image.cursor(body, "fill value message")
        version = cursor.uint(1)
        if version not in (1, 2, _NEW_FILL):
            raise CorruptModelError(
                "the fill value has an unknown version; 1, 2 and 3 are known",
                received=str(version),
            )
        if version < _NEW_FILL:
            cursor.skip(2)
            defined = cursor.uint(1) == _FILL_DEFINED
        else:
            defined = bool(cursor.uint(1) & _NEW_FILL_DEFINED)
        return cursor.take(cursor.uint(4)) if defined else b""
    if old is not None and not old.shared:
        cursor = image.cursor(old.body, "fill value message")
        return cursor.take(cursor.uint(4))
    return b""


def _read(image: Image, header: Header, values: Values, body: bytes) -> Array:
    cursor = image.cursor(body, "layout message")
    version = cursor.uint(1)
    if version not in (1, 2, 3, 4):
        raise CorruptModelError(
            "the layout has an unknown version; 1 to 4 are known",
            received=str(version),
        )
    if version < 3:  # noqa: PLR2004
        return _read_oldest(image, header, values, cursor)
    kind = cursor.uint(1)
    if kind == _COMPACT:
        return _compact(image, values, cursor.take(cursor.uint(2)))
    if kind == _CONTIGUOUS:
        address, size = cursor.address(), cursor.length()
        return _contiguous(image, values, address, size)
    if kind == _VIRTUAL:
        raise UnsafeModelError(
            "the dataset is virtual: its values are stored elsewhere; weights must be in the file",
        )
    if kind != _CHUNKED:
        raise CorruptModelError("the layout has an unknown class", received=str(kind))
    return _chunked(image, header, values, (_chunks if version == 4 else _old_chunks)(cursor))  # noqa: PLR2004


def _read_oldest(image: Image, header: Header, values: Values, cursor: Cursor) -> Array:
    """Layout versions 1 and 2."""
    rank, kind = cursor.uint(1), cursor.uint(1)
    cursor.skip(5)
    address = None if kind == _COMPACT else cursor.address()
    shape = tuple(cursor.uint(4) for _ in range(rank))
    if kind == _COMPACT:
        return _compact(image, values, cursor.take(cursor.uint(4)))
    if kind == _CONTIGUOUS:
        return _contiguous(image, values, address, values.space.total * values.kind.size)
    if kind != _CHUNKED:
        raise CorruptModelError("the layout has an unknown class", received=str(kind))
    return _chunked(image, header, values, Chunks(shape, 0, address))


def _old_chunks(cursor: Cursor) -> Chunks:
    """Layout version 3."""
    rank, address = cursor.uint(1), cursor.address()
    return Chunks(tuple(cursor.uint(4) for _ in range(rank)), 0, address)


_PARAMETERS = {1: (), 2: (), 3: (1,), 4: (1, 1, 1, 1, 1), 5: (4, 1, 1)}
"""Type of a chunk index -> widths of its parameters: single chunk, implicit, fixed array,
extensible array, B-tree.
"""
_PLAIN_EDGES, _FILTERED_SINGLE = 0b1, 0b10
_SINGLE = 1


def _chunks(cursor: Cursor) -> Chunks:
    """Layout version 4."""
    flags, rank, width = cursor.uint(1), cursor.uint(1), cursor.uint(1)
    if width > 8:  # noqa: PLR2004 (bytes of the widest number)
        raise CorruptModelError(f"the layout has lengths that are {width} bytes wide")
    shape = tuple(cursor.uint(width) for _ in range(rank))
    kind = cursor.uint(1)
    if kind not in _PARAMETERS:
        raise CorruptModelError("the chunk index has an unknown type", received=str(kind))
    detail = tuple(cursor.uint(width) for width in _PARAMETERS[kind])
    if kind == _SINGLE and flags & _FILTERED_SINGLE:
        detail = (cursor.length(), cursor.uint(4))
    return Chunks(shape, kind, cursor.address(), detail, whole_edges=not flags & _PLAIN_EDGES)


def _compact(image: Image, values: Values, data: bytes) -> Array:
    image.claim(values.owner, [], values.space.total * values.kind.size)
    return _as_array(values, memoryview(data))


def _contiguous(image: Image, values: Values, address: int | None, size: int) -> Array:
    needed = values.space.total * values.kind.size
    if address is None or needed == 0:
        image.claim(values.owner, [], needed)
        return filled(values)
    if size != needed:
        raise CorruptModelError(
            f"the dataset stores {size:,} bytes; its shape and type need {needed:,}"
        )
    data = image.view(address, size, "values")
    image.claim(values.owner, [Extent(address, size)], needed)
    return _as_array(values, data)


def _as_array(values: Values, data: memoryview) -> Array:
    """Stored bytes as an array: a view where the machine can use them as they lie."""
    needed = values.space.total * values.kind.size
    if len(data) < needed:
        raise CorruptModelError(
            f"the dataset stores {len(data):,} bytes; its shape and type need {needed:,}",
        )
    found = np.frombuffer(data[:needed], values.kind.numpy).reshape(values.space.shape)
    native = found.dtype.newbyteorder("=")
    return found if found.flags.aligned and found.dtype == native else found.astype(native)


def _chunked(image: Image, header: Header, values: Values, chunks: Chunks) -> Array:
    rank = len(values.space.shape or ())
    if (
        len(chunks.shape) != rank + 1
        or not rank
        or 0 in chunks.shape
        or chunks.shape[-1] != values.kind.size
    ):
        raise CorruptModelError(
            f"the dataset has chunks of {chunks.shape} for {rank} axes of {values.kind.size} "
            "bytes a value",
        )
    # Keras writes no chunks; few files were rewritten by a program that does.
    from keramos.artifact.hdf5.chunked import read_chunked  # noqa: PLC0415 (start-up time)

    return read_chunked(image, header, values, chunks)
