"""Model files where they lie: one file, or a folder of files, each a model of its name.

A file is version 1 of its model when it is first seen; each time it has changed it is the next
version.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from keramos.errors import StoreError, UsageError
from keramos.types.versions import Version

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SUFFIXES = (".h5", ".hdf5", ".keras")


class Files:
    """A ``Source`` of one file or of all model files in a folder (not in folders within it)."""

    def __init__(self, path: str | Path) -> None:
        """Look at the place once.

        Raises:
            StoreError: nothing is there.
            UsageError: it is a file of another kind, or a folder without model files.
        """
        self._path = Path(path)
        self._seen: dict[str, Version] = {}
        if not self._path.exists():
            raise StoreError(f"{path}: there is no such file or folder")
        if self._path.is_file() and self._path.suffix.lower() not in SUFFIXES:
            raise UsageError(f"{path}: a model file ends in {', '.join(SUFFIXES)}")
        if not self.versions():
            raise UsageError(f"{path}: the folder holds no model file ({', '.join(SUFFIXES)})")

    def versions(self) -> Sequence[Version]:
        """Each file as the newest version of the model of its name.

        Raises:
            StoreError: the folder cannot be read, or two files would have one name.
        """
        try:
            found = [version for path in self._paths() if (version := _version(path))]
        except OSError as error:
            raise StoreError(f"{self._path} cannot be read: {error.strerror}") from None
        return [self._numbered(version, found) for version in found]

    @contextmanager
    def local(self, version: Version) -> Iterator[Path]:
        """The file itself."""
        yield Path(version.file)

    def _paths(self) -> list[Path]:
        if self._path.suffix.lower() in SUFFIXES and not self._path.is_dir():
            return [self._path]
        return sorted(
            path
            for path in self._path.iterdir()
            if path.suffix.lower() in SUFFIXES and path.is_file()
        )

    def _numbered(self, version: Version, found: Sequence[Version]) -> Version:
        twins = [other.file for other in found if other.model == version.model]
        if len(twins) > 1:
            raise StoreError(
                f"{' and '.join(twins)} would be one model '{version.model}'; rename one of them"
            )
        before = self._seen.get(version.model)
        if before is not None and before.stamp == version.stamp:
            return before
        number = 1 if before is None else before.number + 1
        seen = Version(version.model, number, version.file, version.size, version.modified)
        self._seen[version.model] = seen
        return seen


def _version(path: Path) -> Version | None:
    try:
        found = path.stat()
    except FileNotFoundError:  # taken away between two looks
        return None
    return Version(path.stem, 0, str(path), found.st_size, found.st_mtime)
