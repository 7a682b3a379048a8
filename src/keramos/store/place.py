"""What a store needs of the place where its files lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Stored:
    """The file of one version: its place, bytes and time of writing (seconds, Unix)."""

    number: int
    file: str
    size: int
    modified: float


class Place(Protocol):
    """A folder of models, on a disk or elsewhere. Versions appear completely or not at all."""

    root: str

    def models(self) -> Sequence[str]:
        """Names of models, sorted."""

    def versions(self, model: str) -> Sequence[Stored]:
        """Versions of a model that hold a file, ascending; none for a model that is not there."""

    def add(self, model: str, file: Path, name_of: Callable[[Path], str]) -> Stored:
        """Copy ``file`` in as the version after the newest. ``name_of`` checks the copy and gives
        the name it gets; what it raises leaves the place as it was.
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
        """A stored file on this machine's disk, while the context is open."""
