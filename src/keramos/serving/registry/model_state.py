"""Which versions of a model are wanted, and where each of them is."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from keramos.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Collection

    from keramos.serving.registry.loading import LoadJob
    from keramos.types.versions import Version


class Policy(Frozen, frozen=True):
    """Which versions of a model are loaded: the ``newest`` so many, ``exactly`` these, or all where
    neither is given. Versions with a label are loaded too (TensorFlow Serving's policies,
    ``file_system_storage_path.proto``).
    """

    newest: int = 0
    exactly: frozenset[int] = frozenset()

    def wanted(self, numbers: Collection[int]) -> set[int]:
        """The wanted versions among those that exist."""
        if self.exactly:
            return set(numbers) & self.exactly
        return set(sorted(numbers)[-self.newest :])


LATEST = Policy(newest=1)


@dataclass(slots=True)
class ModelState:
    """The state of one model's versions: number -> stamp of the file that was loaded, or that
    failed; ``jobs`` are on their way. ``opened`` are those that are loaded, ``unopened`` wait for
    a request.
    """

    loaded: dict[int, object] = field(default_factory=dict)
    failed: dict[int, object] = field(default_factory=dict)
    again: set[int] = field(default_factory=set)
    jobs: dict[int, LoadJob] = field(default_factory=dict)
    opened: dict[int, Version] = field(default_factory=dict)
    unopened: dict[int, Version] = field(default_factory=dict)
    opening: Lock = field(default_factory=Lock)
    labels_fault: str = ""
    looks_without: int = 0
    off: bool = False

    @property
    def answering(self) -> set[int]:
        """Versions that answer, or do once they are opened."""
        return {*self.loaded, *self.unopened}

    def drop(self, number: int) -> None:
        """Forget a version that answers no more."""
        for versions in (self.loaded, self.opened, self.unopened):
            versions.pop(number, None)

    def drop_jobs(self, wanted: Collection[int] = ()) -> None:
        """Let go of versions on their way that are not wanted."""
        for number in set(self.jobs).difference(wanted):
            self.jobs.pop(number).stop()
