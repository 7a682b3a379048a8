"""What a store needs of the storage that holds its files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from keramos.artifact.sources import ModelSource


@dataclass(frozen=True, slots=True)
class Stored:
    """One version as it is stored: its path or URL, bytes of all its files, and time of writing
    (Unix seconds).
    """

    number: int
    file: str
    size: int
    modified: float


@dataclass(frozen=True, slots=True, eq=False)
class Parcel:
    """What is added to a store: a model, its name in the version's folder, and its signature."""

    source: ModelSource
    name: str
    signature: bytes | None = None


class Place(Protocol):
    """A folder of models, on a disk or behind a URL. Versions appear completely or not at all."""

    root: str

    def models(self) -> Sequence[str]:
        """Names of models, sorted."""

    def versions(self, model: str) -> Sequence[Stored]:
        """Versions of a model that are complete, ascending; none for a model that does not
        exist.
        """

    def add(
        self,
        model: str,
        parcel: Parcel,
        check: Callable[[Path], object],
        numbered: Callable[[int], object],
    ) -> Stored:
        """Add the version after the newest. ``check`` gets the path of a copy on this machine's
        disk, ``numbered`` the version's number before it counts; what they raise leaves the place
        as it was.
        """

    def remove(self, model: str, number: int) -> None:
        """Take a version away."""

    def labels(self, model: str) -> bytes | None:
        """The file of labels, or None."""

    def write_labels(self, model: str, data: bytes) -> None:
        """Put the file of labels."""

    def locked(self, model: str) -> AbstractContextManager[None]:
        """Keeps other writers of this model's labels away, where the place can do that."""

    def local(self, file: str) -> AbstractContextManager[Path]:
        """A stored model on this machine's disk, while the context is open."""
