"""The beginning and the end of a server process: signals are obeyed at any time, also while models
load or run.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_LAST_SECONDS = 1.0
"""Seconds that an assembly under way gets after a signal, so that waiting requests are answered."""


class StopSignals:
    """SIGTERM and SIGINT before the server takes them and after it gave them back: they are noted
    in ``received``, and an assembly is left.
    """

    def __init__(self) -> None:
        """Take the signals; called in the main thread."""
        self.received: list[int] = []
        self._woken = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)

    def _note(self, number: int, _: object) -> None:
        self.received.append(number)
        self._woken.set()

    def outcome(self, assemble: Callable[[], T]) -> T | None:
        """What a call gives that may take long; None where a signal came first.

        Raises:
            BaseException: what the call raised.
        """
        done = Event()
        found: list[T] = []
        errors: list[BaseException] = []

        def work() -> None:
            try:
                found.append(assemble())
            except BaseException as error:  # noqa: BLE001 (raised again in the main thread)
                errors.append(error)
            finally:
                done.set()
                self._woken.set()

        # Signals reach Python in its main thread alone, so that one must be free for them.
        Thread(target=work, name="keramos-assemble", daemon=True).start()
        self._woken.wait()
        done.wait(_LAST_SECONDS if self.received else None)
        if errors:
            raise errors[0]
        return found[0] if found else None


class RequestThreads(ThreadPoolExecutor):
    """Threads of an event loop. A run that does not end must not keep a server from its end."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 (the signature of its base)
        """Take no further work; what runs is left alone."""
        super().shutdown(wait=False, cancel_futures=True)


def leave() -> None:
    """End the process, also where threads still run models, which nothing can interrupt."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
