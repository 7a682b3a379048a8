"""One checkpoint: an index and its shards. Tensors are read when they are asked for."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from keramos.artifact.protobuf import Budget, Message, varint
from keramos.artifact.tensor_bundle.crc32c import masked_crc32c
from keramos.artifact.tensor_bundle.data_types import BFLOAT16, BYTES, NAMES, STRING
from keramos.artifact.tensor_bundle.entries import read_entry, slice_key
from keramos.artifact.tensor_bundle.sstable import read_table
from keramos.errors import (
    CorruptModelError,
    LimitExceededError,
    UnsupportedModelError,
)
from keramos.types.stored import StoredTensor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from keramos.artifact.limits import Limits
    from keramos.artifact.tensor_bundle.entries import Entry, Extent

    Array = NDArray[np.generic]

_VERSION = 1
_SHARDS = 1_000
_CHECKSUM = 4


def shard_names(index: bytes, prefix: str, limits: Limits) -> list[str]:
    """The names of the shards that an index has, as relative paths.

    Raises:
        ModelError: the index cannot be read.
    """
    table = read_table(index, f"{prefix}.index", limits)
    number = _shards(table, Budget(limits, f"{prefix}.index"))
    return _names(prefix, number)


def _names(prefix: str, number: int) -> list[str]:
    return [f"{prefix}.data-{place:05}-of-{number:05}" for place in range(number)]


def _shards(table: dict[bytes, bytes], budget: Budget) -> int:
    """The number of shards, once the header says that the tensors can be read."""
    if b"" not in table:
        raise CorruptModelError("the index of the checkpoint has no header", path=budget.where)
    header = Message(table[b""], budget)
    if header.number(2):
        raise UnsupportedModelError(
            "the checkpoint was written on a big-endian machine", path=budget.where
        )
    needed = header.message(3).signed(2)
    if needed > _VERSION:
        raise UnsupportedModelError(
            f"the checkpoint needs a reader of version {_VERSION} or older",
            received=str(needed),
            path=budget.where,
        )
    number = header.signed(1)
    if not 0 < number <= _SHARDS:
        raise LimitExceededError(
            f"the checkpoint has no shard or more than {_SHARDS:,}",
            received=f"{number:,}",
            path=budget.where,
        )
    return number


class Bundle:
    """Tensors by name. ``part`` gives a shard by its relative path."""

    def __init__(
        self, index: bytes, prefix: str, part: Callable[[str], bytes], limits: Limits
    ) -> None:
        """Read the index and check it against the shards.

        Raises:
            CorruptModelError: a tensor lies outside its shard or over another one.
            LimitExceededError: the tensors have more bytes than ``weight_bytes``.
        """
        self.where = f"{prefix}.index"
        table = read_table(index, self.where, limits)
        budget = Budget(limits, self.where)
        shards = _names(prefix, _shards(table, budget))
        self._shards = [memoryview(part(name)) for name in shards]
        del table[b""]
        self._entries = {
            key: read_entry(value, repr(key)[2:-1], budget) for key, value in table.items()
        }
        self._check_places()
        total = sum(entry.size for entry in self._entries.values())
        if total > limits.weight_bytes:
            raise LimitExceededError(
                f"the tensors have more than {limits.weight_bytes:,} bytes, the limit "
                "(weight_bytes)",
                received=f"{total:,}",
                path=self.where,
            )

    def _check_places(self) -> None:
        """Each tensor lies inside its shard and beside the others."""
        placed = (entry for entry in self._entries.values() if entry.size and not entry.slices)
        shard, end = 0, 0
        for entry in sorted(placed, key=lambda one: (one.shard, one.offset)):
            if entry.shard != shard:
                shard, end = entry.shard, 0
            if not 0 <= shard < len(self._shards):
                raise CorruptModelError(
                    f"a tensor is in shard {shard:,} of {len(self._shards):,}", path=self.where
                )
            if entry.offset < end or entry.offset + entry.size > len(self._shards[shard]):
                raise CorruptModelError(
                    "a tensor lies over another one or behind the end of its shard of "
                    f"{len(self._shards[shard]):,} bytes; the shard may be cut",
                    received=f"bytes {entry.offset:,} to {entry.offset + entry.size:,}",
                    path=self.where,
                )
            end = entry.offset + entry.size

    def names(self) -> list[str]:
        """The names of all tensors; parts of tensors are not listed."""
        found = []
        for key in self._entries:
            try:
                name = key.decode("utf-8")
            except UnicodeDecodeError:
                continue  # the key of a part of a tensor
            if not name.startswith("\0"):
                found.append(name)
        return found

    def tensors(self) -> tuple[StoredTensor, ...]:
        """Every tensor as the index states it."""
        found = []
        for name in self.names():
            entry = self.entry(name)
            found.append(StoredTensor(name, entry.shape, NAMES[entry.dtype], entry.size))
        return tuple(found)

    def __contains__(self, key: object) -> bool:
        """Whether there is a tensor of that name."""
        return isinstance(key, str) and key.encode() in self._entries

    def entry(self, key: str) -> Entry:
        """What the index says of a tensor.

        Raises:
            CorruptModelError: there is none of that name.
        """
        return self._found(key.encode(), key)

    def _found(self, key: bytes, name: str) -> Entry:
        if key not in self._entries:
            raise CorruptModelError("the checkpoint has no such tensor", path=name)
        return self._entries[key]

    def shape(self, key: str) -> tuple[int, ...]:
        """The stated shape of a tensor."""
        return self.entry(key).shape

    def array(self, key: str) -> Array:
        """The numbers of a tensor; a read-only view of the shard where it lies in one piece.

        Raises:
            CorruptModelError: its checksum is wrong, or its parts do not make it up.
        """
        entry = self.entry(key)
        return self._joined(key, entry) if entry.slices else self._plain(key, entry)

    def _plain(self, key: str, entry: Entry) -> Array:
        if entry.dtype == STRING:
            raise CorruptModelError("the tensor holds texts where numbers belong", path=key)
        data = self._data(entry)
        _check(key, entry, [data])
        found = np.frombuffer(data, BYTES[entry.dtype]).reshape(entry.shape)
        return (found.astype("u4") << 16).view("f4") if entry.dtype == BFLOAT16 else found

    def _data(self, entry: Entry) -> memoryview:
        if not entry.size:
            return memoryview(b"")
        return self._shards[entry.shard][entry.offset : entry.offset + entry.size]

    def _joined(self, key: str, entry: Entry) -> Array:
        """A tensor from its parts, which must cover it without a gap and without overlap."""
        parts = [(_box(extents, entry.shape, key), extents) for extents in entry.slices]
        covered = sum(prod(part.stop - part.start for part in box) for box, _ in parts)
        if covered != prod(entry.shape):
            raise CorruptModelError(
                f"the parts of the tensor of shape {entry.shape} do not make it up",
                received=f"{covered:,} numbers",
                path=key,
            )
        pieces = [(box, self._piece(key, extents)) for box, extents in parts]
        for box, piece in pieces:  # before memory is taken for all of them
            if tuple(part.stop - part.start for part in box) != piece.shape:
                raise CorruptModelError(
                    "a part of the tensor has another shape than it says",
                    received=str(piece.shape),
                    path=key,
                )
        found = np.zeros(entry.shape, pieces[0][1].dtype)
        filled = np.zeros(entry.shape, "?")
        for box, piece in pieces:
            if filled[box].any():
                raise CorruptModelError("the parts of the tensor overlap", path=key)
            filled[box] = True
            found[box] = piece
        return found

    def _piece(self, key: str, extents: Sequence[Extent]) -> Array:
        own = self._found(slice_key(key, extents), key)
        if own.slices:
            raise CorruptModelError("a part of the tensor has parts itself", path=key)
        return self._plain(key, own)

    def texts(self, key: str) -> list[bytes]:
        """The texts of a tensor: their lengths, a checksum of those, then the bytes.

        Raises:
            CorruptModelError: they are damaged, or are numbers.
        """
        entry = self.entry(key)
        if entry.dtype != STRING or entry.slices:
            raise CorruptModelError("the tensor does not hold texts", path=key)
        data = bytes(self._data(entry))
        count, at = prod(entry.shape), 0
        if count > len(data):
            raise CorruptModelError(f"the tensor has fewer than its {count:,} texts", path=key)
        lengths = []
        for _ in range(count):
            length, at = varint(data, at, key)
            lengths.append(length)
        sizes = _words(lengths)
        sealed = data[at : at + _CHECKSUM]
        if sum(lengths) != len(data) - at - _CHECKSUM or masked_crc32c(sizes) != int.from_bytes(
            sealed, "little"
        ):
            raise CorruptModelError("the lengths of the texts of the tensor are damaged", path=key)
        at += _CHECKSUM
        _check(key, entry, [sizes, sealed, data[at:]])
        return _cut(data, at, lengths)


def _words(lengths: Iterable[int]) -> bytes:
    """Lengths as checksums see them: four bytes each, eight where one needs them."""
    return b"".join(length.to_bytes(4 if length < 1 << 32 else 8, "little") for length in lengths)


def _cut(data: bytes, at: int, lengths: Iterable[int]) -> list[bytes]:
    found = []
    for length in lengths:
        found.append(data[at : at + length])
        at += length
    return found


def _check(key: str, entry: Entry, pieces: Sequence[bytes | memoryview]) -> None:
    """Compare the checksum; an entry without one cannot be trusted."""
    found = masked_crc32c(pieces[0] if len(pieces) == 1 else b"".join(pieces))
    if entry.size and found != entry.checksum:
        raise CorruptModelError(
            "the checksum of the tensor is wrong; its bytes were changed", path=key
        )


def _box(extents: Sequence[Extent], shape: tuple[int, ...], key: str) -> tuple[slice, ...]:
    """A part's places along each axis."""
    if len(extents) != len(shape):
        raise CorruptModelError("a part of the tensor has another number of axes", path=key)
    found = []
    for (start, length), size in zip(extents, shape, strict=True):
        begin, end = (0, size) if length == -1 else (start, start + length)
        if not 0 <= begin <= end <= size:
            raise CorruptModelError(
                f"a part of the tensor of shape {shape} lies outside it",
                received=f"{begin} to {end}",
                path=key,
            )
        found.append(slice(begin, end))
    return tuple(found)
