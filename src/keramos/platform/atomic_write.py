"""Write a file completely or not at all.

A temporary file in the same folder, written, flushed to the disk, renamed over the target, and the
folder flushed: whoever looks sees the old file or the new one, whenever the process or the machine
stops (POSIX rename(2)).
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from keramos.errors import SaveError


def write_atomically(path: Path, data: bytes | memoryview) -> None:
    """Put ``data`` at ``path``; an existing file keeps its permissions, a link keeps pointing to
    the new content.

    A device or a pipe is written as such: a rename would put a file in its place.

    Raises:
        SaveError: the data could not be written; what was at ``path`` is untouched.
    """
    if is_special(path):
        _write_through(path, data)
        return
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.{os.urandom(6).hex()}.tmp")
    try:
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
        _flush_folder(target.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise SaveError(
            f"the file could not be written: {error.strerror}; what was there before is untouched",
            file=str(path),
        ) from error
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def check_target(path: str | Path) -> None:
    """Find out before long work whether ``write_atomically`` could write here.

    Raises:
        SaveError: it could not.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise SaveError("the file cannot be written: it is a folder", file=str(path))
    if is_special(path):
        return
    probe = target.with_name(f".{target.name[:200]}.{os.urandom(6).hex()}.tmp")
    try:
        os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        probe.unlink()
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise SaveError(
            f"the file cannot be written: {said}",
            file=str(path),
            remedy="Name a file in a folder that exists and can be written",
        ) from error


def is_special(path: str | Path) -> bool:
    """Whether there is something that is neither a file nor a folder: a device, a pipe."""
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def _write_through(path: Path, data: bytes | memoryview) -> None:
    try:
        with path.open("wb") as file:
            file.write(data)
    except OSError as error:
        raise SaveError(
            f"the file could not be written: {error.strerror}", file=str(path)
        ) from error


def _umask() -> int:
    """The process's file mode mask; reading it means setting it for a moment."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
