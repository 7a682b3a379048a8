"""Links and attributes of large objects: messages in a fractal heap, listed by a B-tree
(specification III.G).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keramos.artifact.hdf5.btree2 import records, width_of
from keramos.artifact.hdf5.image import STRUCTURE_COST
from keramos.errors import CorruptModelError, UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keramos.artifact.hdf5.image import Cursor, Image

_ID_AT = {5: 4, 8: 0}
"""Type of records in the tree -> where in one the heap's identifier is: after a hash of the name,
or first.
"""
_HUGE_BY_NUMBER = 1
_MANAGED, _HUGE, _TINY = 0, 1, 2
_SEALED_BLOCKS = 0b10
_SHORT_TINY = 16
_MOST_BITS = 64
_LONGEST_ID = 4096


class _Head(NamedTuple):
    """What the header of a fractal heap says. Sizes are bytes."""

    address: int
    id_size: int
    sealed: bool
    most: int
    huge: int | None
    width: int
    start: int
    largest: int
    bits: int
    root: int | None
    rows: int

    @property
    def offset_size(self) -> int:
        """Width of an offset in the heap."""
        return (self.bits + 7) // 8

    @property
    def direct_rows(self) -> int:
        """Rows of a table of blocks that point to blocks of data; those below point to further
        tables.
        """
        return self.largest.bit_length() - self.start.bit_length() + 2

    def block_size(self, row: int) -> int:
        """Size of the blocks in a row: the first two rows are alike, then each doubles."""
        return self.start << max(0, row - 1)


def messages(image: Image, heap_at: int, tree_at: int | None, kind: int) -> Iterator[bytes]:
    """The bytes of every link (``kind`` 5) or attribute (8) message of an object.

    Raises:
        ModelError: heap or tree are damaged, or hold something Keras never writes.
    """
    if tree_at is None:
        raise CorruptModelError("the group has names without an index")
    heap, at = _Heap(image, heap_at), _ID_AT[kind]
    for record in records(image, tree_at, kind):
        yield heap.object(record[at:])


def _head(image: Image, address: int) -> _Head:
    size = 22 + 12 * image.lengths + 3 * image.offsets + 4
    cursor = image.cursor(image.sealed(address, size, "fractal heap"), "fractal heap")
    cursor.expect(b"FRHP", 0)
    id_size, filters, flags, most = cursor.uint(2), cursor.uint(2), cursor.uint(1), cursor.uint(4)
    if filters:
        raise UnsupportedModelError(
            "the group keeps names in a compressed heap, which Keras never writes",
            remedy="Rewrite the file with h5repack",
        )
    cursor.skip(image.lengths)
    huge = cursor.address()
    cursor.skip(image.lengths + image.offsets + 8 * image.lengths)
    width, start, largest, bits = cursor.uint(2), cursor.length(), cursor.length(), cursor.uint(2)
    cursor.skip(2)
    root, rows = cursor.address(), cursor.uint(2)
    powers = all(value and not value & (value - 1) for value in (width, start, largest))
    if (
        not powers
        or start > largest
        or bits > _MOST_BITS
        or rows > _MOST_BITS
        or not 1 < id_size <= _LONGEST_ID
    ):
        raise CorruptModelError(
            f"the fractal heap at byte {address:,} declares an impossible table of blocks"
        )
    return _Head(
        address,
        id_size,
        bool(flags & _SEALED_BLOCKS),
        most,
        huge,
        width,
        start,
        largest,
        bits,
        root,
        rows,
    )


class _Heap:
    """An open fractal heap; each of its blocks and tables is read once."""

    def __init__(self, image: Image, address: int) -> None:
        self._image = image
        self._head = _head(image, address)
        self._blocks: dict[int, tuple[int, bytes]] = {}
        self._tables: dict[int, list[int | None]] = {}
        self._huge: dict[int, tuple[int | None, int]] | None = None

    def object(self, identifier: bytes) -> bytes:
        """An object by its identifier."""
        cursor = self._image.cursor(identifier, "heap identifier")
        first = cursor.uint(1)
        kind = first >> 4
        if kind == _TINY:
            return self._tiny(cursor, first)
        if kind == _HUGE:
            return self._large(cursor)
        if kind != _MANAGED:
            raise self._damaged(f"has an object of unknown type {kind}")
        offset = cursor.uint(self._head.offset_size)
        size = cursor.uint(min(width_of(self._head.largest), width_of(self._head.most)))
        begin, block = self._block(offset)
        if offset - begin + size > len(block):
            raise self._damaged("has an object that leaves its block")
        self._image.spend(size + STRUCTURE_COST // 2)
        return block[offset - begin : offset - begin + size]

    def _damaged(self, what: str) -> CorruptModelError:
        return CorruptModelError(f"the fractal heap at byte {self._head.address:,} {what}")

    def _tiny(self, cursor: Cursor, first: int) -> bytes:
        """An object so small that it lies in its identifier."""
        size = first & 0x0F
        if self._head.id_size - 1 > _SHORT_TINY:
            size = size << 8 | cursor.uint(1)
        return cursor.take(size + 1)

    def _large(self, cursor: Cursor) -> bytes:
        """An object too large for a block: it lies alone, at an address that its identifier or a
        tree knows.
        """
        if self._head.id_size > self._image.offsets + self._image.lengths:
            address, size = cursor.address(), cursor.length()
        else:
            if self._huge is None:
                self._huge = dict(self._places())
            number = cursor.uint(min(self._head.id_size - 1, 8))
            if number not in self._huge:
                raise self._damaged(f"does not know its object {number}")
            address, size = self._huge[number]
        return self._image.text(address, size, "large attribute")

    def _places(self) -> Iterator[tuple[int, tuple[int | None, int]]]:
        if self._head.huge is None:
            raise self._damaged("has large objects without an index")
        for record in records(self._image, self._head.huge, _HUGE_BY_NUMBER):
            cursor = self._image.cursor(record, "record of a large attribute")
            address, size = cursor.address(), cursor.length()
            yield cursor.length(), (address, size)

    def _block(self, offset: int) -> tuple[int, bytes]:
        """Begin in the heap and bytes of the block of data that holds an offset."""
        head = self._head
        address, begin, rows, size = head.root, 0, head.rows, head.start
        while rows:
            address, begin, rows, size = self._step(address, begin, rows, offset)
        if offset >= begin + size or address is None:
            raise self._damaged(f"has no block at {offset:,}")
        if address not in self._blocks:
            self._blocks[address] = begin, self._direct(address, begin, size)
        if self._blocks[address][0] != begin:
            raise self._damaged(f"uses its block at byte {address:,} twice")
        return self._blocks[address]

    def _step(
        self, address: int | None, begin: int, rows: int, offset: int
    ) -> tuple[int | None, int, int, int]:
        """From a table to the block or further table that holds an offset: its address, begin, rows
        and size.
        """
        head = self._head
        row = 0
        while row < rows and offset >= begin + head.width * head.block_size(row):
            begin += head.width * head.block_size(row)
            row += 1
        if row == rows:
            raise self._damaged(f"has no block at {offset:,}")
        size = head.block_size(row)
        column = (offset - begin) // size
        below = (
            size.bit_length() - (head.width * head.start).bit_length() + 1
            if row >= head.direct_rows
            else 0
        )
        if row >= head.direct_rows and below < 1:
            raise self._damaged("declares an impossible table of blocks")
        return (
            self._table(address, rows)[row * head.width + column],
            begin + column * size,
            below,
            size,
        )

    def _table(self, address: int | None, rows: int) -> list[int | None]:
        """Addresses of the blocks in a table."""
        if address is None:
            raise self._damaged("has a table of blocks that lies nowhere")
        if address not in self._tables:
            count = rows * self._head.width
            size = (
                5 + self._image.offsets + self._head.offset_size + count * self._image.offsets + 4
            )
            cursor = self._image.cursor(
                self._image.sealed(address, size, "table of blocks"), "table of blocks"
            )
            cursor.expect(b"FHIB", 0)
            self._check_owner(cursor)
            self._tables[address] = [cursor.address() for _ in range(count)]
        if len(self._tables[address]) != rows * self._head.width:
            raise self._damaged(f"uses its table at byte {address:,} twice")
        return self._tables[address]

    def _direct(self, address: int, begin: int, size: int) -> bytes:
        """A block of data, whole: offsets count from the block's own header."""
        block = self._image.block(address, size, "heap block")
        cursor = self._image.cursor(block, "heap block")
        cursor.expect(b"FHDB", 0)
        if self._check_owner(cursor) != begin:
            raise self._damaged(f"has the block of another place at byte {address:,}")
        if self._head.sealed:
            self._image.check_seal(block, cursor.at, f"heap block at byte {address:,}")
        return block

    def _check_owner(self, cursor: Cursor) -> int:
        if cursor.address() != self._head.address:
            raise self._damaged("contains a block of another heap")
        return cursor.uint(self._head.offset_size)
