"""Version 2 B-trees: records of one size in sealed nodes (specification III.A.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keramos.errors import CorruptModelError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keramos.artifact.hdf5.image import Image

_FRAME = 10
"""Bytes of a node beside its records and pointers: signature, version, type, checksum."""
_DEEPEST = 16


class _Tree(NamedTuple):
    """What the header of a tree says, and the widths of counts that follow from it."""

    kind: int
    node_size: int
    record_size: int
    depth: int
    count_width: int
    total_widths: list[int]


def width_of(limit: int) -> int:
    """Bytes that hold every number up to a limit."""
    return max(1, (limit.bit_length() + 7) // 8)


def records(image: Image, address: int, kind: int) -> Iterator[bytes]:
    """All records of a tree, in no particular order.

    Raises:
        CorruptModelError: the tree is damaged, runs in a circle, or holds another type of records.
    """
    size = 16 + image.offsets + 2 + image.lengths + 4
    cursor = image.cursor(image.sealed(address, size, "B-tree header"), "B-tree header")
    cursor.expect(b"BTHD", 0)
    found, node_size, record_size, depth = (
        cursor.uint(1),
        cursor.uint(4),
        cursor.uint(2),
        cursor.uint(2),
    )
    cursor.skip(2)
    root, count, total = cursor.address(), cursor.uint(2), cursor.length()
    if found != kind or not 0 < record_size <= node_size - _FRAME or depth > _DEEPEST:
        raise CorruptModelError(f"there is no B-tree of records of type {kind} at byte {address:,}")
    tree = _tree(image, kind, node_size, record_size, depth)
    if root is not None:
        yield from _walk(image, tree, (root, count), total)


def _tree(image: Image, kind: int, node_size: int, record_size: int, depth: int) -> _Tree:
    """The widths of numbers in nodes, which grow with the number of records that can be below."""
    most = total = (node_size - _FRAME) // record_size
    count_width, total_widths = width_of(most), [0]
    for _ in range(depth):
        pointer = image.offsets + count_width + total_widths[-1]
        most = max(0, (node_size - _FRAME - pointer) // (record_size + pointer))
        total = (most + 1) * total + most
        total_widths.append(width_of(total))
    return _Tree(kind, node_size, record_size, depth, count_width, total_widths)


def _walk(image: Image, tree: _Tree, root: tuple[int, int], total: int) -> Iterator[bytes]:
    seen: set[int] = set()
    waiting = [(*root, tree.depth)]
    number = 0
    while waiting:
        address, count, depth = waiting.pop()
        if address in seen:
            raise CorruptModelError(f"a B-tree comes to its node at byte {address:,} twice")
        seen.add(address)
        found, below = _node(image, tree, address, count, depth)
        number += len(found)
        yield from found
        waiting += [(child, held, depth - 1) for child, held in below]
    if number != total:
        raise CorruptModelError(f"a B-tree has {number:,} records, it says {total:,}")


def _node(
    image: Image, tree: _Tree, address: int, count: int, depth: int
) -> tuple[list[bytes], list[tuple[int, int]]]:
    """Records and (address, number of records) of the nodes below."""
    pointer = image.offsets + tree.count_width + tree.total_widths[depth - 1] if depth else 0
    size = _FRAME + count * tree.record_size + (count + 1 if depth else 0) * pointer
    if size > tree.node_size:
        raise CorruptModelError(
            f"the B-tree node at byte {address:,} has more records than it has room for"
        )
    cursor = image.cursor(image.sealed(address, size, "B-tree node"), "B-tree node")
    cursor.expect(b"BTIN" if depth else b"BTLF", 0)
    if cursor.uint(1) != tree.kind:
        raise CorruptModelError(f"the B-tree node at byte {address:,} has records of another type")
    found = [cursor.take(tree.record_size) for _ in range(count)]
    below = []
    for _ in range(count + 1 if depth else 0):
        child, held = cursor.address(), cursor.uint(tree.count_width)
        cursor.skip(tree.total_widths[depth - 1])
        if child is None:
            raise CorruptModelError(f"the B-tree node at byte {address:,} has an undefined address")
        below.append((child, held))
    return found, below
