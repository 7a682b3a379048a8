"""A store on a local disk.

The files of a version are written into a hidden folder, flushed and checked there, and the folder
is renamed to its number: rename(2) to a folder that is not empty fails, so two publishers never get
one number, and a process killed at any moment leaves a hidden folder, which is not a version. Its
publisher holds a lock on it (flock(2), released with the process), by which the next writer knows
what it may delete.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from keramos.artifact.containers.table import is_model_folder, stored_names
from keramos.artifact.files import measure, read_bytes
from keramos.errors import ModelError, SaveError, StoreError
from keramos.platform.atomic_write import write_atomically
from keramos.store.names import LABELS, SIGNATURE, is_model, version_number
from keramos.store.place import Stored
from keramos.types.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from keramos.store.place import Parcel

_HIDDEN = ".unfinished-"
_LABELS_LIMITS = Limits(file_bytes=1 << 24)


class LocalPlace:
    """Folders below ``root``."""

    def __init__(self, root: str) -> None:
        self.root = root

    def models(self) -> Sequence[str]:
        """Names of folders that can hold versions, sorted.

        Raises:
            StoreError: the root is not a folder that can be read.
        """
        try:
            return sorted(
                entry.name
                for entry in os.scandir(self.root)
                if entry.is_dir() and is_model(entry.name)
            )
        except OSError as error:
            raise StoreError(
                f"the folder cannot be read as a store: {error.strerror}",
                file=str(self.root),
            ) from None

    def versions(self, model: str) -> Sequence[Stored]:
        """Integer folders that hold a model, ascending."""
        try:
            names = [entry.name for entry in os.scandir(Path(self.root, model))]
        except OSError:
            return ()
        found = (
            _stored(Path(self.root, model, name), number)
            for name in names
            if (number := version_number(name)) is not None
        )
        return sorted((stored for stored in found if stored), key=lambda stored: stored.number)

    def add(
        self,
        model: str,
        parcel: Parcel,
        check: Callable[[Path], object],
        numbered: Callable[[int], object],
    ) -> Stored:
        """Write, check, flush, rename.

        Raises:
            SaveError: a file could not be written; nothing was published.
        """
        folder = Path(self.root, model)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with self._unfinished(folder) as hidden:
                for name, data in parcel.source.files(parcel.name).items():
                    _write(hidden, name, data)
                check(hidden / parcel.name)
                if parcel.signature is not None:
                    _write(hidden, f"{parcel.name}{SIGNATURE}", parcel.signature)
                _flush(hidden)
                number = self._numbered(folder, hidden, numbered)
                _flush(folder)
        except OSError as error:
            raise SaveError(
                f"the model could not be published in {folder}: {error.strerror}",
                file=parcel.source.path,
                remedy="Make the folder writable and publish again; nothing was added",
            ) from error
        stored = _stored(folder / str(number), number)
        if stored is None:
            raise SaveError(
                "the version was removed while it was published",
                file=str(folder / str(number)),
            )
        return stored

    @contextmanager
    def _unfinished(self, folder: Path) -> Iterator[Path]:
        """A hidden folder, locked by this process for as long as it is hidden."""
        hidden = folder / f"{_HIDDEN}{secrets.token_hex(6)}"
        with _folder_lock(folder):
            _sweep(folder)
            hidden.mkdir(parents=True)  # one who published nothing may have removed the folder
            descriptor = os.open(hidden, os.O_RDONLY)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            yield hidden
        finally:
            os.close(descriptor)
            shutil.rmtree(hidden, ignore_errors=True)
            with suppress(OSError):  # it holds versions
                folder.rmdir()

    def _numbered(self, folder: Path, hidden: Path, check: Callable[[int], object]) -> int:
        """Give the hidden folder the first free number after the newest."""
        taken = [
            number
            for entry in os.scandir(folder)
            if (number := version_number(entry.name)) is not None
        ]
        number = max(taken, default=0) + 1
        while True:
            check(number)
            try:
                hidden.rename(folder / str(number))
            except OSError as error:
                if error.errno not in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}:
                    raise
                number += 1
            else:
                return number

    def remove(self, model: str, number: int) -> None:
        """Hide the folder by a rename, then delete it: a reader never sees half of it.

        Raises:
            SaveError: it could not be renamed or deleted.
        """
        folder = Path(self.root, model)
        hidden = folder / f"{_HIDDEN}{secrets.token_hex(6)}"
        try:
            (folder / str(number)).rename(hidden)
            _flush(folder)
            shutil.rmtree(hidden)
        except OSError as error:
            raise SaveError(
                f"the version could not be removed: {error.strerror}",
                file=str(folder / str(number)),
            ) from error

    def labels(self, model: str) -> bytes | None:
        """The file of labels, or None.

        Raises:
            StoreError: it cannot be read, or is not a file of that size.
        """
        place = Path(self.root, model, LABELS)
        if not os.path.lexists(place):
            return None
        try:
            return read_bytes(str(place), _LABELS_LIMITS)
        except ModelError as error:
            raise StoreError(
                f"the file of labels cannot be read: {error.what}", file=str(place)
            ) from None

    def write_labels(self, model: str, data: bytes) -> None:
        """Put the file of labels, completely or not at all."""
        write_atomically(Path(self.root, model, LABELS), data)

    @contextmanager
    def locked(self, model: str) -> Iterator[None]:
        """One writer at a time."""
        with _folder_lock(Path(self.root, model)):
            yield

    @contextmanager
    def local(self, file: str) -> Iterator[Path]:
        """The stored model itself."""
        yield Path(file)


def _stored(folder: Path, number: int) -> Stored | None:
    for name in stored_names():
        with suppress(OSError):
            return Stored(number, str(folder / name), *measure(folder / name))
    if is_model_folder(str(folder)):  # as TensorFlow Serving has it: the version is the model
        with suppress(OSError):
            return Stored(number, str(folder), *measure(folder))
    return None


def _write(folder: Path, name: str, data: bytes) -> None:
    """Write a file by its path below a folder, and flush it and the folders between."""
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as writing:
        writing.write(data)
        writing.flush()
        os.fsync(writing.fileno())
    for parent in target.relative_to(folder).parents:
        _flush(folder / parent)


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _folder_lock(folder: Path) -> Iterator[None]:
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise StoreError(f"the folder cannot be read: {error.strerror}", file=str(folder)) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _sweep(folder: Path) -> None:
    """Delete what killed writers left; a folder that is still written is locked."""
    for left in folder.glob(f"{_HIDDEN}*"):
        with suppress(OSError):
            descriptor = os.open(left, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left)
            finally:
                os.close(descriptor)
