"""What a group holds: the names in it and where each leads (specification IV.A.2.c, g, r; III.B,
III.D).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.artifact.hdf5.btree1 import GROUP, children
from keramos.artifact.hdf5.headers import LINK, LINK_INFO, SYMBOL_TABLE
from keramos.errors import CorruptModelError, LimitExceededError
from keramos.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keramos.artifact.hdf5.headers import Header
    from keramos.artifact.hdf5.image import Cursor, Image

_KINDS = {1: "a soft link", 64: "an external link"}
_TYPED, _ORDERED, _CHARSET, _WIDTH = 0b1000, 0b100, 0b1_0000, 0b11
_SOFT = 2
_TRACKED, _INDEXED = 0b1, 0b10
_SYMBOLS = 4
_LINKED_BY_NAME = 5


class Link(Frozen, frozen=True):
    """A name in a group. ``address`` is its object's header; ``kind`` says what it is if not a hard
    link.
    """

    name: bytes
    address: int
    kind: str
    order: int = 0


def is_group(header: Header) -> bool:
    """Whether an object is a group."""
    return any(message.kind in {SYMBOL_TABLE, LINK_INFO, LINK} for message in header.messages)


def links(image: Image, header: Header) -> dict[str, Link]:
    """The links of a group by name: in the order of their making where the group keeps it, else of
    their names.

    Raises:
        ModelError: the group is damaged or holds more than the limit.
    """
    table, info = header.one(SYMBOL_TABLE), header.one(LINK_INFO)
    ordered = False
    found: list[Link] = []
    if table is not None:
        found += _counted(image, _symbols(image, table.body))
    if info is not None:
        cursor = image.cursor(info.body, "link info message")
        ordered = _flags(cursor)
        heap, index = cursor.address(), cursor.address()
        if heap is not None:
            found += _counted(image, _dense(image, heap, index))
    found += [_link(image, message.body) for message in header.all(LINK)]
    found.sort(key=(lambda link: link.order) if ordered else (lambda link: link.name))
    return _named(found)


def _counted(image: Image, found: Iterator[Link]) -> list[Link]:
    kept: list[Link] = []
    for link in found:
        kept.append(link)
        if len(kept) > image.limits.objects:
            raise LimitExceededError(
                f"the group holds more than {image.limits.objects:,} names, the limit",
            )
    return kept


def _named(found: list[Link]) -> dict[str, Link]:
    named = {link.name.decode("utf-8", "replace"): link for link in found}
    if len(named) != len(found):
        raise CorruptModelError("the group has the same name twice")
    wrong = next((name for name in named if not name or "/" in name), None)
    if wrong is not None:
        raise CorruptModelError(
            "the group holds a name that no path can have", received=repr(wrong[:80])
        )
    return named


def _symbols(image: Image, body: bytes) -> Iterator[Link]:
    """Links of an old group: a B-tree of symbol nodes, whose names lie in a local heap."""
    cursor = image.cursor(body, "symbol table message")
    tree, heap = cursor.address(), cursor.address()
    if tree is None or heap is None:
        raise CorruptModelError("the symbol table has an undefined address")
    names = _local_heap(image, heap)
    before: bytes | None = None
    for _, address in children(image, tree, GROUP, image.lengths):
        for link in _symbol_node(image, address, names):
            if before is not None and link.name <= before:
                raise CorruptModelError(
                    f"the symbol node at byte {address:,} lists its names out of order",
                )
            before = link.name
            yield link


def _symbol_node(image: Image, address: int, names: bytes) -> Iterator[Link]:
    cursor = image.cursor(image.block(address, 8, "symbol node"), "symbol node")
    cursor.expect(b"SNOD", 1)
    cursor.skip(1)
    size = 2 * image.offsets + 24
    count = cursor.uint(2)
    cursor = image.cursor(image.block(address + 8, count * size, "symbol node"), "symbol node")
    for _ in range(count):
        at, target, cached = cursor.uint(image.offsets), cursor.address(), cursor.uint(4)
        cursor.skip(20)
        end = names.find(b"\0", at)
        if cached > _SOFT:
            raise CorruptModelError(
                f"the symbol node at byte {address:,} has an entry of an unknown type",
                received=str(cached),
            )
        if end < 0:
            raise CorruptModelError(
                f"the symbol node at byte {address:,} has a name outside its heap"
            )
        yield Link(names[at:end], *_target(target, _KINDS[1] if cached == _SOFT else ""))


def _target(address: int | None, kind: str) -> tuple[int, str]:
    if address is None and not kind:
        raise CorruptModelError("a name in the group has an undefined address")
    return address or 0, kind


def _local_heap(image: Image, address: int) -> bytes:
    """The data of a local heap, which holds the names of an old group."""
    cursor = image.cursor(
        image.block(address, 8 + 2 * image.lengths + image.offsets, "local heap"), "local heap"
    )
    cursor.expect(b"HEAP", 0)
    cursor.skip(3)
    size = cursor.length()
    cursor.skip(image.lengths)  # the list of free places
    return image.block(cursor.address(), size, "local heap")


def _flags(cursor: Cursor) -> bool:
    """Whether a link info message says that the order of making is kept; the cursor is left before
    the addresses.
    """
    if cursor.uint(1) != 0:
        raise CorruptModelError("the link info message has an unknown version")
    flags = cursor.uint(1)
    cursor.skip(8 if flags & _TRACKED else 0)
    return bool(flags & _TRACKED)


def _dense(image: Image, heap: int, index: int | None) -> Iterator[Link]:
    """Links of a large new group: link messages in a fractal heap, found by a B-tree."""
    # Most groups are small and keep their links elsewhere.
    from keramos.artifact.hdf5.dense import messages  # noqa: PLC0415 (start-up time)

    for body in messages(image, heap, index, _LINKED_BY_NAME):
        yield _link(image, body)


def _link(image: Image, body: bytes) -> Link:
    cursor = image.cursor(body, "link message")
    if cursor.uint(1) != 1:
        raise CorruptModelError("the link message has an unknown version")
    flags = cursor.uint(1)
    kind = cursor.uint(1) if flags & _TYPED else 0
    order = cursor.uint(8) if flags & _ORDERED else 0
    cursor.skip(1 if flags & _CHARSET else 0)
    name = cursor.take(cursor.uint(1 << (flags & _WIDTH)))
    if kind:
        return Link(name, 0, _KINDS.get(kind, "a user-defined link"), order)
    return Link(name, *_target(cursor.address(), ""), order)
