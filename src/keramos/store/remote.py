"""A store behind a URL (s3://, gs://, memory:// ...), through fsspec.

A version is one object, and object stores show an object when it is complete. It is written only
where none is yet: on S3 and Google Cloud Storage that is decided by the server, elsewhere by a look
before. There are no locks, so two who move labels of one model at once may undo each other; the
last one wins.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from keramos.errors import MissingExtraError, SaveError, StoreError
from keramos.store.names import FILES, LABELS, SIGNATURE, is_model, version_number
from keramos.store.place import Stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_TIMES = ("LastModified", "mtime", "updated", "last_modified", "created")
"""Where file systems of fsspec put the time of writing."""


class _FileSystem(Protocol):
    """What is used of fsspec.AbstractFileSystem."""

    def ls(self, path: str, *, detail: bool, refresh: bool) -> list[Mapping[str, object]]: ...
    def cat_file(self, path: str) -> bytes: ...
    def pipe_file(self, path: str, value: bytes, mode: str = ...) -> None: ...
    def get_file(self, rpath: str, lpath: str) -> None: ...
    def rm(self, path: str, *, recursive: bool) -> None: ...
    def unstrip_protocol(self, name: str) -> str: ...
    def invalidate_cache(self, path: str | None = ...) -> None: ...


def _file_system(url: str) -> tuple[_FileSystem, str]:
    try:
        import fsspec  # noqa: PLC0415 (an extra)
    except ImportError:
        raise MissingExtraError(f"{url} needs fsspec: pip install 'keramos[remote]'") from None
    try:
        return cast("tuple[_FileSystem, str]", fsspec.url_to_fs(url))
    except ImportError as error:
        raise MissingExtraError(f"{url} needs one more package: {error}") from None
    except ValueError as error:
        raise StoreError(f"{url} is no place that fsspec knows: {error}") from None


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
        """Integer folders that hold a model file, ascending."""
        found = []
        for name, kind, _ in self._entries(model):
            number = version_number(name)
            if number is None or kind != "directory":
                continue
            inside = {
                file: info
                for file, kind, info in self._entries(f"{model}/{name}")
                if kind == "file"
            }
            file = next((file for file in FILES.values() if file in inside), None)
            if file is not None:
                found.append(self._stored(number, inside[file]))
        return sorted(found, key=lambda stored: stored.number)

    def add(self, model: str, file: Path, name_of: Callable[[Path], str]) -> Stored:
        """Check the file, then write it as one object under the first free number after the newest.

        Raises:
            SaveError: it could not be written.
        """
        name = name_of(file)
        signature = Path(f"{file}{SIGNATURE}")
        try:
            # The signature comes first: a version is there when its model is, and then both are.
            objects = {f"{name}{SIGNATURE}": signature.read_bytes()} if signature.is_file() else {}
            objects[name] = file.read_bytes()
        except OSError as error:
            raise SaveError(f"{file} cannot be read: {error.strerror}") from error
        taken = [
            number
            for name, _, _ in self._entries(model)
            if (number := version_number(name)) is not None
        ]
        number = max(taken, default=0) + 1
        with _talking(f"{self.root}/{model}", SaveError):
            while not self._claim(f"{self._path}/{model}/{number}", objects):
                number += 1
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
            try:
                return self._system.cat_file(f"{self._path}/{model}/{LABELS}")
            except FileNotFoundError:
                return None

    def write_labels(self, model: str, data: bytes) -> None:
        """Put the object of labels."""
        with _talking(f"{self.root}/{model}/{LABELS}", SaveError):
            self._system.pipe_file(f"{self._path}/{model}/{LABELS}", data)

    @contextmanager
    def locked(self, model: str) -> Iterator[None]:  # noqa: ARG002 (an object store has no locks)
        """Nothing: see above."""
        yield

    @contextmanager
    def local(self, file: str) -> Iterator[Path]:
        """A copy in a temporary folder."""
        with tempfile.TemporaryDirectory(prefix="keramos-") as folder:
            copy = Path(folder, file.rpartition("/")[2])
            with _talking(file, StoreError):
                self._system.get_file(file, str(copy))
                with suppress(FileNotFoundError):
                    Path(f"{copy}{SIGNATURE}").write_bytes(
                        self._system.cat_file(f"{file}{SIGNATURE}")
                    )
            yield copy

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
        return Stored(number, file, int(cast("int", info.get("size") or 0)), seconds)


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
