"""Versions of models, and where a server finds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from keramos.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path


class Version(Frozen, frozen=True):
    """One version of a model as it is stored: its path or URL, bytes of all its files, and time of
    writing (Unix seconds).

    ``file`` names one file or a folder of files. ``labels`` are names that point to this version
    (``stable``). ``stamp`` differs when the bytes were replaced. ``fault`` says why the version
    cannot be opened, where its place shows that already; ``labels_fault`` why the labels of its
    model could not be read.
    """

    model: str
    number: int
    file: str
    size: int
    modified: float
    labels: tuple[str, ...] = ()
    fault: str = ""
    labels_fault: str = ""

    @property
    def stamp(self) -> tuple[str, int, float]:
        """What differs once the model was written again."""
        return self.file, self.size, self.modified


class Source(Protocol):
    """Where models come from. Both calls may block on a disk or a network, and may come from
    several threads.
    """

    def versions(self) -> Sequence[Version]:
        """Every version that is there now.

        Raises:
            KeramosError: the place cannot be read.
        """

    def local(self, version: Version) -> AbstractContextManager[Path]:
        """The version's model on this machine's disk, while the context is open.

        Raises:
            KeramosError: the file cannot be fetched.
        """
