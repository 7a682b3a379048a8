"""Runs that can be ended: after some time, or from another thread."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

import onnxruntime as ort

if TYPE_CHECKING:
    from collections.abc import Iterator

_options: ContextVar[ort.RunOptions | None] = ContextVar("keramos_run_options", default=None)


def run_options() -> ort.RunOptions | None:
    """The options of runs in this context; None where nothing ends them."""
    return _options.get()


class Stopper:
    """Ends the runs of the blocks that it is given to; those that come later end at once.

    ONNX Runtime looks between two nodes, so a run goes on until its present node is done.
    """

    def __init__(self) -> None:
        self._options = ort.RunOptions()

    @property
    def stopped(self) -> bool:
        """Whether runs end at once from now on."""
        return bool(self._options.terminate)

    def stop(self) -> None:
        """End the runs; may be called from any thread."""
        self._options.terminate = True

    @contextmanager
    def runs(self, seconds: float) -> Iterator[None]:
        """A block whose runs end when its time is over, or on ``stop``."""
        from threading import Timer  # noqa: PLC0415 (start-up time)

        timer = Timer(seconds, self.stop)
        timer.daemon = True
        timer.start()
        token = _options.set(self._options)
        try:
            yield
        finally:
            _options.reset(token)
            timer.cancel()
