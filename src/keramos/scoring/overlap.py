"""Reading, running and writing at once: a thread that reads ahead, threads that work, results in
order.
"""

from __future__ import annotations

from collections import deque
from contextlib import closing, suppress
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from concurrent.futures import Future

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


def in_order(items: Iterable[T], work: Callable[[T], R], threads: int) -> Generator[R]:
    """``work`` of each item, in order, done by so many threads while the next items are read."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 (start-up time)

    waiting: deque[Future[R]] = deque()
    pool = ThreadPoolExecutor(threads)
    try:
        with closing(ahead(items, 1)) as ready:
            for item in ready:
                waiting.append(pool.submit(work, item))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
