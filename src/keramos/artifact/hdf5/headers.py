"""Object headers: the list of messages that say what an object is (specification IV.A)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.artifact.hdf5.image import STRUCTURE_COST
from keramos.errors import CorruptModelError, UnsupportedModelError
from keramos.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keramos.artifact.hdf5.image import Cursor, Image

DATASPACE, LINK_INFO, DATATYPE, OLD_FILL, FILL, LINK, EXTERNAL, LAYOUT = 1, 2, 3, 4, 5, 6, 7, 8
PIPELINE, ATTRIBUTE, CONTINUATION, SYMBOL_TABLE, ATTRIBUTE_INFO = 0x0B, 0x0C, 0x10, 0x11, 0x15

_NEWEST_KIND = 0x18
_SHARED, _FAIL_IF_UNKNOWN = 0b10, 0b1000_0000
_TIMES, _PHASES, _ORDERED, _SIZE = 0b10_0000, 0b1_0000, 0b100, 0b11
_COMMITTED = 2
_SIGNED = b"OHDR"


class Message(Frozen, frozen=True):
    """One message of an object header."""

    kind: int
    shared: bool
    body: bytes


class Header(Frozen, frozen=True):
    """All messages of the object at an address."""

    address: int
    messages: tuple[Message, ...]

    def all(self, kind: int) -> list[Message]:
        """Every message of a kind."""
        return [message for message in self.messages if message.kind == kind]

    def one(self, kind: int) -> Message | None:
        """The message of a kind that an object has at most one of.

        Raises:
            CorruptModelError: it has several.
        """
        found = self.all(kind)
        if len(found) > 1:
            raise CorruptModelError(
                f"the object header at byte {self.address:,} has {len(found)} messages of type "
                f"{kind}"
            )
        return found[0] if found else None


def read_header(image: Image, address: int) -> Header:
    """The object header at an address, with its continuations.

    Raises:
        ModelError: it is damaged, or holds something no reader may ignore.
    """
    signed = bytes(image.view(address, 4, "object header")) == _SIGNED
    messages = tuple((_second if signed else _first)(image, address))
    unknown = [
        kind for kind, flags, _ in messages if flags & _FAIL_IF_UNKNOWN and kind > _NEWEST_KIND
    ]
    if unknown:
        raise UnsupportedModelError(
            f"the object header at byte {address:,} has a message of an unknown type",
            received=str(unknown[0]),
        )
    return Header(
        address, tuple(Message(kind, bool(flags & _SHARED), body) for kind, flags, body in messages)
    )


def _first(image: Image, address: int) -> list[tuple[int, int, bytes]]:
    """Version 1: a count of messages, in blocks without checksums."""
    prefix = image.cursor(image.block(address, 16, "object header"), "object header")
    version = prefix.uint(1)
    if version != 1:
        raise CorruptModelError(f"there is no object header at byte {address:,}")
    prefix.skip(1)
    count = prefix.uint(2)
    prefix.skip(4)
    waiting = [(address + 16, prefix.uint(4))]
    found: list[tuple[int, int, bytes]] = []
    for at, size in _once(waiting):
        cursor = image.cursor(image.block(at, size, "object header"), "object header")
        while cursor.left >= 8 and len(found) < count:  # noqa: PLR2004 (bytes of a message's own header)
            kind, length, flags = cursor.uint(2), cursor.uint(2), cursor.uint(1)
            cursor.skip(3)
            _keep(image, waiting, found, (kind, flags, cursor.take(length)))
    if len(found) != count:
        raise CorruptModelError(
            f"the object header at byte {address:,} has {len(found)} messages, it says {count}"
        )
    return found


def _second(image: Image, address: int) -> list[tuple[int, int, bytes]]:
    """Version 2: sealed blocks, filled with messages to the end."""
    prefix = image.cursor(image.view(address, 6, "object header").tobytes(), "object header")
    prefix.expect(_SIGNED, 2)
    flags = prefix.uint(1)
    before = 6 + (16 if flags & _TIMES else 0) + (4 if flags & _PHASES else 0)
    width = 1 << (flags & _SIZE)
    size = int.from_bytes(image.view(address + before, width, "object header"), "little")
    waiting = [(address, before + width + size + 4)]
    found: list[tuple[int, int, bytes]] = []
    for at, length in _once(waiting):
        cursor = image.cursor(image.sealed(at, length, "object header"), "object header")
        if at == address:
            cursor.skip(before + width)
        elif cursor.take(4) != b"OCHK":
            raise CorruptModelError(
                f"the object header at byte {address:,} is continued at byte {at:,} by something "
                "else"
            )
        _messages(image, cursor, 2 if flags & _ORDERED else 0, waiting, found)
    return found


def _messages(
    image: Image,
    cursor: Cursor,
    order: int,
    waiting: list[tuple[int, int]],
    found: list[tuple[int, int, bytes]],
) -> None:
    while cursor.left >= 4 + order:
        kind, size, flags = cursor.uint(1), cursor.uint(2), cursor.uint(1)
        cursor.skip(order)
        _keep(image, waiting, found, (kind, flags, cursor.take(size)))


def _keep(
    image: Image,
    waiting: list[tuple[int, int]],
    found: list[tuple[int, int, bytes]],
    message: tuple[int, int, bytes],
) -> None:
    image.spend(STRUCTURE_COST // 2)
    found.append(message)
    if message[0] == CONTINUATION:
        cursor = image.cursor(message[2], "continuation")
        at = cursor.address()
        if at is None:
            raise CorruptModelError("an object header has a continuation with an undefined address")
        waiting.append((at, cursor.length()))


def _once(waiting: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Blocks in the order of their finding; the list grows meanwhile."""
    seen = set()
    for at, size in waiting:
        if at in seen:
            raise CorruptModelError(f"an object header is continued at byte {at:,} twice")
        seen.add(at)
        yield at, size


def committed(image: Image, data: bytes, kind: int) -> bytes:
    """The message of a kind that another one stands for by the address of its object (specification
    IV.A.2, shared).

    Raises:
        UnsupportedModelError: it lies in the file's table of shared messages, which Keras never
            makes.
        CorruptModelError: it is not there.
    """
    cursor = image.cursor(data, "shared message")
    version, where = cursor.uint(1), cursor.uint(1)
    if version not in (1, 2, 3):
        raise CorruptModelError(
            "a shared message has an unknown version; 1, 2 and 3 are known",
            received=str(version),
        )
    if version == 3 and where != _COMMITTED:  # noqa: PLR2004
        raise UnsupportedModelError(
            "the file uses a table of shared messages, which Keras never writes",
            remedy="Rewrite the file with h5repack",
        )
    if version == 1:
        cursor.skip(6)
    address = cursor.address()
    message = None if address is None else read_header(image, address).one(kind)
    if message is None or message.shared:
        raise CorruptModelError(
            f"a shared message points to byte {address}, where the file has no such message",
        )
    return message.body
