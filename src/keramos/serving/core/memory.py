"""The memory of all requests together: bodies as they were received, and what they decode to.

Small bodies are not counted: their number is bounded by that of connections. A large one reserves
memory before it is there, and gives it back when its request is answered.
"""

from __future__ import annotations

import ctypes
import sys
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Condition
from time import monotonic
from typing import TYPE_CHECKING

from keramos.errors import NotReadyError, RequestError

if TYPE_CHECKING:
    from collections.abc import Iterator

SMALL = 1 << 16
"""Bytes of a body that is not counted."""

_SMALL_DECODED = 1 << 23
"""Bytes of decoded values that are not counted."""

BUSY = "the server's memory for large requests is taken; come back later"

_LARGE = 1 << 25
"""Bytes of a request after which freed memory goes back to the system."""

_ARENA_MAX = -8
"""``M_ARENA_MAX`` of glibc's mallopt(3)."""


def share_arenas() -> None:
    """Have glibc serve all threads from two arenas. By default there are eight for each core, each
    keeps what large bodies freed, and four threads held a third more memory in a flood.
    """
    if _glibc("mallopt"):
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 2)


def _hand_back() -> None:
    """Have glibc give freed memory back to the system, which it keeps for itself otherwise."""
    if _glibc("malloc_trim"):
        ctypes.CDLL(None).malloc_trim(0)


def _glibc(function: str) -> bool:
    """Whether the allocator is glibc's; musl and other systems have no such function."""
    return sys.platform == "linux" and hasattr(ctypes.CDLL(None), function)


class Memory:
    """A number of bytes that requests share."""

    def __init__(self, most: int, seconds: float = 0.0) -> None:
        """``seconds`` is how long a request waits for others to end."""
        self.most = most
        self._free = most
        self._seconds = seconds
        self._changed = Condition()

    def take(self, size: int) -> bool:
        """Whether so many bytes are free now, or soon; then they are taken."""
        end = monotonic() + self._seconds
        with self._changed:
            while size > self._free:
                left = end - monotonic()
                if left <= 0:
                    return False
                self._changed.wait(left)
            self._free -= size
            return True

    def give(self, size: int) -> None:
        """Give bytes back."""
        with self._changed:
            self._free += size
            self._changed.notify_all()


class Lease:
    """What one request has taken."""

    def __init__(self, bodies: Memory, decoded: Memory) -> None:
        self._taken: list[tuple[Memory, int]] = []
        self._bodies, self._decoded = bodies, decoded

    def body(self, size: int) -> bool:
        """Whether so many further bytes of a body may be kept."""
        return self._took(self._bodies, size)

    def decoded(self, size: int) -> None:
        """Take memory for decoded values.

        Raises:
            RequestError: there is never so much.
            NotReadyError: others have it.
        """
        if size > self._decoded.most:
            raise RequestError(
                f"a decoded request may take {self._decoded.most >> 20} MiB of memory",
                received=f"about {size >> 20} MiB",
                remedy="Send it in parts",
            )
        if not self._took(self._decoded, size):
            raise NotReadyError(BUSY)

    def end(self) -> None:
        """Give everything back."""
        if sum(size for _, size in self._taken) > _LARGE:
            _hand_back()
        while self._taken:
            memory, size = self._taken.pop()
            memory.give(size)

    def _took(self, memory: Memory, size: int) -> bool:
        taken = memory.take(size)
        if taken:
            self._taken.append((memory, size))
        return taken


class RequestMemory:
    """The memory of all requests of one server process."""

    def __init__(self, most: int, seconds: float = 30.0) -> None:
        """A quarter of ``most`` bytes is for bodies, half for decoded values; replies and arrays
        take the rest. Requests wait up to ``seconds`` for decoded values of others.
        """
        self._bodies = Memory(most // 4)
        self._decoded = Memory(most // 2, seconds)

    def apart(self) -> Lease:
        """A lease that ``reserve`` does not see; whoever takes it ends it."""
        return Lease(self._bodies, self._decoded)

    @contextmanager
    def lease(self) -> Iterator[Lease]:
        """For one request: what ``reserve`` takes meanwhile is given back at the end."""
        made = Lease(self._bodies, self._decoded)
        token = _lease.set(made)
        try:
            yield made
        finally:
            _lease.reset(token)
            made.end()


_lease: ContextVar[Lease | None] = ContextVar("keramos_request_memory", default=None)
"""The lease of the request that this thread or task answers."""


def reserve(size: int) -> None:
    """Take memory for decoded values of the present request, before they are there.

    Raises:
        RequestError: it is more than one request may take.
        NotReadyError: other requests have it.
    """
    lease = _lease.get()
    if lease is not None and size > _SMALL_DECODED:
        lease.decoded(size)
