"""Fixed and extensible arrays, which index the chunks of newer datasets by number (specification
VII.C, VII.D).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keramos.artifact.hdf5.image import SEAL_BYTES
from keramos.errors import CorruptModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.artifact.hdf5.image import Cursor, Image

_MOST_BITS = 63


def fixed_array(image: Image, address: int) -> Callable[[int], bytes | None]:
    """Looks up the element of a number; None where it was never written.

    Raises:
        CorruptModelError: the array is damaged; also when an element is looked up.
    """
    size = 8 + image.lengths + image.offsets + SEAL_BYTES
    cursor = image.cursor(image.sealed(address, size, "fixed array"), "fixed array")
    cursor.expect(b"FAHD", 0)
    client, width, bits, count, block = (
        cursor.uint(1), cursor.uint(1), cursor.uint(1), cursor.length(), cursor.address(),
    )  # fmt: skip
    if bits > _MOST_BITS:
        raise CorruptModelError(
            f"the fixed array at byte {address:,} declares impossible pages",
            received=f"2^{bits} elements a page",
        )
    if block is None:
        return lambda _: None
    head = _BlockHead(b"FADB", client, address, 0)
    found = _Block(image, head, block, _Elements(width, count, count > 1 << bits, 1 << bits))

    def element(number: int) -> bytes | None:
        if number >= count:
            raise CorruptModelError(
                f"the fixed array at byte {address:,} ends before chunk {number:,}"
            )
        return found.element(number)

    return element


class _BlockHead(NamedTuple):
    """What a block of elements must begin with, and the width of its own offset."""

    signature: bytes
    client: int
    owner: int
    offset_size: int

    def check(self, cursor: Cursor) -> None:
        """Pass the beginning of a block."""
        cursor.expect(self.signature, 0)
        if cursor.uint(1) != self.client or cursor.address() != self.owner:
            raise CorruptModelError(f"the array at byte {self.owner:,} contains a block of another")
        cursor.skip(self.offset_size)


class _Elements(NamedTuple):
    """Width and number of the elements in a block, and whether and how they come in pages."""

    width: int
    number: int
    paged: bool
    page: int


class _Block:
    """A block of elements; a paged one is read page by page. ``written`` overrides the block's own
    list of pages.
    """

    def __init__(
        self,
        image: Image,
        head: _BlockHead,
        address: int,
        elements: _Elements,
        written: bytes | None = None,
    ) -> None:
        self._image = image
        self._elements = elements
        pages = -(-elements.number // elements.page) if elements.paged else 0
        listed = (pages + 7) // 8 if written is None else 0
        body = 0 if elements.paged else elements.number * elements.width
        size = 6 + image.offsets + head.offset_size + listed + body + SEAL_BYTES
        cursor = image.cursor(image.sealed(address, size, "array block"), "array block")
        head.check(cursor)
        self._written = cursor.take(listed) if written is None else written
        self._data = cursor.take(body)
        self._pages = address + size
        self._read: dict[int, bytes] = {}

    def element(self, number: int) -> bytes | None:
        """The element of a number."""
        width = self._elements.width
        if not self._elements.paged:
            return self._data[number * width : (number + 1) * width]
        page, place = divmod(number, self._elements.page)
        if not self._written[page // 8] & 0x80 >> page % 8:
            return None
        if page not in self._read:
            full = self._elements.page * width + SEAL_BYTES
            count = min(self._elements.page, self._elements.number - page * self._elements.page)
            self._read[page] = self._image.sealed(
                self._pages + page * full, count * width + SEAL_BYTES, "array page"
            )
        return self._read[page][place * width : (place + 1) * width]


class _Extensible(NamedTuple):
    """What the header of an extensible array says."""

    client: int
    width: int
    bits: int
    first: int
    smallest: int
    pointers: int
    page: int
    address: int
    first_block: int | None

    def head(self, signature: bytes, *, offset: bool = True) -> _BlockHead:
        """What one of its blocks begins with."""
        return _BlockHead(
            signature, self.client, self.address, (self.bits + 7) // 8 if offset else 0
        )

    def group(self, number: int) -> tuple[int, int, int]:
        """Group of blocks that holds an element: its place, the block's place in it, the element's
        place in that.

        Group g has 2^(g//2) blocks of 2^((g+1)//2) times the smallest block's elements.
        """
        group = (number // self.smallest + 1).bit_length() - 1
        within = number - ((1 << group) - 1) * self.smallest
        return group, *divmod(within, self.block(group))

    def block(self, group: int) -> int:
        """Elements in each block of a group."""
        return self.smallest << (group + 1) // 2


def extensible_array(image: Image, address: int) -> Callable[[int], bytes | None]:
    """Looks up the element of a number; None where it was never written.

    Raises:
        CorruptModelError: the array is damaged; also when an element is looked up.
    """
    size = 12 + 6 * image.lengths + image.offsets + SEAL_BYTES
    cursor = image.cursor(image.sealed(address, size, "extensible array"), "extensible array")
    cursor.expect(b"EAHD", 0)
    client, width, bits, first, smallest, pointers, page = (cursor.uint(1) for _ in range(7))
    cursor.skip(6 * image.lengths)
    array = _Extensible(
        client,
        width,
        bits,
        first,
        smallest,
        pointers,
        1 << min(page, _MOST_BITS),
        address,
        cursor.address(),
    )
    powers = all(value and not value & (value - 1) for value in (smallest, pointers))
    if not powers or pointers < 2 or bits > _MOST_BITS:  # noqa: PLR2004
        raise CorruptModelError(
            f"the extensible array at byte {address:,} declares an impossible table of blocks"
        )
    return (
        (lambda _: None)
        if array.first_block is None
        else _Index(image, array, array.first_block).element
    )


class _Index:
    """An extensible array's index block; each block below is read once."""

    def __init__(self, image: Image, array: _Extensible, address: int) -> None:
        self._image = image
        self._array = array
        self._direct_groups = 2 * (array.pointers.bit_length() - 1)
        direct = 2 * (array.pointers - 1)
        groups = 1 + array.bits - (array.smallest.bit_length() - 1) - self._direct_groups
        if groups < 0:
            raise CorruptModelError(
                f"the extensible array at byte {array.address:,} declares an impossible table"
            )
        size = (
            6
            + image.offsets
            + array.first * array.width
            + (direct + groups) * image.offsets
            + SEAL_BYTES
        )
        cursor = image.cursor(image.sealed(address, size, "array index"), "array index")
        array.head(b"EAIB", offset=False).check(cursor)
        self._first = cursor.take(array.first * array.width)
        self._direct = [cursor.address() for _ in range(direct)]
        self._groups = [cursor.address() for _ in range(groups)]
        self._blocks: dict[tuple[int, int], _Block] = {}
        self._tables: dict[int, tuple[list[int | None], list[bytes]]] = {}

    def element(self, number: int) -> bytes | None:
        """The element of a number."""
        array = self._array
        if number < array.first:
            return self._first[number * array.width : (number + 1) * array.width]
        group, place, within = array.group(number - array.first)
        if group < self._direct_groups:
            before = sum(1 << earlier // 2 for earlier in range(group))
            address, written = self._direct[before + place], None
        elif group - self._direct_groups < len(self._groups):
            address, written = self._indirect(group, place)
        else:
            raise CorruptModelError(
                f"the extensible array at byte {array.address:,} ends before chunk {number:,}"
            )
        if address is None:
            return None
        if (group, place) not in self._blocks:
            count = array.block(group)
            elements = _Elements(
                array.width, count, written is not None and count > array.page, array.page
            )
            self._blocks[group, place] = _Block(
                self._image, array.head(b"EADB"), address, elements, written or b""
            )
        return self._blocks[group, place].element(within)

    def _indirect(self, group: int, place: int) -> tuple[int | None, bytes | None]:
        """Address of a block and which of its pages are written, from its group's table."""
        address = self._groups[group - self._direct_groups]
        if address is None:
            return None, None
        if group not in self._tables:
            self._tables[group] = self._table(address, group)
        blocks, written = self._tables[group]
        return blocks[place], written[place]

    def _table(self, address: int, group: int) -> tuple[list[int | None], list[bytes]]:
        array, blocks = self._array, 1 << group // 2
        count = array.block(group)
        listed = (count // array.page + 7) // 8 if count > array.page else 0
        head = array.head(b"EASB")
        size = (
            6
            + self._image.offsets
            + head.offset_size
            + blocks * (listed + self._image.offsets)
            + SEAL_BYTES
        )
        cursor = self._image.cursor(self._image.sealed(address, size, "array table"), "array table")
        head.check(cursor)
        written = [cursor.take(listed) for _ in range(blocks)]
        return [cursor.address() for _ in range(blocks)], written
