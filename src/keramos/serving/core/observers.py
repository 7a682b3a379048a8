"""Observers of runs, in a thread of their own: they delay no reply."""

from __future__ import annotations

import logging
from queue import Full, Queue
from threading import Thread
from time import perf_counter
from typing import TYPE_CHECKING

from keramos.serving.core.logging import event

if TYPE_CHECKING:
    from keramos.types.prediction import Feeds
    from keramos.types.serving import Observer, Outputs

_WAITING = 256
"""Runs that may wait for slow observers; further ones are skipped and counted in ``missed``."""

_log = logging.getLogger("keramos.serving")


class Observers:
    """Passes runs to each observer. It is true where there is an observer."""

    def __init__(self) -> None:
        self.missed = 0
        self.pause = 0.0
        """Seconds between two runs that are observed; runs in between are skipped."""
        self._next = 0.0
        self._observers: tuple[Observer, ...] = ()
        self._queue: Queue[tuple[str, int, Feeds, Outputs] | None] = Queue(_WAITING)

    def __bool__(self) -> bool:
        """Whether there is an observer."""
        return bool(self._observers)

    def add(self, observer: Observer) -> None:
        """Pass runs from now on to ``observer``."""
        if not self._observers:
            Thread(target=self._work, name="keramos-observers", daemon=True).start()
        self._observers = (*self._observers, observer)

    def show(self, model: str, version: int, feeds: Feeds, outputs: Outputs) -> None:
        """Pass on one run; never waits."""
        now = perf_counter()
        if now < self._next:
            return
        self._next = now + self.pause
        try:
            self._queue.put_nowait((model, version, feeds, outputs))
        except Full:
            self.missed += 1

    def wait(self) -> None:
        """Wait until every run so far has been observed."""
        self._queue.join()

    def close(self) -> None:
        """Observe no further runs, and end the thread."""
        if self._observers:
            self._observers = ()
            self._queue.put(None)

    def _work(self) -> None:
        while (run := self._queue.get()) is not None:
            for observer in self._observers:
                try:
                    observer(*run)
                except Exception:  # noqa: BLE001 (whatever it was, answers must go on)
                    _log.exception(
                        "an observer failed on a run of model '%s'",
                        run[0],
                        extra=event("fault", model=run[0]),
                    )
            self._queue.task_done()
