"""Saved models on a disk: one model, or a folder of models, each under its own name.

A model is version 1 when it is first seen; each time it has changed it is the next version.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from keramos.artifact.containers.table import is_model_folder, suffixes
from keramos.artifact.files import measure
from keramos.errors import KeramosError, StoreError, UsageError, quoted
from keramos.types.versions import Version

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class FolderSource:
    """A ``Source`` of one saved model, or of all models that stand in a folder itself.

    A model is a file with an extension of a known form, or a folder that a form recognises.
    """

    def __init__(self, path: str | Path) -> None:
        """Look at the path once.

        Raises:
            StoreError: it does not exist.
            UsageError: it is a file of another kind, or a folder without models.
        """
        known = ", ".join(suffixes())
        self._path = Path(path)
        self._seen: dict[str, Version] = {}
        if not self._path.exists():
            raise StoreError("there is no such file or folder", file=str(path))
        if not self._path.is_dir() and not _has_suffix(self._path):
            raise UsageError(f"a model file ends in {known}", file=str(path))
        if not self.versions():
            raise UsageError(f"the folder holds no model file ({known})", file=str(path))

    def versions(self) -> Sequence[Version]:
        """Each model at its newest version; one that cannot be served says why.

        Raises:
            StoreError: the folder cannot be read.
        """
        try:
            paths = self._paths()
        except OSError as error:
            raise StoreError(
                f"the folder cannot be read: {error.strerror}", file=str(self._path)
            ) from None
        found: dict[str, Version] = {}
        for version in filter(None, map(_version, paths)):
            twin = found.get(version.model)
            found[version.model] = version if twin is None else _twins(twin, version)
        return [self._numbered(version) for version in found.values()]

    @contextmanager
    def local(self, version: Version) -> Iterator[Path]:
        """The model itself."""
        yield Path(version.file)

    def _paths(self) -> list[Path]:
        is_folder = self._path.is_dir()
        if is_model_folder(str(self._path)) if is_folder else _has_suffix(self._path):
            return [self._path]
        return sorted(filter(_is_model, self._path.iterdir()))

    def _numbered(self, version: Version) -> Version:
        before = self._seen.get(version.model)
        if before is not None and before.stamp == version.stamp:
            return before
        seen = replace(version, number=1 if before is None else before.number + 1)
        self._seen[version.model] = seen
        return seen


def _has_suffix(path: Path) -> bool:
    return path.name.lower().endswith(suffixes())


def _stem(path: Path) -> str:
    """The name of a file without the extension of its form, which may have a dot in it."""
    ends = [end for end in suffixes() if path.name.lower().endswith(end)]
    return path.name[: -len(max(ends, key=len))] if ends else path.stem


def _is_model(path: Path) -> bool:
    try:
        return is_model_folder(str(path)) if path.is_dir() else _has_suffix(path) and path.is_file()
    except (OSError, KeramosError):  # this one cannot be looked into; the others can
        return False


def _version(path: Path) -> Version | None:
    name = Path(os.path.realpath(path)).name if path.is_dir() else _stem(path)
    shown = name.encode("utf-8", "backslashreplace").decode()
    fault = "" if shown == name else "the name of the file is not UTF-8; rename it"
    try:
        return Version(shown, 0, str(path), *measure(path), fault=fault)
    except FileNotFoundError:  # removed between two looks
        return None
    except OSError as error:
        said = f"the file cannot be looked at: {error.strerror}"
        return Version(shown, 0, str(path), 0, 0.0, fault=said)


def _twins(one: Version, other: Version) -> Version:
    """Two files of one name: neither is served."""
    return replace(
        other,
        file=f"{one.file} and {other.file}",
        size=one.size + other.size,
        modified=max(one.modified, other.modified),
        fault=f"they would be one model {quoted(other.model)}; rename one of them",
    )
