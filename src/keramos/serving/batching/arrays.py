"""Requests of one tick of the event loop that are arrays already: they share one run of their
model.

Nothing waits for more requests to come. Where a shared run fails, each request runs alone, so that
only the one at fault is refused. What takes long runs in a thread, and the loop goes on.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import KeramosError

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from keramos.serving.core.served import Registry, Served
    from keramos.types.prediction import Feeds
    from keramos.types.serving import Outputs

SLOW = 0.002
"""Seconds of one row's run above which a model runs in a thread."""

ROWS = 1024
"""Rows of a shared run at most; a request with more runs in a thread."""


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    served: Served
    feeds: Feeds
    rows: int
    answer: asyncio.Future[Outputs]

    @property
    def kind(self) -> Hashable:
        """Requests of one kind can share a run."""
        return id(self.served), tuple(
            (name, array.dtype, array.shape[1:]) for name, array in self.feeds.items()
        )


class Ticks:
    """Runs for the requests of one event loop."""

    def __init__(self, engine: Registry) -> None:
        self._engine = engine
        self._asked: list[_Asked] = []

    async def run(self, served: Served, feeds: Feeds) -> Outputs:
        """Outputs for one request's feeds.

        Raises:
            MismatchError: an array does not fit the model's inputs.
        """
        rows = len(next(iter(feeds.values())))
        if served.seconds > SLOW or rows > ROWS:
            return await asyncio.to_thread(self._engine.run, served, feeds)
        loop = asyncio.get_running_loop()
        if not self._asked:
            loop.call_soon(self._flush)
        asked = _Asked(served, feeds, rows, loop.create_future())
        self._asked.append(asked)
        return await asked.answer

    def _flush(self) -> None:
        asked, self._asked = self._asked, []
        groups: dict[Hashable, list[_Asked]] = {}
        for one in asked:
            if one.answer.done():  # its caller has gone or its time is over
                continue
            groups.setdefault(one.kind, []).append(one)
        for group in groups.values():
            if (
                len(group) == 1
                or not group[0].served.shares
                or sum(one.rows for one in group) > ROWS
                or not self._together(group)
            ):
                for one in group:
                    self._alone(one)

    def _together(self, group: Sequence[_Asked]) -> bool:
        """Answer a group with one run; False, and nobody is answered, where that fails."""
        first = group[0]
        fed = {name: np.concatenate([one.feeds[name] for one in group]) for name in first.feeds}
        rows = sum(one.rows for one in group)
        try:
            outputs = self._engine.run(first.served, fed)
        except KeramosError:
            return False
        if any(array.shape[:1] != (rows,) for array in outputs):
            return False
        begin = 0
        for one in group:
            one.answer.set_result([array[begin : begin + one.rows] for array in outputs])
            begin += one.rows
        return True

    def _alone(self, one: _Asked) -> None:
        try:
            one.answer.set_result(self._engine.run(one.served, one.feeds))
        except Exception as error:  # noqa: BLE001 (whoever asked hears it)
            one.answer.set_exception(error)
