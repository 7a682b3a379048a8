"""The bytes of regular files: bounded before they are read, and read once.

Files of a folder are opened step by step from the folder's own descriptor, and links are not
followed, so a folder that is exchanged meanwhile gains nothing.
"""

from __future__ import annotations

import io
import os
import stat
from itertools import islice
from typing import TYPE_CHECKING

from keramos.artifact.limits import LIMITS
from keramos.errors import (
    CorruptModelError,
    LimitExceededError,
    ModelError,
    UnsafeModelError,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from keramos.artifact.limits import Limits

_KINDS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISDIR, "a folder without a saved_model.pb"),
    (stat.S_ISFIFO, "a pipe (FIFO)"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISLNK, "a link; copy the folder with cp -rL"),
)
_FLAGS = os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY | os.O_NOFOLLOW
_HEAD = 1 << 14
_BLOCK = 512
_SPARSE = 1 << 25


def read_bytes(
    source: str, limits: Limits = LIMITS, check: Callable[[bytes, int], object] | None = None
) -> bytes:
    """The whole file. ``check``, where it is given, gets its first bytes and its size before the
    rest is read.

    Raises:
        ModelError: the file does not exist, or cannot be opened.
        UnsafeModelError: it is a folder, a pipe or a device.
        LimitExceededError: it is too large, or almost all of it is holes.
        CorruptModelError: it changed while it was read.
    """
    return _content(_opened(source), source, limits, check)


def read_folder(source: str, limits: Limits = LIMITS) -> dict[str, bytes]:
    """All files of a folder and of the folders in it, by relative path, sorted; names that begin
    with a dot are left out.

    Raises:
        ModelError: a file cannot be opened.
        UnsafeModelError: something in the folder is a link, a pipe or a device.
        LimitExceededError: there are more files than ``members`` allows, or more bytes than
            ``file_bytes`` does.
        CorruptModelError: a file changed while it was read.
    """
    return read_files(source, file_names(source, limits), limits)


def file_names(source: str, limits: Limits = LIMITS) -> list[str]:
    """The relative paths of what ``read_folder`` reads, sorted.

    Raises:
        ModelError: the folder cannot be read.
        LimitExceededError: there are more files and folders than ``members`` allows.
    """
    found: list[str] = []
    waiting = [""]
    while waiting:
        below = waiting.pop()
        for entry in entry_names(f"{source}/{below}", limits):
            (waiting if entry.endswith("/") else found).append(f"{below}{entry}")
        _check_number(len(found) + len(waiting), source, limits)
    return sorted(found)


def entry_names(source: str, limits: Limits = LIMITS) -> list[str]:
    """What stands in a folder itself, sorted; the name of a folder ends in a slash, and names that
    begin with a dot are left out.

    Raises:
        ModelError: the folder cannot be read.
        LimitExceededError: there are more than ``members`` allows.
    """
    try:
        with os.scandir(source) as entries:
            found = [
                f"{entry.name}/" if entry.is_dir(follow_symlinks=False) else entry.name
                for entry in islice(entries, limits.members + 1)
                if not entry.name.startswith(".")
            ]
    except OSError as error:
        raise ModelError(f"the folder cannot be read: {error.strerror}", file=source) from None
    _check_number(len(found), source, limits)
    return sorted(found)


def measure(path: str | Path) -> tuple[int, float]:
    """Bytes of a file, or of all files in a folder, and when the last of them changed (Unix
    seconds).

    Raises:
        OSError: it is gone.
    """
    status = os.stat(path)
    if not stat.S_ISDIR(status.st_mode):
        return status.st_size, status.st_mtime
    size, changed = 0, status.st_mtime
    for folder, folders, names in os.walk(path):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in (*folders, *names):
            status = os.lstat(os.path.join(folder, name))
            size += status.st_size if stat.S_ISREG(status.st_mode) else 0
            changed = max(changed, status.st_mtime)
    return size, changed


def check_relative(name: str, shown: str) -> list[str]:
    """The steps of a path below a folder.

    Raises:
        UnsafeModelError: it could lead out of the folder.
    """
    steps = name.split("/")
    if not {"", ".", ".."}.isdisjoint(steps) or "\\" in name or not name.isprintable():
        raise UnsafeModelError("the path could lead out of the model's folder", file=shown)
    return steps


def _check_number(number: int, source: str, limits: Limits) -> None:
    if number > limits.members:
        raise LimitExceededError(
            f"the folder holds more than {limits.members:,} files, the limit (members)",
            file=source,
        )


