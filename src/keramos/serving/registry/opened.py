"""When versions are opened, and which of them wait for their next request again where memory is
bounded.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from keramos.compile.emit import weight_values
from keramos.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keramos.inference.model import Model
    from keramos.serving.registry.registry import ModelRegistry

Key = tuple[str, int]
"""Model and version."""


class Opening(Frozen, frozen=True):
    """When versions are opened: ``on_request`` at their first request, else at the start.

    ``most_bytes`` bounds the memory of open models, 0 does not: beyond it those that answered least
    recently are closed until their next request.
    """

    on_request: bool = False
    most_bytes: int = 0


AT_START = Opening()

_LEAST_BYTES = 256 << 10
"""What a model of a few weights takes: its config, its graph and a session of ONNX Runtime."""

_COPIES = 2
"""A session has its own copy of the weights."""

_NUMBER = 4


def memory_of(model: Model) -> int:
    """Bytes that an open model takes at least, from its weights."""
    return _LEAST_BYTES + _COPIES * _NUMBER * weight_values(model.artifact.network)


def resident() -> int:
    """Bytes of memory that this process holds; 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_bytes().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


@dataclass(slots=True)
class _Use:
    bytes: int
    runs: int
    at: float


class Opened:
    """Sizes of open versions and when each was last seen to have answered."""

    def __init__(self, registry: ModelRegistry, most_bytes: int) -> None:
        """``most_bytes`` is for all of them together."""
        self._registry = registry
        self._most = most_bytes
        self._uses: dict[Key, _Use] = {}
        self._grown: dict[Key, int] = {}

    def grew(self, key: Key, bytes_more: int) -> None:
        """The memory of this process grew by so much while a version was opened: its graph may
        need more than its weights.
        """
        self._grown[key] = bytes_more

    def look(self) -> None:
        """Note which versions ran since the last look; requests themselves note nothing."""
        now, before = monotonic(), self._uses
        self._uses = {}
        for served in self._registry.all_served():
            key, runs = (served.name, served.version), sum(served.counts.runs.counts)
            use = before.get(key) or _Use(self._size(key, served.model), runs, now)
            if use.runs != runs:
                use.runs, use.at = runs, now
            self._uses[key] = use

    def _size(self, key: Key, model: Model) -> int:
        return max(memory_of(model), self._grown.pop(key, 0))

    def surplus(self, kept: Key) -> Iterator[Key]:
        """The versions to close, least recently used first, so that the others fit; never the one
        that was opened just now.
        """
        self.look()
        size = sum(use.bytes for use in self._uses.values())
        for key in sorted(self._uses, key=lambda key: self._uses[key].at):
            if size <= self._most:
                return
            if key != kept:
                size -= self._uses[key].bytes
                yield key
