"""How versions are loaded, and one version on its way: fetched, proven and warmed in a thread of
its own, within a time limit.

A thread cannot be killed. One that is over its time is left alone: its runs end at the next node of
the model, and what it makes is dropped.
"""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import TYPE_CHECKING

from keramos.errors import ModelError, NotReadyError
from keramos.frozen import Frozen
from keramos.pipeline.load_signatures import load_signatures
from keramos.runtime.stopping import Stopper
from keramos.serving.core.logging import event
from keramos.serving.registry.warming import warmed
from keramos.types.limits import LIMITS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keramos.inference.model import Model
    from keramos.pipeline.load_signatures import Signatures
    from keramos.serving.registry.warming import Warm
    from keramos.types.limits import Limits
    from keramos.types.versions import Source, Version


_log = logging.getLogger("keramos.serving")


class Loaded(Frozen, frozen=True, eq=False):
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


class Loading(Frozen, frozen=True):
    """How versions are loaded.

    ``key`` is a file with a public key: then only files signed for it are opened, and nothing else
    is parsed. ``limits``, ``replacements`` and ``by`` are as for ``load``. ``seconds`` is the time
    in which a version must be loaded, proven and warm. ``warnings``: whether decisions have them.
    """

    limits: Limits = LIMITS
    key: str | None = None
    replacements: Mapping[str, str] | None = None
    by: str | None = None
    seconds: float = 120.0
    warnings: bool = True

    def stamp(self, version: Version) -> object:
        """What tells that a version must be looked at again: where signatures count, also that its
        signature is new.
        """
        if self.key is None:
            return version.stamp
        from keramos.signing.signing import SUFFIX  # noqa: PLC0415 (few servers have a key)

        try:
            return version.stamp, Path(f"{version.file}{SUFFIX}").stat().st_mtime
        except OSError:
            return version.stamp, 0.0

    def job(self, source: Source, version: Version) -> LoadJob:
        """Begin to load a version."""
        return LoadJob(partial(self._model, source, version), self.stamp(version), self.seconds)

    def _model(self, source: Source, version: Version) -> Signatures:
        if version.fault:
            raise ModelError(version.fault, file=version.file)
        with source.local(version) as path:
            found = load_signatures(
                path,
                replace=self.replacements,
                by=self.by,
                limits=self.limits,
                require_signature=self.key,
                served_as=(version.model, version.number),
            )
        if not self.warnings and found.usual.model.content is not None:
            found.usual.model.watch.silence()
        return found


LOADING = Loading()
