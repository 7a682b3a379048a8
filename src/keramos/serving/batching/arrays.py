"""Array batching: requests of one tick of the event loop whose inputs are arrays share one run.

A request never waits for others. Where a shared run fails, each request runs by itself, so that
only the faulty one is refused. Slow models run in a thread.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from keramos.errors import KeramosError
from keramos.serving.batching.limits import MAX_SHARED_ROWS, SLOW_RUN_SECONDS

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from keramos.serving.core.served import Registry, Served
    from keramos.types.prediction import Feeds
    from keramos.types.serving import Outputs


class Answer(Protocol):
    """Who waits for outputs; a future is one."""

    def done(self) -> bool:
        """Whether nobody waits any more."""

    def set_result(self, outputs: Outputs, /) -> None:
        """Take the outputs."""

    def set_exception(self, error: Exception, /) -> None:
        """Take why there are none."""


@dataclass(frozen=True, slots=True, eq=False)
class _QueuedRun:
    served: Served
    feeds: Feeds
    rows: int
    answer: Answer

    @property
    def kind(self) -> Hashable:
        """Requests of one kind can share a run."""
        return id(self.served), tuple(
            (name, array.dtype, array.shape[1:]) for name, array in self.feeds.items()
        )


class ArrayBatcher:
    """Runs for the requests of one event loop."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._queue: list[_QueuedRun] = []

    async def run(self, served: Served, feeds: Feeds) -> Outputs:
        """Outputs for one request's feeds.

        Raises:
            MismatchError: an array does not fit the model's inputs.
        """
        answer: asyncio.Future[Outputs] = asyncio.get_running_loop().create_future()
        if not self.put(served, feeds, answer):
            return await asyncio.to_thread(self._registry.run, served, feeds)
        return await answer

    def put(self, served: Served, feeds: Feeds, answer: Answer) -> bool:
        """Have ``answer`` told the outputs at the end of this tick; False where the run takes so
        long that it needs a thread.
        """
        rows = len(next(iter(feeds.values())))
        if served.seconds > SLOW_RUN_SECONDS or rows > MAX_SHARED_ROWS:
            return False
        if not self._queue:
            asyncio.get_running_loop().call_soon(self._flush)
        self._queue.append(_QueuedRun(served, feeds, rows, answer))
        return True

    def _flush(self) -> None:
        queued, self._queue = self._queue, []
        groups: dict[Hashable, list[_QueuedRun]] = {}
        for one in queued:
            if one.answer.done():  # its caller has gone or its time is over
                continue
            groups.setdefault(one.kind, []).append(one)
        for group in groups.values():
            if (
                len(group) == 1
                or not group[0].served.shares
                or sum(one.rows for one in group) > MAX_SHARED_ROWS
                or not self._together(group)
            ):
                for one in group:
                    self._run_single(one)

    def _together(self, group: Sequence[_QueuedRun]) -> bool:
        """Answer a group with one run; False where that fails, and then none is answered."""
        first = group[0]
        fed = {name: np.concatenate([one.feeds[name] for one in group]) for name in first.feeds}
        rows = sum(one.rows for one in group)
        try:
            outputs = self._registry.run(first.served, fed)
        except KeramosError:
            return False
        if any(array.shape[:1] != (rows,) for array in outputs):
            return False
        begin = 0
        for one in group:
            one.answer.set_result([array[begin : begin + one.rows] for array in outputs])
            begin += one.rows
        return True

    def _run_single(self, one: _QueuedRun) -> None:
        try:
            outputs = self._registry.run(one.served, one.feeds)
        except Exception as error:  # noqa: BLE001 (who waits is told)
            one.answer.set_exception(error)
        else:
            one.answer.set_result(outputs)
