"""The folder of a model in a zip or tar archive: its members are read in memory and never
extracted.
"""

from __future__ import annotations

import bz2
import io
import lzma
import tarfile
import zlib
from typing import TYPE_CHECKING, Protocol

from keramos.artifact.containers.archive import Archive
from keramos.artifact.containers.magic_bytes import ZIP
from keramos.artifact.files import check_relative
from keramos.artifact.sources import ModelSource
from keramos.errors import CorruptModelError, LimitExceededError, UnsafeModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Self

    from keramos.artifact.limits import Limits

_FREE = 1 << 20  # up to here an archive may inflate by any ratio
_GZIP_WINDOW = 31
_PIECE = 1 << 16
_XZ_MEMORY = 128 << 20  # what the dictionary of xz -9 needs, and some more
_DESCRIBING = (
    *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
    *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
)
_DESCRIPTIONS = 4 << 20
_HOLES = b"GNU.sparse."
_TAR_MARK, _TAR_AT = b"ustar", 257
_LEFT_OUT = "__MACOSX"
"""What macOS puts beside the files that are packed."""


class _Inflater(Protocol):
    """What unpacks bytes by and by: zlib's, bz2's and lzma's objects are such."""

    @property
    def eof(self) -> bool:
        """Whether the stream has ended."""

    @property
    def unused_data(self) -> bytes:
        """What was given beyond the end of the stream."""

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """The next bytes, ``max_length`` at most."""


_INFLATERS: dict[bytes, Callable[[], _Inflater]] = {
    b"\x1f\x8b": lambda: zlib.decompressobj(_GZIP_WINDOW),
    b"BZh": bz2.BZ2Decompressor,
    b"\xfd7zXZ": lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, _XZ_MEMORY),
}
"""First bytes of a packed file -> what unpacks it."""


def unpacked(source: ModelSource, limits: Limits) -> ModelSource:
    """The files in an archive as a folder, or the only file in it by itself.

    Folders that stand around all files are left out, and so are names that begin with a dot.

    Raises:
        ModelError: the archive is damaged, exceeds a limit, or holds something else than files.
    """
    data, path = source.main, source.path
    members = _zipped if data.startswith(ZIP) else _in_tar
    files: dict[str, bytes] = {}
    for name, content in members(data, path, limits):
        steps = check_relative(name, f"{path}/{name}")
        if steps[0] != _LEFT_OUT and not any(step.startswith(".") for step in steps):
            files[name] = content
    if not files:
        raise CorruptModelError("the archive holds no files", file=path)
    while len({name.partition("/")[0] for name in files}) == 1 and len(files) > 1:
        files = {name.partition("/")[2]: content for name, content in files.items()}
    if len(files) == 1:
        (content,) = files.values()
        return ModelSource.of_file(path, content)
    return ModelSource(path, dict(sorted(files.items())), folder=True)


def _zipped(data: bytes, path: str, limits: Limits) -> Iterator[tuple[str, bytes]]:
    archive = Archive(data, path, limits)
    archive.check_ratio(limits.weight_ratio)
    for name in archive.names():
        if not name.endswith("/"):
            yield name, archive.read(name, limits.file_bytes, limits.weight_ratio) or b""


def _in_tar(data: bytes, path: str, limits: Limits) -> Iterator[tuple[str, bytes]]:
    packed = next((how for first, how in _INFLATERS.items() if data.startswith(first)), None)
    if packed is not None:
        data = _inflated(packed, data, path, limits)
    seen: set[str] = set()
    try:
        with (
            io.BytesIO(data) as file,
            tarfile.open(fileobj=file, mode="r:", tarinfo=_headers(file, path)) as archive,
        ):
            for number, member in enumerate(archive):
                if number >= limits.members:
                    raise LimitExceededError(
                        f"the archive has more than {limits.members:,} entries, the limit "
                        "(members)",
                        file=path,
                    )
                name = member.name.removeprefix("./")
                if member.isdir():
                    continue
                _check_member(member, name in seen, path)
                seen.add(name)
                start = member.offset_data
                yield name, data[start : start + member.size]
    except (tarfile.TarError, ValueError, OverflowError, EOFError) as error:
        raise CorruptModelError(
            f"the tar archive is damaged: {str(error)[:80]}",
            file=path,
            remedy="Copy the file or pack the model again",
        ) from None
    except RecursionError:  # ``tarfile`` calls itself for each header that describes the next one
        raise CorruptModelError(
            "headers of the archive describe each other in a chain without end", file=path
        ) from None


