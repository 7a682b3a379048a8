"""Datasets in chunks: found by one of six kinds of index, unfiltered, put in their places
(specification III, VII).
"""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keramos.artifact.hdf5.arrays import extensible_array, fixed_array
from keramos.artifact.hdf5.btree1 import CHUNKS, children
from keramos.artifact.hdf5.btree2 import records
from keramos.artifact.hdf5.filters import pipeline, undo
from keramos.artifact.hdf5.headers import PIPELINE
from keramos.artifact.hdf5.image import STRUCTURE_COST, Extent
from keramos.artifact.hdf5.values import filled
from keramos.errors import CorruptModelError, LimitExceededError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from keramos.artifact.hdf5.filters import Filter
    from keramos.artifact.hdf5.headers import Header
    from keramos.artifact.hdf5.image import Image
    from keramos.artifact.hdf5.values import Chunks, Values

    Place = tuple[int, ...]

_PLAIN_RECORDS, _FILTERED_RECORDS = 10, 11


class Chunk(NamedTuple):
    """A stored chunk. ``place`` counts chunks along each axis; ``mask`` says which filters were
    left out.
    """

    place: Place
    address: int
    size: int
    mask: int


class Grid(NamedTuple):
    """How a dataset is cut: chunks along each axis now and at ``most`` (None: endless). ``size``:
    bytes of one.
    """

    chunks: Chunks
    shape: tuple[int, ...]
    counts: tuple[int, ...]
    most: tuple[int | None, ...]
    size: int
    filtered: bool


def read_chunked(
    image: Image, header: Header, values: Values, chunks: Chunks
) -> NDArray[np.generic]:
    """The array of a dataset in chunks.

    Raises:
        ModelError: as ``read_dataset``.
    """
    message = header.one(PIPELINE)
    steps = () if message is None else pipeline(image, message.body)
    grid = _grid(values, chunks, bool(steps))
    size = values.space.total * values.kind.size
    if grid.size > max(image.limits.chunk_bytes, 2 * size):
        raise LimitExceededError(
            f"the dataset declares chunks of {grid.size:,} bytes for {size:,} bytes of values",
        )
    found = _found(image, grid) if size and chunks.address is not None else []
    extents = [Extent(chunk.address, chunk.size) for chunk in found]
    image.claim(values.owner, extents, max(size, grid.size * len(found)))
    array = filled(values)
    for chunk in found:
        _put(image, array, values, grid, steps, chunk)
    return array


