"""Metrics of several worker processes: each writes its own to a file once a second, and the scraped
worker sums all.

Counters and histograms are summed; gauges get a label ``worker``. A worker has a slot, a number
that it keeps while it lives by a lock on a file, which the system releases when the process dies.
The next worker in a slot continues its counters, so that none decreases.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
from dataclasses import replace
from itertools import count
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import msgspec

from keramos.serving.core.metric_family import Family

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from io import TextIOWrapper

    from keramos.serving.core.metric_family import Sample

_SECONDS = 1.0
_decode = msgspec.json.Decoder(list[Family]).decode
_encode = msgspec.json.Encoder().encode


class WorkerMetrics:
    """The slot of this process among the workers that share a folder; ``own`` gives its metrics."""

    def __init__(self, folder: str, own: Callable[[], list[Family]]) -> None:
        self._folder, self._own = Path(folder), own
        self.number, self._lock = next(_free_slots(self._folder))
        self._file = self._folder / f"{self.number}.json"
        self._before = [family for family in _read(self._file) if family.kind != "gauge"]
        self._writing = Lock()
        self._task: asyncio.Task[None] | None = None

    def families(self) -> list[Family]:
        """Metrics of all workers; those of others are up to a second old. The result is written
        first, so that no counter decreases when this worker is killed.
        """
        mine = self.write()
        others = [_read(path) for path in sorted(self._folder.glob("*.json")) if path != self._file]
        return _sum([mine, *others])

    def write(self) -> list[Family]:
        """Write this worker's metrics for the others."""
        with self._writing:
            mine = self._mine()
            new = self._file.with_suffix(".new")
            new.write_bytes(_encode(mine))
            new.replace(self._file)
        return mine

    def leave(self) -> None:
        """Write a last time and release the slot."""
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

    def _mine(self) -> list[Family]:
        slot = ("worker", str(self.number))
        labelled = [
            _labelled(family, slot) if family.kind == "gauge" else family for family in self._own()
        ]
        return _sum([labelled, self._before])


def _free_slots(folder: Path) -> Iterator[tuple[int, TextIOWrapper]]:
    for number in count():
        lock = (folder / f"{number}.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        yield number, lock


def _read(path: Path) -> list[Family]:
    try:
        return _decode(path.read_bytes())
    except FileNotFoundError:
        return []


def _labelled(family: Family, label: tuple[str, str]) -> Family:
    return replace(
        family, samples=tuple(replace(one, labels=(*one.labels, label)) for one in family.samples)
    )


def _sum(parts: Iterable[Sequence[Family]]) -> list[Family]:
    """Families by name, and samples of equal names and labels added up."""
    families: dict[str, Family] = {}
    values: dict[str, dict[tuple[object, ...], Sample]] = {}
    for family in (family for part in parts for family in part):
        families.setdefault(family.name, family)
        known = values.setdefault(family.name, {})
        for sample in family.samples:
            key = (sample.suffix, sample.labels)
            known[key] = (
                replace(sample, value=sample.value + known[key].value) if key in known else sample
            )
    return [
        replace(family, samples=tuple(values[name].values())) for name, family in families.items()
    ]
