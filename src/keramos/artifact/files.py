"""The bytes of a model file: a regular file only, bounded before it is read, and read once."""

from __future__ import annotations

import os
import stat
from pathlib import Path
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
    from collections.abc import Callable

    from keramos.artifact.limits import Limits

_KINDS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (
        stat.S_ISDIR,
        "a folder; name the .h5 or .keras file itself (a SavedModel folder cannot be read)",
    ),
    (stat.S_ISFIFO, "a pipe (FIFO)"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_HEAD = 1 << 14
_BLOCK = 512
_SPARSE = 1 << 25


def read_bytes(
    source: str, limits: Limits = LIMITS, check: Callable[[bytes, int], None] | None = None
) -> bytes:
    """The whole file. ``check``, where it is given, sees its first bytes and its size before the
    rest is read.

    Raises:
        ModelError: there is none, or it cannot be opened.
        UnsafeModelError: it is a folder, a pipe or a device.
        LimitExceededError: it is too large, or almost all of it is holes.
        CorruptModelError: it changed while it was read.
    """
    descriptor = _opened(source)
    try:
        before = os.fstat(descriptor)
        _check_kind(before, source)
        _check_size(before, source, limits)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            head = file.read(_HEAD)
            if check is not None:
                check(head, before.st_size)
            data = (
                head + file.read(max(before.st_size - len(head), 0))
                if before.st_size > len(head)
                else head
            )
        after = os.fstat(descriptor)
    except OSError as error:
        raise CorruptModelError(f"{source} cannot be read: {error.strerror}") from None
    finally:
        os.close(descriptor)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or len(
        data
    ) != before.st_size:
        raise CorruptModelError(
            f"{source} changed while it was read; wait until its writer is done, then try again"
        )
    return data


def _opened(source: str) -> int:
    """A descriptor. What is not a regular file is not even opened: opening some devices does
    something.
    """
    try:
        _check_kind(Path(source).stat(), source)
        return os.open(source, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except FileNotFoundError:
        if Path(source).is_symlink():
            raise ModelError(
                f"{source} is a link to {Path(source).readlink()}, which does not exist"
            ) from None
        raise ModelError(f"{source} does not exist") from None
    except ValueError:
        raise UsageError(f"{source!r} is not a path: it holds a zero byte") from None
    except OSError as error:
        kind = UnsafeModelError if Path(source).is_symlink() else ModelError
        raise kind(f"{source} cannot be opened: {error.strerror}") from None


def _check_kind(status: os.stat_result, source: str) -> None:
    if stat.S_ISREG(status.st_mode):
        return
    kind = next((name for test, name in _KINDS if test(status.st_mode)), "something else")
    raise UnsafeModelError(f"{source} is not a regular file: it is {kind}")


def _check_size(status: os.stat_result, source: str, limits: Limits) -> None:
    size, stored = status.st_size, status.st_blocks * _BLOCK
    if size > limits.file_bytes:
        raise LimitExceededError(
            f"{source} has {size:,} bytes, the limit is {limits.file_bytes:,} (file_bytes). "
            "Raise it if the file is "
            "yours"
        )
    if size > _SPARSE and 0 < stored * limits.weight_ratio < size:
        raise LimitExceededError(
            f"{source} claims {size:,} bytes, but only {stored:,} of them are stored: almost all "
            "of it is holes"
        )
