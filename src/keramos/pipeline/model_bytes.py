"""A model that is not a path on this machine: bytes, an open file, or a URL."""

from __future__ import annotations

import os
from functools import cache, partial
from typing import TYPE_CHECKING, Protocol

from keramos.artifact.containers.table import any_source, entrance, form_of, model_source
from keramos.artifact.files import check_relative
from keramos.artifact.sources import ModelSource
from keramos.errors import KeramosError, LimitExceededError, ModelError, UsageError
from keramos.platform.urls import file_system

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keramos.artifact.limits import Limits
    from keramos.platform.urls import FileSystem


class Readable(Protocol):
    """A file that is open for reading bytes."""

    def read(self, size: int = ..., /) -> bytes:
        """At most ``size`` bytes."""
        ...


def instead_of_paths(
    path: object, weights: object, base: Callable[[str, Limits], ModelSource], *, signed: bool
) -> tuple[str, str | None, Callable[[str, Limits], ModelSource]]:
    """The names of what was given in messages, and what reads them: ``base`` reads paths.

    Raises:
        UsageError: one is of no kind that is read, or signatures are wanted, which lie beside files
            only.
    """
    name, read = _named(path, "path")
    names, own = [name], {name: read} if read else {}
    if weights is not None:
        beside, read = _named(weights, "weights")
        beside = f"{beside} (weights)" if beside == name else beside
        names, own = [*names, beside], {**own, **({beside: read} if read else {})}
    if signed and own:
        raise UsageError(
            "a signature lies beside a file",
            option="require_signature",
            received=", ".join(own),
            remedy="Give the path of the file",
        )
    source_of = lambda one, limits: own[one](limits) if one in own else base(one, limits)  # noqa: E731
    return name, names[1] if len(names) > 1 else None, source_of


def _named(given: object, option: str) -> tuple[str, Callable[[Limits], ModelSource] | None]:
    """The name of a model in messages, and what reads it where that is not its path."""
    if isinstance(given, (str, os.PathLike)):
        return os.fspath(given), None
    if isinstance(given, (bytes, bytearray, memoryview)):
        return "bytes", partial(_of_bytes, "bytes", bytes(given))
    read = getattr(given, "read", None)
    if callable(read):
        own = getattr(given, "name", None)
        name = own if isinstance(own, str) else "file object"
        return name, cache(partial(_of_file, name, read))  # it is read to its end once
    raise UsageError(
        "a path, a URL, bytes, or a file that is open for reading bytes is needed",
        option=option,
        received=type(given).__name__,
    )


def _of_bytes(name: str, data: bytes, limits: Limits) -> ModelSource:
    if len(data) > limits.file_bytes:
        raise _too_large(name, limits)
    return ModelSource.of_file(name, data)


def _of_file(name: str, read: Callable[[int], object], limits: Limits) -> ModelSource:
    """What is left in an open file."""
    parts: list[bytes] = []
    left = limits.file_bytes + 1
    while left > 0:
        part = read(min(left, 1 << 24))
        if not isinstance(part, bytes):
            raise UsageError(
                "the file is not open for reading bytes",
                received=type(part).__name__,
                remedy="Open it with mode 'rb'",
            )
        if not part:
            return ModelSource.of_file(name, b"".join(parts))
        parts.append(part)
        left -= len(part)
    raise _too_large(name, limits)


def _too_large(name: str, limits: Limits) -> LimitExceededError:
    return LimitExceededError(
        f"it has more than {limits.file_bytes:,} bytes, the limit (file_bytes)",
        file=name,
        remedy="Raise it if the file is yours",
    )


def source_behind(path: str, limits: Limits, *, parsed: bool = True) -> ModelSource:
    """The bytes of a model behind a URL. Without ``parsed`` they are a file alone, or all files of
    a folder, whatever they are: nothing of them is looked at.

    Raises:
        ModelError: there is no such file or folder, or it is no model.
        MissingExtraError: a URL needs fsspec, or a package of its kind.
    """
    system, inner = file_system(path.removesuffix("/saved_model.pb"))
    if "file" in system.protocol:
        return model_source(inner, limits) if parsed else any_source(entrance(inner), limits)
    if not inner.strip("/"):
        raise ModelError("the URL names no file", file=path)
    try:
        return _behind(system, inner, path, limits, parsed=parsed)
    except KeramosError:
        raise
    except FileNotFoundError:
        raise ModelError("the file does not exist", file=path) from None
    except Exception as error:  # noqa: BLE001 (each kind of URL has errors of its own)
        raise ModelError(
            "the file cannot be read", file=path, received=f"{type(error).__name__}: {error}"
        ) from None


def _behind(
    system: FileSystem, inner: str, url: str, limits: Limits, *, parsed: bool
) -> ModelSource:
    """A file and what lies beside it, or a folder."""
    info = system.info(inner)
    if info["type"] == "directory":
        return ModelSource(url, _folder(system, inner, url, limits), folder=True)
    size = info.get("size")
    if isinstance(size, int) and size > limits.file_bytes:
        raise _too_large(url, limits)
    name = inner.rpartition("/")[2]
    with system.open(inner, "rb") as file:
        data = _of_file(url, file.read, limits).main
    source = ModelSource(url, {name: data})
    companions = form_of(source).companions if parsed else None
    if companions is None:
        return source
    folder = inner.removesuffix(name).rstrip("/")
    beside = _files(system, folder, companions(source, limits), url, limits, len(data))
    return ModelSource(url, {name: data, **beside})


def _folder(system: FileSystem, inner: str, url: str, limits: Limits) -> dict[str, bytes]:
    top = inner.rstrip("/")
    found = [name.removeprefix(top).lstrip("/") for name in system.find(top, detail=True)]
    shown = sorted(one for one in found if not any(part[:1] == "." for part in one.split("/")))
    if len(shown) > limits.members:
        raise LimitExceededError(
            f"the folder has more than {limits.members:,} files, the limit (members)", file=url
        )
    return _files(system, top, shown, url, limits, 0)


def _files(
    system: FileSystem, folder: str, names: Sequence[str], url: str, limits: Limits, taken: int
) -> dict[str, bytes]:
    """Files below a folder; all of them together are within the limit of bytes."""
    found: dict[str, bytes] = {}
    for name in names:
        check_relative(name, url)
        with system.open(f"{folder}/{name}", "rb") as file:
            found[name] = file.read(limits.file_bytes - taken + 1)
        taken += len(found[name])
        if taken > limits.file_bytes:
            raise _too_large(url, limits)
    return found
