"""Files to score: one, many by a pattern, a folder with its partitions; on a disk or behind a URL
(fsspec).
"""

from __future__ import annotations

import io
import sys
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, cast
from urllib.parse import unquote

from keramos.errors import DataError
from keramos.platform.urls import file_system, is_url
from keramos.types.scoring import SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from keramos.platform.urls import FileSystem
    from keramos.types.scoring import Pictures

STDIN = "-"
_PATTERN = "*?["
_CHANGES = ("ETag", "etag", "mtime", "LastModified", "last_modified", "updated", "created")
"""Where file systems of fsspec put what changes with a file."""


def find(source: str) -> list[SourceFile]:
    """The files of a source in the order of their names; names that begin with . or _ are not data.

    Raises:
        DataError: there is no such file, or none in the folder.
    """
    if source == STDIN:
        return [SourceFile(STDIN, "standard-input", 0, "", stream=True)]
    try:
        found = _remote(source) if is_url(source) else _local(source)
    except OSError as error:
        raise DataError(
            f"the file cannot be read: {error.strerror or error}", file=str(source)
        ) from None
    if not found:
        raise DataError(
            "the folder holds no files; names that begin with . or _ do not count",
            file=str(source),
        )
    return found


def _local(source: str) -> list[SourceFile]:
    path = Path(source)
    if path.is_file():
        return [_local_file(path, path.parent)]
    if path.is_dir():
        return [
            _local_file(item, path)
            for item in _data(sorted(path.rglob("*")), path)
            if item.is_file()
        ]
    if any(sign in source for sign in _PATTERN):
        fixed = Path(*_before_pattern(path))
        matching = sorted(fixed.glob(str(path.relative_to(fixed))))
        return [_local_file(item, fixed) for item in _data(matching, fixed) if item.is_file()]
    raise DataError(
        "the source is not a regular file or folder"
        if path.exists()
        else "the file does not exist",
        file=str(source),
    )


def _before_pattern(path: Path) -> Iterable[str]:
    for part in path.parts:
        if any(sign in part for sign in _PATTERN):
            return
        yield part


def _data(paths: Iterable[Path], root: Path) -> Iterable[Path]:
    return (
        path for path in paths if not any(part[:1] in "._" for part in path.relative_to(root).parts)
    )


def _local_file(path: Path, root: Path) -> SourceFile:
    relative = path.relative_to(root).as_posix()
    return SourceFile(str(path), relative, *_local_state(str(path)), _partition(relative))


def _local_state(name: str) -> tuple[int, str]:
    state = Path(name).stat()
    return state.st_size, f"{state.st_mtime_ns}"


def _remote(source: str) -> list[SourceFile]:
    system, path = file_system(source)
    pattern = any(sign in path for sign in _PATTERN)
    try:
        one = None if pattern else system.info(path)
    except FileNotFoundError:
        raise DataError("the file does not exist", file=str(source)) from None
    if one is not None and one["type"] == "file":
        return [_remote_file(system, path, one, str(PurePosixPath(path).parent))]
    found = system.glob(path, detail=True) if pattern else system.find(path, detail=True)
    root = "/".join(_before_pattern(Path(path))).replace("//", "/") if pattern else path
    files = [
        _remote_file(system, name, info, root)
        for name, info in sorted(found.items())
        if info["type"] == "file"
    ]
    return [
        file for file in files if not any(part[:1] in "._" for part in file.relative.split("/"))
    ]


def _remote_file(
    system: FileSystem, path: str, info: Mapping[str, object], root: str
) -> SourceFile:
    relative = path.removeprefix(root).lstrip("/")
    return SourceFile(
        system.unstrip_protocol(path), relative, *_remote_state(info), _partition(relative)
    )


def _remote_state(info: Mapping[str, object]) -> tuple[int, str]:
    change = next((info[key] for key in _CHANGES if info.get(key)), "")
    if isinstance(
        change, datetime
    ):  # the same file system may say a number where it lists many files
        change = change.timestamp()
    return int(cast("int", info["size"])), str(change)


def _partition(relative: str) -> tuple[tuple[str, str], ...]:
    """Hive's folders: key=value, percent-encoded."""
    pairs = (part.partition("=") for part in relative.split("/")[:-1])
    return tuple((unquote(key), unquote(value)) for key, equals, value in pairs if equals and key)


def check_unchanged(file: SourceFile) -> None:
    """Refuse a file that is no longer what it was when the run began.

    Raises:
        DataError: size or time of writing differ, or it is gone.
    """
    if file.stream:
        return
    try:
        if file.pictures is not None:
            state = (file.size, _stamp(file.pictures))
        elif is_url(file.name):
            system, path = file_system(file.name)
            state = _remote_state(system.info(path))
        else:
            state = _local_state(file.name)
    except OSError as error:
        raise DataError(
            f"the file cannot be read any more: {error.strerror or error}", file=file.name
        ) from None
    if state != (file.size, file.stamp):
        raise DataError(
            f"the file was changed while it was read ({file.size:,} bytes at first, {state[0]:,} "
            "now); nothing was written",
            file=file.name,
            remedy="Score it again from the start when nothing writes to it",
        )


def open_file(file: SourceFile, end: int = 0) -> BinaryIO:
    """The bytes of a file, or its first ``end`` bytes.

    Raises:
        DataError: it cannot be opened.
    """
    if end:
        return cast("BinaryIO", _Beginning(open_file(file), end))
    if file.name == STDIN:
        return sys.stdin.buffer
    try:
        if is_url(file.name):
            system, path = file_system(file.name)
            return system.open(path, "rb")
        return cast("BinaryIO", _File(file.name))
    except OSError as error:
        raise DataError(
            f"the file cannot be read: {error.strerror or error}", file=file.name
        ) from None


def _stamp(listed: Pictures) -> str:
    from keramos.scoring.picture_folder import stamp_of  # noqa: PLC0415 (few sources)

    return stamp_of(listed)


class _File(io.FileIO):
    """A file that is closed when its last reader is gone: readers stop where they like."""

    def __del__(self) -> None:
        self.close()


class _Beginning:
    """The first bytes of an open file, as a file."""

    def __init__(self, stream: BinaryIO, end: int) -> None:
        self._stream, self._end = stream, end
        self.tell, self.seek = stream.tell, stream.seek

    def read(self, size: int) -> bytes:
        return self._stream.read(max(0, min(size, self._end - self._stream.tell())))
