"""A store behind a URL (s3://, gs://, memory:// ...), through fsspec.

A version is visible by one object, which is written last: object stores show an object when it is
complete. That is the model itself or, for a model in a folder, the listing of its files
(``sha256sum -c`` checks it). Objects are written only where none is yet: on S3 and Google Cloud
Storage the server decides that, elsewhere a look before. There are no locks, so of two writers who
move labels of one model at once, the last one wins.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from keramos.artifact.containers.table import lists_model, stored_names
from keramos.artifact.files import check_relative
from keramos.artifact.sources import listing
from keramos.errors import MissingExtraError, SaveError, StoreError, UsageError
from keramos.platform.urls import file_system
from keramos.store.names import LABELS, LISTING, SIGNATURE, is_model, version_number
from keramos.store.place import Stored
from keramos.types.limits import LIMITS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from keramos.store.place import Parcel

_TIMES = ("LastModified", "mtime", "updated", "last_modified", "created")
"""Where file systems of fsspec put the time of writing."""


class _FileSystem(Protocol):
    """What is used of fsspec.AbstractFileSystem."""

    def ls(self, path: str, *, detail: bool, refresh: bool) -> list[Mapping[str, object]]: ...
    def cat_file(self, path: str, start: int | None = None, end: int | None = None) -> bytes: ...
    def pipe_file(self, path: str, value: bytes, mode: str = ...) -> None: ...
    def get_file(self, rpath: str, lpath: str) -> None: ...
    def rm(self, path: str, *, recursive: bool) -> None: ...
    def find(self, path: str, *, detail: bool) -> Mapping[str, Mapping[str, object]]: ...
    def unstrip_protocol(self, name: str) -> str: ...
    def invalidate_cache(self, path: str | None = ...) -> None: ...


def _file_system(url: str) -> tuple[_FileSystem, str]:
    try:
        return cast("tuple[_FileSystem, str]", file_system(url))
    except MissingExtraError:
        raise
    except UsageError as error:  # a store that cannot be read, for those that keep it
        raise StoreError(error.what, file=url) from None


_SMALL_BYTES = 1 << 20
"""Bytes of a signature, a listing or a file of labels at most."""


class RemotePlace:
    """Objects below a URL."""

    def __init__(self, root: str) -> None:
        self.root = root.rstrip("/")
        self._system, path = _file_system(self.root)
        self._path = path.rstrip("/")

    def models(self) -> Sequence[str]:
        """Names of folders that can hold versions, sorted."""
        return sorted(
            name for name, kind, _ in self._entries("") if kind == "directory" and is_model(name)
        )

    def versions(self, model: str) -> Sequence[Stored]:
        """Integer folders that hold a complete model, ascending."""
        found = []
        for name, kind, _ in self._entries(model):
            number = version_number(name)
            if number is not None and kind == "directory":
                stored = self._version(f"{model}/{name}", number)
                found += [] if stored is None else [stored]
        return sorted(found, key=lambda stored: stored.number)

    def _version(self, folder: str, number: int) -> Stored | None:
        inside = {(name, kind): info for name, kind, info in self._entries(folder)}
        for name in stored_names():
            if (name, "file") in inside:
                return self._stored(number, inside[name, "file"])
            listed = inside.get((f"{name}{LISTING}", "file"))
            if listed is not None and (name, "directory") in inside:
                return self._stored_folder(number, listed)
        names = [f"{name}/" if kind == "directory" else name for name, kind in inside]
        return self._served_folder(folder, number) if lists_model(names) else None

    def add(
        self,
        model: str,
        parcel: Parcel,
        check: Callable[[Path], object],
        numbered: Callable[[int], object],
    ) -> Stored:
        """Check a copy, then write the objects under the first free number after the newest.

        Raises:
            SaveError: it could not be written.
        """
        with tempfile.TemporaryDirectory(prefix="keramos-") as folder:
            check(parcel.source.write(Path(folder), parcel.name))
        objects = _objects(parcel)
        taken = [
            number
            for name, _, _ in self._entries(model)
            if (number := version_number(name)) is not None
        ]
        number = max(taken, default=0) + 1
        with _talking(f"{self.root}/{model}", SaveError):
            numbered(number)
            while not self._claim(f"{self._path}/{model}/{number}", objects):
                number += 1
                numbered(number)
        return next(stored for stored in self.versions(model) if stored.number == number)

    def _claim(self, folder: str, objects: Mapping[str, bytes]) -> bool:
        """Write objects where there are none, in their order; says whether it did."""
        if any(True for _ in self._listed(folder)):
            return False
        try:
            for name, data in objects.items():
                self._system.pipe_file(f"{folder}/{name}", data, mode="create")
        except FileExistsError:
            return False
        return True

    def remove(self, model: str, number: int) -> None:
        """Delete the version's objects."""
        with _talking(f"{self.root}/{model}/{number}", SaveError):
            self._system.rm(f"{self._path}/{model}/{number}", recursive=True)

    def labels(self, model: str) -> bytes | None:
        """The object of labels, or None."""
        with _talking(f"{self.root}/{model}/{LABELS}", StoreError):
            return self._optional(f"{self._path}/{model}/{LABELS}")

    def write_labels(self, model: str, data: bytes) -> None:
        """Put the object of labels."""
        with _talking(f"{self.root}/{model}/{LABELS}", SaveError):
            self._system.pipe_file(f"{self._path}/{model}/{LABELS}", data)

    @contextmanager
    def locked(self, model: str) -> Iterator[None]:  # noqa: ARG002 (an object store has no locks)
        """No lock; the module's docstring says what follows from that."""
        yield

    @contextmanager
    def local(self, file: str) -> Iterator[Path]:
        """A copy in a temporary folder."""
        with tempfile.TemporaryDirectory(prefix="keramos-") as folder:
            above, _, name = file.rpartition("/")
            copy = Path(folder, name)
            with _talking(file, StoreError):
                listed = self._optional(f"{file}{LISTING}")
                if listed is None:
                    self._copy(file, copy)
                for line in (listed or b"").decode().splitlines():
                    self._fetch(above, Path(folder), *line.split("  ", 1))
                signature = self._optional(f"{file}{SIGNATURE}")
                if signature is not None:
                    Path(f"{copy}{SIGNATURE}").write_bytes(signature)
            yield copy

    def _copy(self, path: str, copy: Path) -> None:
        """One object, or all that lie in a folder, within the limits of a model."""
        bare = _file_system(path)[1].rstrip("/")
        found = self._system.find(bare, detail=True)
        if not found or bare in found:
            self._system.get_file(path, str(copy))
            return
        if len(found) > LIMITS.members or sum(map(_bytes_of, found.values())) > LIMITS.file_bytes:
            raise StoreError(
                f"the folder has more than {LIMITS.members:,} files or "
                f"{LIMITS.file_bytes:,} bytes, the limits (members, file_bytes)",
                file=path,
            )
        for name in found:
            below = name.removeprefix(f"{bare}/")
            target = copy.joinpath(*check_relative(below, f"{path}/{below}"))
            target.parent.mkdir(parents=True, exist_ok=True)
            self._system.get_file(name, str(target))

    def _optional(self, path: str) -> bytes | None:
        try:
            data = self._system.cat_file(path, start=0, end=_SMALL_BYTES + 1)
        except FileNotFoundError:
            return None
        if len(data) > _SMALL_BYTES:
            raise StoreError(
                f"the file may have at most {_SMALL_BYTES:,} bytes",
                received=f"{len(data):,} bytes or more",
                file=path,
            )
        return data

    def _fetch(self, above: str, folder: Path, digest: str, name: str) -> None:
        """One file of a listing, by its path below the version's folder."""
        check_relative(name, f"{above}/{name}")
        data = self._system.cat_file(f"{above}/{name}")
        if sha256(data).hexdigest() != digest:
            raise StoreError(
                "the file is not the one that was published",
                file=f"{above}/{name}",
                remedy="Publish it again",
            )
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)

    def _entries(self, inside: str) -> Iterator[tuple[str, str, Mapping[str, object]]]:
        """Name, kind (file or directory) and description of what lies in a folder; nothing where
        there is none.
        """
        with _talking(f"{self.root}/{inside}", StoreError):
            for info in self._listed(f"{self._path}/{inside}".rstrip("/")):
                name = str(info["name"]).rstrip("/").rpartition("/")[2]
                yield name, str(info["type"]), info

    def _listed(self, path: str) -> list[Mapping[str, object]]:
        self._system.invalidate_cache()
        try:
            return self._system.ls(path, detail=True, refresh=True)
        except FileNotFoundError:
            return []

    def _stored(self, number: int, info: Mapping[str, object]) -> Stored:
        file = self._system.unstrip_protocol(str(info["name"]))
        time = next((info[key] for key in _TIMES if info.get(key)), 0.0)
        seconds = time.timestamp() if isinstance(time, datetime) else float(cast("float", time))
        return Stored(number, file, _bytes_of(info), seconds)

    def _served_folder(self, folder: str, number: int) -> Stored:
        """A version that is a model itself, as TensorFlow Serving has it: files that arrive or
        change later make it another one.
        """
        found = self._system.find(f"{self._path}/{folder}", detail=True).values()
        files = [self._stored(number, info) for info in found]
        size, newest = sum(one.size for one in files), max(one.modified for one in files)
        path = self._system.unstrip_protocol(f"{self._path}/{folder}")
        return Stored(number, path, size, newest)

    def _stored_folder(self, number: int, listed: Mapping[str, object]) -> Stored:
        """A version of several files: its path is that of its listing without the extension."""
        found = self._stored(number, listed)
        path = str(listed["name"]).removesuffix(LISTING)
        sizes = map(_bytes_of, self._system.find(path, detail=True).values())
        return replace(found, file=found.file.removesuffix(LISTING), size=sum(sizes))


def _objects(parcel: Parcel) -> dict[str, bytes]:
    """Paths and bytes in the order of writing; the last one makes the version visible."""
    files = parcel.source.files(parcel.name)
    own = {parcel.name: files.pop(parcel.name)} if parcel.name in files else {}
    objects = dict(files)
    if parcel.signature is not None:
        objects[f"{parcel.name}{SIGNATURE}"] = parcel.signature
    if parcel.source.is_split:
        objects[f"{parcel.name}{LISTING}"] = listing({**files, **own})
    return {**objects, **own}


def _bytes_of(info: Mapping[str, object]) -> int:
    return int(cast("int", info.get("size") or 0))


@contextmanager
def _talking(place: str, kind: type[SaveError | StoreError]) -> Iterator[None]:
    """Turns what a remote file system raises, each its own classes, into one message."""
    try:
        yield
    except (SaveError, StoreError):
        raise
    except Exception as error:
        text = str(error).strip().partition("\n")[0][:300] or type(error).__name__
        raise kind(f"{place}: {text}") from error