def _headers(file: io.BytesIO, path: str) -> type[tarfile.TarInfo]:
    """The headers of one archive, each looked at before ``tarfile`` goes on: it keeps every record
    that describes a file, and follows every map of holes.
    """
    described = 0

    class Header(tarfile.TarInfo):
        @classmethod
        def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
            nonlocal described
            header = super().frombuf(buf, encoding, errors)
            if header.type in _DESCRIBING:
                described += header.size
                if described > _DESCRIPTIONS:
                    raise LimitExceededError(
                        f"the headers of the archive describe its files in more than "
                        f"{_DESCRIPTIONS:,} bytes",
                        file=path,
                    )
                begin = file.tell()
                if _HOLES in file.getbuffer()[begin : begin + header.size].tobytes():
                    raise _not_plain(header.name, path)
            if header.type == tarfile.GNUTYPE_SPARSE:
                raise _not_plain(header.name, path)
            return header

    return Header


def _not_plain(name: str, path: str) -> UnsafeModelError:
    return UnsafeModelError(
        "the entry is a link, a device or has holes; only plain files are read",
        file=path,
        path=name[:200],
    )


def _check_member(member: tarfile.TarInfo, repeated: bool, path: str) -> None:  # noqa: FBT001
    if not member.isreg() or member.issparse():
        raise _not_plain(member.name, path)
    if repeated:
        raise UnsafeModelError(
            "the archive has two entries of this name, so tools disagree on its content",
            file=path,
            path=member.name[:200],
        )


def _inflated(make: Callable[[], _Inflater], data: bytes, path: str, limits: Limits) -> bytes:
    """What gzip, bzip2 or xz packed, within a ratio and the limit of one file."""
    most = min(limits.file_bytes, max(_FREE, len(data) * limits.weight_ratio))
    found, at, streams = bytearray(), 0, 0
    while at < len(data):
        streams += 1
        if streams > limits.members:
            raise LimitExceededError(
                f"the archive is packed in more than {limits.members:,} streams, the limit "
                "(members)",
                file=path,
            )
        at = _stream(make(), data, at, found, most, path)
    if not found.startswith(_TAR_MARK, _TAR_AT):
        raise CorruptModelError(
            "the file is packed and holds no tar archive",
            file=path,
            received=f"{len(found):,} bytes that begin with {bytes(found[:8])!r}",
            remedy="Unpack it first",
        )
    return bytes(found)


def _stream(
    inflater: _Inflater, data: bytes, at: int, found: bytearray, most: int, path: str
) -> int:
    """Unpack the stream that begins at a place into ``found``; gives its end."""
    while not inflater.eof:
        piece = data[at : at + _PIECE]
        if not piece:
            raise _cut(path)
        try:
            found += inflater.decompress(piece, most + 1 - len(found))
        except (zlib.error, OSError, lzma.LZMAError) as error:
            if found:
                raise _cut(path) from None
            raise CorruptModelError(f"the archive is damaged: {error}", file=path) from None
        if len(found) > most:
            raise LimitExceededError(
                f"the archive unpacks to more than {most:,} bytes, the limit", file=path
            )
        at += len(piece)
    return at - len(inflater.unused_data)


def _cut(path: str) -> CorruptModelError:
    return CorruptModelError(
        "the archive is cut or damaged, or other bytes follow it",
        file=path,
        remedy="Copy the file or pack the model again",
    )
