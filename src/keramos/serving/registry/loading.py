"""One version on its way: fetched, proven and warmed in a thread of its own, within a time limit.

A thread cannot be killed. One that is over its time is left alone: its runs end at the next node of
the model, and what it makes is dropped.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from threading import Event, Thread
from time import monotonic
from typing import TYPE_CHECKING

from keramos.errors import NotReadyError
from keramos.runtime.stopping import Stopper
from keramos.serving.core.logging import event
from keramos.serving.registry.warming import warmed

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.inference.model import Model
    from keramos.pipeline.load_signatures import Signatures
    from keramos.serving.registry.warming import Warm


_log = logging.getLogger("keramos.serving")


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """A model that is proven and warm."""

    model: Model
    warm: Warm


class LoadJob:
    """The loading of the version whose file has ``stamp``."""

    def __init__(self, load: Callable[[], Signatures], stamp: object, seconds: float) -> None:
        """Begin. ``load`` gives the model with its signatures."""
        self.stamp = stamp
        self._load = load
        self._seconds = seconds
        self._stopper = Stopper()
        self._done = Event()
        self._loaded: Loaded | None = None
        self._error: Exception | None = None
        self._begun = monotonic()
        Thread(target=self._run, name="keramos-load", daemon=True).start()

    @property
    def age(self) -> float:
        """Seconds since it began."""
        return monotonic() - self._begun

    def wait(self, seconds: float) -> bool:
        """Whether it ends, or its time is over, within so many seconds."""
        left = min(seconds, self._seconds - self.age)
        return self._done.wait(max(left, 0.0)) or self.age >= self._seconds

    def result(self) -> Loaded:
        """What it made; called after ``wait``.

        Raises:
            NotReadyError: its time is over.
            Exception: whatever loading raised.
        """
        if self._error is not None and not self._stopper.stopped:
            raise self._error
        if self._loaded is None or self._stopper.stopped:
            self.stop()
            raise NotReadyError(
                f"it was not loaded, proven and warm within {self._seconds:g} seconds",
                remedy="Give it more time with --load-timeout if the model is yours",
            )
        return self._loaded

    def stop(self) -> None:
        """Let go of it."""
        self._stopper.stop()

    def _run(self) -> None:
        try:
            with self._stopper.runs(self._seconds):
                found = self._load()
                for name, why in found.refused.items():
                    extra = event("signature_refused", signature=name)
                    _log.warning("signature '%s' is not served: %s", name, why, extra=extra)
                self._loaded = Loaded(found.usual.model, warmed(found.usual.model, found))
        except Exception as error:  # noqa: BLE001 (raised again by result, in the caller's thread)
            self._error = error
        finally:
            self._done.set()
