"""Files behind URLs (``s3://``, ``https://``, ``memory://`` ...), through fsspec."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

from keramos.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping


class FileSystem(Protocol):
    """What is used of fsspec.AbstractFileSystem."""

    protocol: str | tuple[str, ...]

    def glob(self, path: str, *, detail: bool) -> dict[str, Mapping[str, object]]:
        """Files that fit a pattern."""
        ...

    def find(self, path: str, *, detail: bool) -> dict[str, Mapping[str, object]]:
        """Files below a folder."""
        ...

    def info(self, path: str) -> Mapping[str, object]:
        """Type and size."""
        ...

    def open(self, path: str, mode: str) -> BinaryIO:
        """An open file."""
        ...

    def pipe_file(self, path: str, value: bytes) -> None:
        """Write bytes."""
        ...

    def put_file(self, lpath: str, rpath: str) -> None:
        """Copy a file there."""
        ...

    def unstrip_protocol(self, name: str) -> str:
        """A path as a URL."""
        ...

    def exists(self, path: str) -> bool:
        """Whether it is there."""
        ...


def is_url(name: str) -> bool:
    """Whether fsspec has to open it."""
    return "://" in name


def file_system(url: str) -> tuple[FileSystem, str]:
    """The file system of a URL and the path in it.

    Raises:
        MissingExtraError: fsspec, or what it needs for this kind of URL, is not installed.
        UsageError: fsspec knows no such kind.
    """
    try:
        import fsspec  # noqa: PLC0415 (an extra)
    except ImportError:
        raise MissingExtraError(
            f"{url} needs fsspec", remedy="Install it with: pip install 'keramos[remote]'"
        ) from None
    try:
        return cast("tuple[FileSystem, str]", fsspec.url_to_fs(url))
    except ImportError as error:
        raise MissingExtraError(
            "the URL needs one more package", received=str(url), remedy=f"Install it: {error}"
        ) from None
    except ValueError as error:
        raise UsageError(f"fsspec does not know this URL: {error}", file=str(url)) from None
