"""Version 1 B-trees: they list symbol nodes of old groups and chunks of old datasets (specification
III.A.1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.artifact.hdf5.image import STRUCTURE_COST
from keramos.errors import CorruptModelError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keramos.artifact.hdf5.image import Image

GROUP, CHUNKS = 0, 1


def children(image: Image, root: int, kind: int, key_size: int) -> Iterator[tuple[bytes, int]]:
    """(key, address) of everything the leaves of a tree point to, in order.

    Raises:
        CorruptModelError: the tree is damaged or runs in a circle.
    """
    seen: set[int] = set()
    waiting: list[tuple[int, int | None]] = [(root, None)]
    while waiting:
        address, level = waiting.pop()
        if address in seen:
            raise CorruptModelError(f"the B-tree at byte {root:,} runs in a circle")
        seen.add(address)
        here, entries = _node(image, address, kind, key_size)
        if level is not None and here != level:
            raise CorruptModelError(
                f"the B-tree node at byte {address:,} is on another level than {level}",
                received=str(here),
            )
        if here == 0:
            yield from entries
        else:
            waiting += [(child, here - 1) for _, child in reversed(entries)]


def _node(
    image: Image, address: int, kind: int, key_size: int
) -> tuple[int, list[tuple[bytes, int]]]:
    """Level and (key, child) entries of a node."""
    size = 8 + 2 * image.offsets
    cursor = image.cursor(image.block(address, size, "B-tree node"), "B-tree node")
    found = cursor.take(4)
    node_kind, level, used = cursor.uint(1), cursor.uint(1), cursor.uint(2)
    if found != b"TREE" or node_kind != kind:
        raise CorruptModelError(f"there is no B-tree node of type {kind} at byte {address:,}")
    step = key_size + image.offsets
    cursor = image.cursor(image.block(address + size, used * step, "B-tree node"), "B-tree node")
    image.spend(used * STRUCTURE_COST // 4)
    entries = []
    for _ in range(used):
        key, child = cursor.take(key_size), cursor.address()
        if child is None:
            raise CorruptModelError(f"the B-tree node at byte {address:,} has an undefined address")
        entries.append((key, child))
    return level, entries
