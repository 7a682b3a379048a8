"""Reading, running and writing at once: a thread that reads ahead, threads that work, results in
order.
"""

from __future__ import annotations

from collections import deque
from contextlib import closing, suppress
from queue import Empty, Full, Queue, SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

T = TypeVar("T")
R = TypeVar("R")
_TICK = 0.1  # seconds after which a waiting thread looks whether all is over


class _End:
    """The last item of a queue: the error that ended reading, or None."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


class _Ahead(Generic[T]):
    """Reads items in a thread of its own."""

    def __init__(self, items: Iterable[T], depth: int) -> None:
        self._items = items
        self._queue: Queue[T | _End] = Queue(depth)
        self._over = Event()
        self._thread = Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        error: BaseException | None = None
        try:
            for item in self._items:
                self._put(item)
                if self._over.is_set():
                    return
        except BaseException as raised:  # noqa: BLE001 (it is raised again where the items are used)
            error = raised
        self._put(_End(error))

    def _put(self, item: T | _End) -> None:
        while not self._over.is_set():
            with suppress(Full):
                self._queue.put(item, timeout=_TICK)
                return

    def get(self) -> T | _End:
        while True:
            with suppress(Empty):
                return self._queue.get(timeout=_TICK)

    def stop(self) -> None:
        self._over.set()
        self._thread.join()


def ahead(items: Iterable[T], depth: int) -> Generator[T]:
    """The items, read by a thread of its own that is up to ``depth`` of them ahead."""
    reading = _Ahead(items, depth)
    try:
        while True:
            item = reading.get()
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item
    finally:
        reading.stop()


class _Job(Generic[T, R]):
    """One item and its result, which a thread makes."""

    def __init__(self, work: Callable[[T], R], item: T) -> None:
        self._work, self._item = work, item
        self._done = Event()
        self._made: list[R] = []
        self._error: BaseException | None = None

    def run(self) -> None:
        """Make the result; an error is kept for who asks for it."""
        try:
            self._made.append(self._work(self._item))
        except BaseException as error:  # noqa: BLE001 (it is raised again where the result is used)
            self._error = error
        finally:
            self._done.set()

    def result(self) -> R:
        """Wait for the result."""
        self._done.wait()
        if self._error is not None:
            raise self._error
        return self._made[0]


class _Pool(Generic[T, R]):
    """Threads that run jobs, started as jobs come; ``concurrent.futures`` takes long to import."""

    def __init__(self, threads: int) -> None:
        self._most = threads
        self._jobs: SimpleQueue[_Job[T, R] | None] = SimpleQueue()
        self._threads: list[Thread] = []

    def submit(self, work: Callable[[T], R], item: T) -> _Job[T, R]:
        """Have one item worked on."""
        job = _Job(work, item)
        self._jobs.put(job)
        if len(self._threads) < self._most:
            self._threads.append(Thread(target=self._run, daemon=True))
            self._threads[-1].start()
        return job

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            job.run()

    def stop(self) -> None:
        """Wait for the jobs that have begun, and drop the others."""
        with suppress(Empty):
            while True:
                self._jobs.get_nowait()
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()


def in_order(items: Iterable[T], work: Callable[[T], R], threads: int) -> Generator[R]:
    """``work`` of each item, in order, done by so many threads while the next items are read."""
    waiting: deque[_Job[T, R]] = deque()
    pool: _Pool[T, R] = _Pool(threads)
    try:
        with closing(ahead(items, 1)) as ready:
            for item in ready:
                waiting.append(pool.submit(work, item))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.stop()
