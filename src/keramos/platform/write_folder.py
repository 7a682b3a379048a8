"""Write a folder of files completely or not at all.

The files are written into a new folder beside the target and flushed to the disk; the folder is
renamed to the target. What was there is moved aside first and removed afterwards.
"""

from __future__ import annotations

import os
import secrets
import shutil
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from keramos.errors import SaveError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


def check_folder(path: str | Path, own: Collection[str]) -> None:
    """Find out before long work whether ``write_folder`` could write here, and what it would
    replace: a folder that holds anything but ``own`` (names, or patterns of names) is kept.

    Raises:
        SaveError: it could not, or other files would be lost.
    """
    target = Path(path)
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise SaveError("the folder cannot be written: it is a file or a link", file=str(path))
    there = sorted(one.name for one in target.iterdir()) if target.exists() else []
    for name in there:
        if not any(fnmatchcase(name, pattern) for pattern in own):
            raise SaveError(
                f"the folder holds '{name}', which would be lost",
                file=str(path),
                remedy="Name a new folder, or an empty one",
            )
    above = next(folder for folder in target.absolute().parents if os.path.lexists(folder))
    if not above.is_dir() or not os.access(above, os.W_OK):
        raise SaveError(
            f"the folder cannot be written: {above} is not a folder that can be written",
            file=str(path),
            remedy="Name a folder in one that can be written",
        )


def write_folder(path: str | Path, files: Mapping[str, bytes]) -> None:
    """Put files, by their relative paths, into a folder at ``path``; what was there is replaced,
    and folders above that do not exist are made.

    Raises:
        SaveError: they could not be written; what was at ``path`` is untouched.
    """
    target = Path(path)
    new, old = (target.with_name(f".{target.name}.{secrets.token_hex(6)}.tmp") for _ in range(2))
    try:
        for name, data in files.items():
            _write(new / name, data)
        if target.exists():
            target.rename(old)
        try:
            new.rename(target)
        except OSError:
            if old.exists():
                old.rename(target)
            raise
    except OSError as error:
        raise SaveError(
            f"the folder could not be written: {error.strerror}; what was there before is "
            "untouched",
            file=str(path),
        ) from error
    finally:
        shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
