"""What the workers of one server count together: each writes its own to files once a second, and
reads those of the others when it is asked.

A worker has a slot, a number that it keeps while it lives by a lock on a file, which the system
releases when the process dies. The next worker in a slot continues what it counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
from itertools import count
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from io import TextIOWrapper

_SECONDS = 1.0


class Shared(Protocol):
    """Something that every worker counts. It counts alone until ``join`` is called."""

    def join(self, place: Place) -> None:
        """Continue what the last worker of this slot wrote, and count with those of other slots."""

    def written(self) -> bytes:
        """What this worker counted, with what it continues."""


class Place:
    """Where one thing that workers share is kept: a file for each slot."""

    def __init__(self, folder: Path, number: int, name: str) -> None:
        self.number = number
        self._files = folder, f"*.{name}"
        self._mine = folder / f"{number}.{name}"
        self._writing = Lock()
        self.before = _read(self._mine)
        """What the last worker of this slot wrote; empty where there was none."""

    def others(self) -> list[bytes]:
        """What the workers of other slots wrote last."""
        folder, pattern = self._files
        paths = sorted(path for path in folder.glob(pattern) if path != self._mine)
        return [data for path in paths if (data := _read(path))]

    def write(self, made: Callable[[], bytes]) -> bytes:
        """Write what ``made`` gives, for the others; threads take turns."""
        with self._writing:
            data, new = made(), self._mine.with_name(f"{self._mine.name}-new")
            new.write_bytes(data)
            new.replace(self._mine)
        return data


class Sharing:
    """A companion of the server that takes a slot in a folder and writes what its parts counted,
    once a second.
    """

    def __init__(self, folder: str | Path, parts: Mapping[str, Shared]) -> None:
        """``parts`` are under the names of their files."""
        self.number, self._lock = next(_free_slots(Path(folder)))
        self._parts = [
            (part, Place(Path(folder), self.number, name)) for name, part in parts.items()
        ]
        self._task: asyncio.Task[None] | None = None
        for part, place in self._parts:
            part.join(place)

    def write(self) -> None:
        """Write all parts for the others."""
        for part, place in self._parts:
            place.write(part.written)

    def leave(self) -> None:
        """Write a last time and give the slot to the next worker."""
        self.write()
        self._lock.close()

    async def start(self) -> None:
        """Begin to write once a second."""
        self._task = asyncio.create_task(self._go_on())

    async def stop(self, seconds: float) -> None:  # noqa: ARG002 (it takes no time)
        """Stop writing; ``leave`` writes after the last request."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _go_on(self) -> None:
        while True:
            await asyncio.to_thread(self.write)
            await asyncio.sleep(_SECONDS)


def _free_slots(folder: Path) -> Iterator[tuple[int, TextIOWrapper]]:
    for number in count():
        lock = (folder / f"{number}.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        yield number, lock


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
