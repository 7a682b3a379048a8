"""Global heaps, where texts of any length lie (specification III.E)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.errors import CorruptModelError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keramos.artifact.hdf5.image import Image


class GlobalHeap:
    """The texts of a file, by the references that attributes hold; each collection is read once."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self._collections: dict[int, dict[int, tuple[int, int]]] = {}

    def texts(self, references: bytes) -> Iterator[bytes]:
        """The text behind each reference: its length, its collection's address, its number there.

        Raises:
            CorruptModelError: a collection is damaged or does not hold it.
            LimitExceededError: the file's texts come to more than the limit.
        """
        cursor = self._image.cursor(references, "reference to a text")
        while cursor.left:
            size, address, number = cursor.uint(4), cursor.address(), cursor.uint(4)
            yield self._text(address, number, size) if size else b""

    def _text(self, address: int | None, number: int, size: int) -> bytes:
        if address is None:
            raise CorruptModelError("a text has an undefined address")
        if address not in self._collections:
            self._collections[address] = dict(self._objects(address))
        begin, there = self._collections[address].get(number, (0, -1))
        if size != there:
            raise CorruptModelError(
                f"a text of {size:,} bytes is not in its heap at byte {address:,}"
            )
        return self._image.text(begin, size, "text")

    def _objects(self, address: int) -> Iterator[tuple[int, tuple[int, int]]]:
        """Number -> place and size of everything in a collection."""
        image = self._image
        cursor = image.cursor(image.block(address, 8 + image.lengths, "global heap"), "global heap")
        cursor.expect(b"GCOL", 1)
        cursor.skip(3)
        size = cursor.length()
        image.view(address, size, "global heap")
        at, end = address + 8 + image.lengths, address + size
        head = 8 + image.lengths
        while at + head <= end:
            cursor = image.cursor(image.block(at, head, "global heap"), "global heap")
            number = cursor.uint(2)
            cursor.skip(6)
            length = cursor.length()
            if number == 0:
                return
            if at + head + length > end:
                raise CorruptModelError(
                    f"the global heap at byte {address:,} has a text that leaves it"
                )
            yield number, (at + head, length)
            at += head + length + -length % 8