def read_files(
    folder: str, names: Sequence[str], limits: Limits, read: int = 0
) -> dict[str, bytes]:
    """Files below a folder by their relative paths, together within the limit of one file, of which
    ``read`` bytes are used already.

    Raises:
        ModelError: one cannot be read, exceeds a limit, or its path leads out of the folder.
    """
    _check_number(len(names), folder, limits)
    found: dict[str, bytes] = {}
    left = limits.file_bytes - read
    try:
        top = os.open(folder or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise ModelError(f"the folder cannot be read: {error.strerror}", file=str(folder)) from None
    try:
        for name in names:
            shown = f"{folder}/{name}" if folder else name
            found[name] = _content(_below(top, name, shown), shown, limits, None, left)
            left -= len(found[name])
    finally:
        os.close(top)
    return found


def _below(top: int, name: str, shown: str) -> int:
    """A descriptor of a file below a folder, reached without links."""
    steps = check_relative(name, shown)
    if len(steps) == 1:
        return _in_folder(top, name, shown)
    here = os.dup(top)
    try:
        for step in steps[:-1]:
            inner = os.open(step, os.O_RDONLY | os.O_DIRECTORY | _FLAGS, dir_fd=here)
            os.close(here)
            here = inner
        return _in_folder(here, steps[-1], shown)
    except OSError as error:
        raise CorruptModelError(f"the file cannot be read: {error.strerror}", file=shown) from None
    finally:
        os.close(here)


def _in_folder(folder: int, name: str, shown: str) -> int:
    """A descriptor of a file in an open folder."""
    try:
        _check_kind(os.stat(name, dir_fd=folder, follow_symlinks=False), shown)
        return os.open(name, os.O_RDONLY | _FLAGS, dir_fd=folder)
    except OSError as error:
        raise CorruptModelError(f"the file cannot be read: {error.strerror}", file=shown) from None


def _content(
    descriptor: int,
    source: str,
    limits: Limits,
    check: Callable[[bytes, int], object] | None,
    most: int | None = None,
) -> bytes:
    """All bytes behind a descriptor, which is closed afterwards."""
    try:
        before = os.fstat(descriptor)
        _check_kind(before, source)
        _check_size(before, source, limits, limits.file_bytes if most is None else most)
        with io.BufferedReader(io.FileIO(descriptor, closefd=False), _HEAD) as file:
            if check is not None:
                check(file.peek(_HEAD)[:_HEAD], before.st_size)
            data = file.read(before.st_size)
        after = os.fstat(descriptor)
    except OSError as error:
        raise CorruptModelError(f"the file cannot be read: {error.strerror}", file=source) from None
    finally:
        os.close(descriptor)
    changed = (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns)
    if changed or len(data) != before.st_size:
        raise CorruptModelError(
            "the file changed while it was read",
            file=source,
            remedy="Wait until its writer is done, then try again",
        )
    return data


def _opened(source: str) -> int:
    """A descriptor of a regular file; nothing else is opened, since opening some devices acts."""
    try:
        _check_kind(os.stat(source), source)
        return os.open(source, os.O_RDONLY | _FLAGS & ~os.O_NOFOLLOW)
    except FileNotFoundError:
        if os.path.islink(source):
            raise ModelError(
                f"the file is a link to {os.readlink(source)}, which does not exist",
                file=source,
            ) from None
        raise ModelError("the file does not exist", file=source) from None
    except ValueError:
        raise UsageError("the path holds a zero byte", received=repr(source)) from None
    except OSError as error:
        kind = UnsafeModelError if os.path.islink(source) else ModelError
        raise kind(
            f"the file cannot be opened: {error.strerror}",
            file=source,
            remedy="Name a file that you may read",
        ) from None


def _check_kind(status: os.stat_result, source: str) -> None:
    if stat.S_ISREG(status.st_mode):
        return
    raise _not_regular(source, status.st_mode)


def not_a_file(source: str) -> UnsafeModelError:
    """The error about a folder that is not a model in any known form."""
    return _not_regular(source, stat.S_IFDIR)


def _not_regular(source: str, mode: int) -> UnsafeModelError:
    kind = next((name for test, name in _KINDS if test(mode)), "something else")
    remedy = "Name the model file itself" if stat.S_ISDIR(mode) else "Name a regular file"
    return UnsafeModelError(f"not a regular file: it is {kind}", file=source, remedy=remedy)


def _check_size(status: os.stat_result, source: str, limits: Limits, most: int) -> None:
    """``most`` is what is left of the limit of bytes."""
    size, stored = status.st_size, status.st_blocks * _BLOCK
    if size > most:
        raise LimitExceededError(
            f"the file has more than {most:,} bytes, the limit (file_bytes)",
            received=f"{size:,}",
            file=source,
            remedy="Raise it if the file is yours",
        )
    if size > _SPARSE and 0 < stored * limits.weight_ratio < size:
        raise LimitExceededError(
            f"the file claims {size:,} bytes, but only {stored:,} of them are stored: almost all "
            "of it is holes",
            file=source,
        )
