"""A ``.keras`` archive read in memory: entries by exact name, nothing extracted, sizes counted while inflating."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import TYPE_CHECKING

from keramos.errors import CorruptModelError, LimitExceededError, UnsafeModelError

if TYPE_CHECKING:
    from keramos.artifact.limits import Limits

_STORED_OR_DEFLATED = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_FREE_RATIO = 1 << 20
_ENCRYPTED = 0x1


class Archive:
    """One open zip archive, from bytes."""

    def __init__(self, data: bytes, source: str, limits: Limits) -> None:
        self._source = source
        self._limits = limits
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise CorruptModelError(f"{source} is a damaged or incomplete zip archive: {error}") from None
        infos = self._zip.infolist()
        if len(infos) > limits.members:
            raise LimitExceededError(f"{source} has {len(infos)} entries, the limit is {limits.members}")
        self._entries: dict[str, zipfile.ZipInfo] = {}
        for info in infos:
            if info.filename in self._entries:
                raise UnsafeModelError(
                    f"{source} has two entries named {info.filename!r}; refusing to guess which counts"
                )
            self._entries[info.filename] = info

    def names(self) -> list[str]:
        """Names of all entries."""
        return list(self._entries)

    def read(self, name: str, limit: int) -> bytes | None:
        """The bytes of an entry, or None where there is none.

        Raises:
            LimitExceededError: it inflates beyond ``limit`` or beyond the ratio allowed.
            UnsafeModelError: it is encrypted or uses a method that Keras does not.
            CorruptModelError: it is damaged.
        """
        info = self._entries.get(name)
        if info is None:
            return None
        if info.flag_bits & _ENCRYPTED or info.compress_type not in _STORED_OR_DEFLATED:
            raise UnsafeModelError(
                f"{self._source}: entry {name} is encrypted or compressed in a way Keras never writes"
            )
        bound = min(limit, max(_FREE_RATIO, info.compress_size * self._limits.ratio))
        try:
            with self._zip.open(info) as entry:
                data = entry.read(bound + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
            raise CorruptModelError(f"{self._source}: entry {name} is damaged: {error}") from None
        if len(data) > bound:
            raise LimitExceededError(f"{self._source}: entry {name} unpacks to more than {bound:,} bytes")
        return data
