"""Worker processes that share one listening socket, and the supervisor that restarts them.

The supervisor answers no requests and loads no model. uvicorn's supervisor is not used: it fixes
the class of servers, and it kills a worker that is silent for five seconds, as one that loads a
large model may be.
"""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import signal
import sys
import tempfile
import time
from multiprocessing.connection import wait
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from keramos.errors import KeramosError, ServingError
from keramos.serving.core.logging import event, start_logging
from keramos.serving.http.server import ALL_STOP, run_server
from keramos.serving.http.starting import leave

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from multiprocessing.context import SpawnProcess

    from keramos.serving.core.settings import Settings
    from keramos.serving.http.server import ServerParts

_log = logging.getLogger("keramos.serving")
_spawn = multiprocessing.get_context(
    "spawn"
)  # a fork would copy locks of threads that are not in the copy

_LOOK_SECONDS = 0.2
_CANNOT_START = 3
_PAUSE_SECONDS = 1.0
"""Between two starts of workers that die, so that one that always dies does not take the
machine.
"""


def supervise(
    assemble: Callable[[Settings], ServerParts], settings: Settings, listener: socket.socket
) -> None:
    """Keep ``settings.workers`` workers until a signal says stop; then each finishes what it was
    asked.

    Raises:
        ServingError: a worker could not start.
    """
    stops: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: stops.append(number))
    with tempfile.TemporaryDirectory(prefix="keramos-workers-") as folder:
        workers: list[SpawnProcess] = []
        failed = False
        while not stops and not failed:
            while len(workers) < settings.workers:
                workers.append(_started(assemble, settings, listener, folder))
            wait([worker.sentinel for worker in workers], _LOOK_SECONDS)
            failed, workers = _settled(workers)
        listener.close()  # else it would take connections that nobody answers
        Path(folder, ALL_STOP).touch()
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.join()
    if failed:
        raise ServingError("a worker could not start; its message is above")


def _started(
    assemble: Callable[[Settings], ServerParts],
    settings: Settings,
    listener: socket.socket,
    folder: str,
) -> SpawnProcess:
    worker = _spawn.Process(target=_worker, args=(assemble, settings, listener, folder))
    worker.start()
    _log.info("worker %d starts", worker.pid, extra=event("worker_started", worker=worker.pid))
    return worker


def _settled(workers: list[SpawnProcess]) -> tuple[bool, list[SpawnProcess]]:
    """Whether one of them cannot start, and those that live."""
    dead = [worker for worker in workers if not worker.is_alive()]
    for worker in dead:
        extra = event("worker_died", worker=worker.pid, code=worker.exitcode)
        _log.error("worker %d died (%s)", worker.pid, worker.exitcode, extra=extra)
    failed = any(worker.exitcode == _CANNOT_START for worker in dead)
    if dead and not failed and len(dead) == len(workers):
        time.sleep(_PAUSE_SECONDS)
    return failed, [worker for worker in workers if worker not in dead]


def _worker(
    assemble: Callable[[Settings], ServerParts],
    settings: Settings,
    listener: socket.socket,
    folder: str,
) -> None:
    """One process that answers; it ends with its supervisor, however that ended."""
    gc.freeze()  # modules stay: the collector need not walk through them
    if settings.log:
        start_logging(settings.log, access=settings.access_log)
    Thread(target=_follow, name="keramos-supervisor", daemon=True).start()
    try:
        run_server(assemble, settings, listener, folder)
    except KeramosError as error:
        _log.error("%s", error, extra=event("start_failed"))
        sys.exit(_CANNOT_START)
    leave()


def _follow() -> None:
    supervisor = multiprocessing.parent_process()
    if supervisor is not None:
        supervisor.join()
        os.kill(os.getpid(), signal.SIGTERM)