def _grid(values: Values, chunks: Chunks, filtered: bool) -> Grid:  # noqa: FBT001 (a fact among others)
    shape, lengths = values.space.shape or (), chunks.shape[:-1]
    counts = tuple(-(-length // step) for length, step in zip(shape, lengths, strict=True))
    most = tuple(
        None if length is None else -(-length // step)
        for length, step in zip(values.space.most, lengths, strict=True)
    )
    return Grid(chunks, shape, counts, most, math.prod(chunks.shape), filtered)


def _found(image: Image, grid: Grid) -> list[Chunk]:
    """The stored chunks that lie within the dataset."""
    found: dict[Place, Chunk] = {}
    for number, chunk in enumerate(_INDEXES[grid.chunks.kind](image, grid)):
        if number >= image.limits.chunks:
            raise LimitExceededError(
                f"the dataset has more than {image.limits.chunks:,} chunks, the limit",
            )
        if not all(at < count for at, count in zip(chunk.place, grid.counts, strict=True)):
            continue  # left from before the dataset was made smaller
        if chunk.place in found:
            raise CorruptModelError(f"the dataset has the chunk at {chunk.place} twice")
        found[chunk.place] = chunk
    return list(found.values())


def _put(
    image: Image,
    array: NDArray[np.generic],
    values: Values,
    grid: Grid,
    steps: tuple[Filter, ...],
    chunk: Chunk,
) -> None:
    """Unpack a chunk into its place; what lies beyond the dataset's edges is left out."""
    lengths = grid.chunks.shape[:-1]
    begins = [at * length for at, length in zip(chunk.place, lengths, strict=True)]
    inside = [
        min(length, end - begin)
        for begin, length, end in zip(begins, lengths, grid.shape, strict=True)
    ]
    whole = list(lengths) == inside
    used = steps if whole or grid.chunks.whole_edges else ()
    data = undo(image.view(chunk.address, chunk.size, "chunk"), used, chunk.mask, grid.size)
    part = np.frombuffer(data, values.kind.numpy).reshape(lengths)
    target = tuple(
        slice(begin, begin + length) for begin, length in zip(begins, inside, strict=True)
    )
    array[target] = part[tuple(slice(length) for length in inside)]


def _by_old_tree(image: Image, grid: Grid) -> Iterator[Chunk]:
    lengths = grid.chunks.shape[:-1]
    key_size = 8 + 8 * len(grid.chunks.shape)
    for key, address in children(image, _address(grid), CHUNKS, key_size):
        cursor = image.cursor(key, "key of a chunk")
        size, mask = cursor.uint(4), cursor.uint(4)
        begins = [cursor.uint(8) for _ in lengths]
        if any(begin % length for begin, length in zip(begins, lengths, strict=True)):
            raise CorruptModelError(
                "a chunk of the dataset begins between the others",
                received=str(begins),
            )
        yield Chunk(
            tuple(begin // length for begin, length in zip(begins, lengths, strict=True)),
            address,
            size,
            mask,
        )


def _single(_image: Image, grid: Grid) -> Iterator[Chunk]:
    if math.prod(grid.counts) != 1:
        raise CorruptModelError("the dataset has one chunk; its shape needs more")
    size, mask = grid.chunks.detail or (grid.size, 0)
    yield Chunk((0,) * len(grid.counts), _address(grid), size, mask)


def _implicit(image: Image, grid: Grid) -> Iterator[Chunk]:
    for number, place in _numbered(image, grid):
        yield Chunk(place, _address(grid) + number * grid.size, grid.size, 0)


def _by_fixed_array(image: Image, grid: Grid) -> Iterator[Chunk]:
    yield from _by_array(image, grid, fixed_array(image, _address(grid)))


def _by_extensible_array(image: Image, grid: Grid) -> Iterator[Chunk]:
    yield from _by_array(image, grid, extensible_array(image, _address(grid)))


def _by_array(image: Image, grid: Grid, element: Callable[[int], bytes | None]) -> Iterator[Chunk]:
    for number, place in _numbered(image, grid):
        record = element(number)
        chunk = None if record is None else _recorded(image, grid, record, place)
        if chunk is not None:
            yield chunk


def _recorded(image: Image, grid: Grid, record: bytes, place: Place | None) -> Chunk | None:
    """A chunk from an index' record: address, then size and mask where there are filters, then the
    place in a tree.
    """
    cursor = image.cursor(record, "record of a chunk")
    address = cursor.address()
    size, mask = grid.size, 0
    if grid.filtered:
        width = cursor.left - 4 - (8 * len(grid.counts) if place is None else 0)
        if not 0 < width <= 8:  # noqa: PLR2004 (bytes of the widest number)
            raise CorruptModelError(f"the index of chunks has sizes that are {width} bytes wide")
        size, mask = cursor.uint(width), cursor.uint(4)
    if place is None:
        place = tuple(cursor.uint(8) for _ in grid.counts)
    return None if address is None else Chunk(place, address, size, mask)


def _by_tree(image: Image, grid: Grid) -> Iterator[Chunk]:
    for record in records(
        image, _address(grid), _FILTERED_RECORDS if grid.filtered else _PLAIN_RECORDS
    ):
        chunk = _recorded(image, grid, record, None)
        if chunk is not None:
            yield chunk


def _address(grid: Grid) -> int:
    if grid.chunks.address is None:
        raise CorruptModelError("the index of chunks has an undefined address")
    return grid.chunks.address


def _numbered(image: Image, grid: Grid) -> Iterator[tuple[int, Place]]:
    """Number in the index and place of every chunk: in C order over the largest shape, an endless
    axis first.
    """
    count = math.prod(grid.counts)
    if count > image.limits.chunks:
        raise LimitExceededError(
            f"the dataset has more than {image.limits.chunks:,} chunks, the limit",
            received=f"{count:,}",
        )
    image.spend(count * STRUCTURE_COST)  # to look for one that was never written takes time too
    endless = grid.most.index(None) if None in grid.most else 0
    axes = [endless, *(axis for axis in range(len(grid.most)) if axis != endless)]
    steps = [0] * len(axes)
    step = 1
    for axis in reversed(axes):
        steps[axis] = step
        step *= grid.most[axis] or 1
    for place in product(*map(range, grid.counts)):
        yield sum(at * step for at, step in zip(place, steps, strict=True)), place


_INDEXES: dict[int, Callable[[Image, Grid], Iterator[Chunk]]] = {
    0: _by_old_tree,
    1: _single,
    2: _implicit,
    3: _by_fixed_array,
    4: _by_extensible_array,
    5: _by_tree,
}
