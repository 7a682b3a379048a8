"""The bytes of one HDF5 file: every access is checked, every structure read is paid for from a
budget.
"""

from __future__ import annotations

from bisect import bisect
from typing import TYPE_CHECKING

from keramos.errors import CorruptModelError, LimitExceededError
from keramos.frozen import Frozen

if TYPE_CHECKING:
    from keramos.artifact.limits import Limits

SEAL_BYTES = 4
STRUCTURE_COST = 256
"""How many bytes could be parsed in the time that any one structure takes, and stored in the
memory.
"""
_CHECKSUM_COST = 8
"""How much longer a byte takes to check than to parse, in pure Python."""
_FREE_BYTES = 32 << 20
"""As much may be unpacked from a file however small; beyond, the ratio to its size is limited."""


class Extent(Frozen, frozen=True):
    """A stretch of the file that holds values."""

    address: int
    size: int


class Cursor:
    """Reads little-endian numbers one after the other, never beyond the end of its block."""

    __slots__ = ("_at", "_data", "_lengths", "_offsets", "_what")

    def __init__(self, data: bytes, what: str, offsets: int, lengths: int) -> None:
        self._data = data
        self._what = what
        self._offsets = offsets
        self._lengths = lengths
        self._at = 0

    def uint(self, size: int) -> int:
        """An unsigned number of ``size`` bytes."""
        begin, self._at = self._at, self._at + size
        if self._at > len(self._data):
            raise CorruptModelError(
                f"the {self._what} ends after {len(self._data):,} bytes, in the middle of a field"
            )
        return int.from_bytes(self._data[begin : self._at], "little")

    def address(self) -> int | None:
        """An address in the file; None where it is undefined."""
        value = self.uint(self._offsets)
        return None if value == (1 << 8 * self._offsets) - 1 else value

    def length(self) -> int:
        """A size in the file's own width."""
        return self.uint(self._lengths)

    def take(self, size: int) -> bytes:
        """The next ``size`` bytes."""
        begin, self._at = self._at, self._at + size
        if self._at > len(self._data):
            raise CorruptModelError(
                f"the {self._what} declares {size:,} bytes where {len(self._data) - begin:,} are "
                "left",
            )
        return self._data[begin : self._at]

    def text(self) -> bytes:
        """Bytes up to a NUL, which is skipped."""
        end = self._data.find(b"\0", self._at)
        if end < 0:
            raise CorruptModelError(f"the {self._what} has a name without an end")
        begin, self._at = self._at, end + 1
        return self._data[begin:end]

    def skip(self, size: int) -> None:
        """Pass over ``size`` bytes."""
        self._at += size

    def align(self) -> None:
        """Pass over padding to the next multiple of 8 bytes from the start of the block."""
        self._at += -self._at % 8

    @property
    def at(self) -> int:
        """How many bytes are behind."""
        return self._at

    @property
    def left(self) -> int:
        """How many bytes lie ahead."""
        return len(self._data) - self._at

    def rest(self) -> bytes:
        """All bytes that lie ahead."""
        return self._data[self._at :]

    def expect(self, signature: bytes, *versions: int) -> int:
        """Pass a structure's signature and its version, which is returned.

        Raises:
            CorruptModelError: something else is there.
        """
        found = self.take(len(signature))
        if found != signature:
            raise CorruptModelError(
                f"the {self._what} should begin with {signature!r}",
                received=repr(found),
            )
        version = self.uint(1)
        if version not in versions:
            raise CorruptModelError(
                f"the {self._what} has an unknown version; known: {', '.join(map(str, versions))}",
                received=str(version),
            )
        return version


