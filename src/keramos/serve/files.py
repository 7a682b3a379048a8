"""Model files where they lie: one file, or a folder of files, each served as version 1 of a model of its name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from keramos.errors import ModelError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

SUFFIXES = (".h5", ".hdf5", ".keras")
VERSION = 1


class Files:
    """A ``Source`` of one file or of all model files in a folder (not in folders within it)."""

    def __init__(self, path: str | Path) -> None:
        """Look at the place once.

        Raises:
            ModelError: nothing is there.
            UsageError: it is a file of another kind, or a folder without model files.
        """
        self._path = Path(path)
        if not self._path.exists():
            raise ModelError(f"{path}: there is no such file or folder")
        if self._path.is_file() and self._path.suffix.lower() not in SUFFIXES:
            raise UsageError(f"{path}: a model file ends in {', '.join(SUFFIXES)}")
        if not self._found():
            raise UsageError(f"{path}: the folder holds no model file ({', '.join(SUFFIXES)})")

    def versions(self) -> Mapping[str, Mapping[int, Path]]:
        """Name of each file without its extension -> version 1 -> the file."""
        return {path.stem: {VERSION: path} for path in self._found()}

    def labels(self) -> Mapping[str, Mapping[str, int]]:
        """None: files have no labels."""
        return {}

    def _found(self) -> list[Path]:
        if self._path.is_file():
            return [self._path]
        return sorted(path for path in self._path.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())