class Image:
    """One HDF5 file in memory. Addresses count from the end of a user block, as inside the file."""

    def __init__(self, data: memoryview, limits: Limits, offsets: int, lengths: int) -> None:
        self.limits = limits
        self.offsets = offsets
        self.lengths = lengths
        self._data = data
        self._structures = limits.structure_bytes
        self._texts = self._most_text = (
            2 * limits.config_bytes
        )  # the config, the names of layers and weights
        self._arrays = limits.weight_bytes
        self._unpacked = 0
        self._claims: list[tuple[int, int]] = []
        self._owners: set[int] = set()

    def view(self, address: int | None, size: int, what: str) -> memoryview:
        """Bytes of the file, not copied.

        Raises:
            CorruptModelError: they are not all in the file.
        """
        if address is None or address + size > len(self._data):
            place = "nowhere" if address is None else f"at byte {address:,}"
            raise CorruptModelError(
                f"the {what} of {size:,} bytes is {place}; the file has {len(self._data):,} bytes",
            )
        return self._data[address : address + size]

    def cursor(self, data: bytes, what: str) -> Cursor:
        """Reads numbers of this file's widths from bytes."""
        return Cursor(data, what, self.offsets, self.lengths)

    def block(self, address: int | None, size: int, what: str) -> bytes:
        """A structure's bytes, paid for.

        Raises:
            CorruptModelError: they are not all in the file.
            LimitExceededError: the file has made us read more structures than the limit.
        """
        found = self.view(address, size, what)
        self.spend(size + STRUCTURE_COST)
        return bytes(found)

    def spend(self, size: int) -> None:
        """Pay for reading ``size`` bytes of structures.

        Raises:
            LimitExceededError: the file has made us read more than the limit.
        """
        self._structures -= size
        if self._structures < 0:
            raise LimitExceededError(
                f"the structures of the file come to more than {self.limits.structure_bytes:,} "
                "bytes, the limit",
            )

    def sealed(self, address: int | None, size: int, what: str) -> bytes:
        """A structure of ``size`` bytes without the checksum at its end, which is verified.

        Raises:
            CorruptModelError: the checksum differs, or the bytes are not all in the file.
        """
        data = self.block(address, size, what)
        self.check_seal(data, size - SEAL_BYTES, f"{what} at byte {address:,}")
        return data[:-SEAL_BYTES]

    def check_seal(self, data: bytes, at: int, what: str) -> None:
        """Verify the checksum at a place in a structure; it counts all bytes, with zeros in its own
        place.

        Raises:
            CorruptModelError: it differs.
        """
        self.spend(len(data) * _CHECKSUM_COST)
        end = at + SEAL_BYTES
        body = data[:at] if end == len(data) else data[:at] + bytes(SEAL_BYTES) + data[end:]
        from keramos.artifact.hdf5.lookup3 import lookup3  # noqa: PLC0415 (newer files have sums)

        if lookup3(body) != int.from_bytes(data[at:end], "little"):
            raise CorruptModelError(f"the {what} is damaged: its checksum differs")

    def text(self, address: int | None, size: int, what: str) -> bytes:
        """Bytes of a text, copied and paid for from the budget of texts.

        Raises:
            CorruptModelError: they are not all in the file.
            LimitExceededError: the texts read so far come to more than the limit.
        """
        self.pay_text(size)
        return self.view(address, size, what).tobytes()

    def pay_text(self, size: int) -> None:
        """Pay for ``size`` bytes of text.

        Raises:
            LimitExceededError: the texts read so far come to more than the limit.
        """
        self._texts -= size
        if self._texts < 0:
            raise LimitExceededError(
                f"the texts of the file come to more than {self._most_text:,} bytes, the limit",
            )

    def claim(self, owner: int, extents: list[Extent], unpacked: int) -> None:
        """Note that the object at ``owner`` keeps its values at ``extents`` and unpacks to so many
        bytes.

        Raises:
            LimitExceededError: all arrays together, or their ratio to the file's size, exceed the
                limits.
            CorruptModelError: other values lie there as well.
        """
        if unpacked > self._arrays:
            raise LimitExceededError(
                "the dataset exceeds the limit for all weights together, "
                f"{self.limits.weight_bytes:,} bytes",
                received=f"{unpacked:,} bytes",
            )
        self._arrays -= unpacked
        self._unpacked += unpacked
        if self._unpacked > max(_FREE_BYTES, self.limits.weight_ratio * len(self._data)):
            raise LimitExceededError(
                f"the dataset declares {unpacked:,} bytes in a file of {len(self._data):,}; all "
                f"weights may come to {self.limits.weight_ratio} times the file",
            )
        if owner in self._owners:
            return
        self._owners.add(owner)
        for extent in extents:
            if extent.size:
                self._claim(extent.address, extent.address + extent.size)

    def _claim(self, begin: int, end: int) -> None:
        place = bisect(self._claims, (begin, end))
        before = self._claims[place - 1][1] if place else 0
        after = self._claims[place][0] if place < len(self._claims) else end
        if before > begin or after < end:
            raise CorruptModelError(
                f"the dataset has values at byte {begin:,} where other values are"
            )
        self._claims.insert(place, (begin, end))
