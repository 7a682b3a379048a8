"""Load, verify, warm and swap model versions from a source.

A version that cannot be used is reported and changes nothing else: the version that answered before
stays, and the next older one answers where there was none. It is tried again when its file changes.
"""

from __future__ import annotations

import gc
import logging
from functools import partial
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

from keramos.errors import KeramosError, NotReadyError, NotServedError, StoreError
from keramos.serving.core.logging import event
from keramos.serving.registry.loading import LOADING
from keramos.serving.registry.model_state import LATEST, ModelState
from keramos.serving.registry.opened import AT_START, Opened, memory_of, resident
from keramos.types.serving import State, VersionStatus

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keramos.inference.model import Model
    from keramos.serving.registry.loading import Loading, LoadJob
    from keramos.serving.registry.model_state import Policy
    from keramos.serving.registry.opened import Key, Opening
    from keramos.serving.registry.registry import ModelRegistry
    from keramos.types.versions import Source, Version

_log = logging.getLogger("keramos.serving")

_LOOKS_BEFORE_GONE = 2
"""Looks in a row without a file after which a model is removed: programs that replace a file often
delete it first.
"""

_LARGE_BYTES = 16 << 20
"""From here on what a model leaves behind is collected at once, which takes as long as opening a
small model does.
"""

_PATIENCE, _PAUSE = 5.0, 0.5
"""Seconds that a look waits for one version, while a slower one goes on beside the others; and
between two looks at slower ones.
"""


class Lifecycle:
    """Keeps a registry equal to a source while requests are answered."""

    def __init__(
        self,
        registry: ModelRegistry,
        source: Source,
        policy: Policy = LATEST,
        loading: Loading = LOADING,
        opening: Opening = AT_START,
    ) -> None:
        """Nothing is read before the first look."""
        self._registry = registry
        self._source = source
        self._policy = policy
        self._loading = loading
        self._opening = opening
        self._opened = Opened(registry, opening.most_bytes)
        self._models: dict[str, ModelState] = {}
        self._lock = Lock()
        self._stop = Event()
        self._newest: Key | None = None
        self._complaint: dict[str, object] | None = None

    def look(self, versions: Sequence[Version] | None = None) -> None:
        """Bring the registry up to date with the versions of the source; a source that cannot be
        read changes nothing, and a version that takes long is settled by a later look.
        """
        with self._lock:
            found = self._found() if versions is None else _by_model(versions)
            if found is not None:
                self._settle_all(found)
        self._close_surplus()

    def _settle_all(self, found: Mapping[str, Mapping[int, Version]]) -> None:
        for name in sorted({*found, *self._models}):
            model = self._models.setdefault(name, ModelState())
            if not model.off and not self._stop.is_set():
                self._settled(name, model, found.get(name, {}))

    def begin(self, versions: Sequence[Version]) -> Event:
        """Make the first look in a thread of its own; gives what is set when every version has
        settled. All models have a name at once.
        """
        for name, found in _by_model(versions).items():
            for number in self._policy.wanted(found):
                self._registry.report(name, VersionStatus(number, State.START))
        settled = Event()
        first = partial(self._first, versions, settled)
        Thread(target=first, name="keramos-first-look", daemon=True).start()
        return settled

    def _first(self, versions: Sequence[Version], settled: Event) -> None:
        try:
            self.look(versions)
            while (jobs := self._on_their_way()) and not self._stop.is_set():
                jobs[0].wait(_PAUSE)
                self.look()
        except Exception:  # noqa: BLE001 (whatever it was, the next look may succeed)
            _log.exception("looking for versions failed", extra=event("fault"))
        finally:
            settled.set()

    def _on_their_way(self) -> list[LoadJob]:
        with self._lock:
            return [job for model in self._models.values() for job in model.jobs.values()]

    def watch(self, seconds: float) -> None:
        """Look again and again, in a thread of its own, until ``close``."""
        Thread(target=self._watch, args=(seconds,), name="keramos-versions", daemon=True).start()

    def close(self) -> None:
        """No look begins after this, and runs of models on their way end."""
        self._stop.set()
        for model in list(self._models.values()):
            for job in list(model.jobs.values()):
                job.stop()

    def open(self, name: str, number: int) -> None:
        """Open a version that waits for its first request; the registry has it then, or the reason
        why it cannot be served. Others that were not used for long are closed where memory is
        bounded. Threads may ask for the same version at once.
        """
        model = self._models.get(name)
        if model is None:
            return
        with model.opening:
            version = model.unopened.get(number)
            if version is None or self._stop.is_set():
                return
            before = resident()
            job = model.jobs[number] = self._loading.job(self._source, version)
            job.wait(self._loading.seconds)
            model.jobs.pop(number, None)
            done = self._take(model, version, job)
            model.unopened.pop(number, None)
        self._opened.grew((name, number), resident() - before)
        if not done:
            self.look()  # an older version may answer
        elif self._opening.most_bytes:
            self._newest = (name, number)
            self._close_surplus()

    def _close_surplus(self) -> None:
        """After a version was opened, close what answered least recently, so that the rest keeps
        the bound of memory. A look, which may wait for slow versions, does so at its end: the
        request that opened the version does not wait for it.
        """
        if not self._lock.acquire(blocking=False):
            return
        try:
            kept, self._newest = self._newest, None
            if kept is None:
                return
            for name, number in self._opened.surplus(kept):
                model = self._models[name]
                if number in model.opened:
                    del model.loaded[number]
                    self._leave_unopened(model, [model.opened.pop(number)])
        finally:
            self._lock.release()

    def _leave_unopened(self, model: ModelState, versions: Sequence[Version]) -> None:
        """Have versions wait for their next request."""
        for version in versions:
            name, number = version.model, version.number
            model.unopened[number] = version
            self._registry.put_unopened(name, number, partial(self.open, name, number))

    def load(self, name: str) -> None:
        """Serve a model again that was unloaded, and look for new versions of all.

        Raises:
            NotServedError: the source has no such model.
        """
        with self._lock:
            if name in self._models:
                self._models[name].off = False
        self.look()
        while (model := self._models.get(name)) and model.jobs and not self._stop.is_set():
            for job in list(model.jobs.values()):
                job.wait(_PATIENCE)
            self.look()
        if model is not None:
            for number in list(model.unopened):
                self.open(name, number)
        self._registry.statuses(name)

    def unload(self, name: str) -> None:
        """Let go of a model until ``load``; requests that have it end undisturbed.

        Raises:
            NotServedError: there is no such model.
        """
        with self._lock:
            if name not in self._models:
                raise NotServedError(f"no model '{name}' is served here")
            model = self._models[name]
            model.off = True
            model.drop_jobs()
            for number in sorted(model.answering):
                self._let_go(name, model, number, "unloaded on request")

    def _watch(self, seconds: float) -> None:
        while not self._stop.wait(seconds):
            try:
                self.look()
            except Exception:  # noqa: BLE001 (whatever it was, the next look may succeed)
                _log.exception("looking for new versions failed", extra=event("fault"))

    def _found(self) -> Mapping[str, Mapping[int, Version]] | None:
        try:
            versions = self._source.versions()
        except KeramosError as error:
            if error.record() != self._complaint:
                self._complaint = error.record()
                _log.error("%s; what is served stays", error, extra=event("source_failed"))
            return None
        self._complaint = None
        return _by_model(versions)

    def _settled(self, name: str, model: ModelState, found: Mapping[int, Version]) -> None:
        """``_settle``, where a fault of one model is not one of the others."""
        try:
            self._settle(name, model, found)
        except Exception:  # noqa: BLE001 (one model must not take the others down)
            _log.exception("settling model '%s' failed", name, extra=event("fault", model=name))

    def _settle(self, name: str, model: ModelState, found: Mapping[int, Version]) -> None:
        """Load the wanted versions that are missing, then remove the others."""
        model.looks_without = 0 if found else model.looks_without + 1
        if not found:
            if model.looks_without >= _LOOKS_BEFORE_GONE:
                self._forget(name)
            return
        for number in model.again:
            model.failed.pop(number, None)
        model.again.clear()
        while True:
            wanted = self._wanted(name, model, found)
            model.drop_jobs(wanted)
            missing = [found[n] for n in sorted(wanted) if not self._is_settled(model, found[n])]
            if self._opening.on_request and not model.loaded:
                self._leave_unopened(model, missing)
                break
            done = [self._load(model, version) for version in missing]
            if all(done):
                break
        if wanted & model.answering and not model.jobs:
            for number in sorted(model.answering - wanted):
                self._let_go(name, model, number, "another version took its place")
        self._registry.set_labels(name, self._answering_labels(name, model, found))

    def _is_settled(self, model: ModelState, version: Version) -> bool:
        """Whether a version needs no look: its file answers, failed, or waits for a request."""
        number, stamp = version.number, self._loading.stamp(version)
        known = (model.loaded.get(number), model.failed.get(number))
        return stamp in known or model.unopened.get(number) == version

    def _wanted(self, name: str, model: ModelState, found: Mapping[int, Version]) -> set[int]:
        usable = {
            n
            for n, version in found.items()
            if n in model.loaded or model.failed.get(n) != self._loading.stamp(version)
        }
        labelled = {n for n in self._labels(name, model, found).values() if n in usable}
        return self._policy.wanted(usable) | labelled

    def _labels(self, name: str, model: ModelState, found: Mapping[int, Version]) -> dict[str, int]:
        """Where labels point: to their version unless that failed; then they stay where they were,
        if that is there. So do all where they cannot be read.
        """
        before = self._registry.labels(name) if name in self._registry.names() else {}
        fault = next((one.labels_fault for one in found.values() if one.labels_fault), "")
        if fault != model.labels_fault:
            model.labels_fault = fault
            if fault:
                extra = event("labels_failed", model=name)
                _log.error("the labels of '%s' stay as they are: %s", name, fault, extra=extra)
        if fault:
            return {label: number for label, number in before.items() if number in found}
        labels = {}
        for number, version in found.items():
            for label in version.labels:
                failed = number not in model.loaded and model.failed.get(
                    number
                ) == self._loading.stamp(version)
                stays = failed and before.get(label) in model.loaded
                labels[label] = before[label] if stays else number
        return labels

    def _answering_labels(
        self, name: str, model: ModelState, found: Mapping[int, Version]
    ) -> dict[str, int]:
        """As ``_labels``; a label moves when its new version answers."""
        before = self._registry.labels(name) if name in self._registry.names() else {}
        labels = self._labels(name, model, found)
        late = {label for label, number in labels.items() if number in model.jobs}
        stay = {label for label in late if before.get(label) in model.loaded}
        return labels | {label: before[label] for label in stay}

    def _load(self, model: ModelState, version: Version) -> bool:
        """Load one version and make it available; says whether that went well, or is under way."""
        name, number, stamp = version.model, version.number, self._loading.stamp(version)
        job = model.jobs.get(number)
        if job is None or job.stamp != stamp:
            model.drop_jobs(set(model.jobs) - {number})
            if number not in model.loaded:
                self._registry.report(name, VersionStatus(number, State.LOADING))
            job = model.jobs[number] = self._loading.job(self._source, version)
        if not job.wait(_PATIENCE - job.age):
            return True
        del model.jobs[number]
        return self._take(model, version, job)

    def _take(self, model: ModelState, version: Version, job: LoadJob) -> bool:
        """Make available what a job that ended has loaded; says whether it could."""
        try:
            loaded = job.result()
            self._registry.add(version.model, version.number, loaded.model, loaded.warm)
        except Exception as error:  # noqa: BLE001 (one file must not take the others down)
            self._failed(model, version, job.stamp, error)
            return False
        model.opened[version.number] = version
        self._made_available(model, version, job.stamp, loaded.model)
        return True

    def _made_available(
        self, model: ModelState, version: Version, stamp: object, loaded: Model
    ) -> None:
        name, number, swapped = version.model, version.number, bool(model.loaded)
        model.loaded[number] = stamp
        model.failed.pop(number, None)
        if memory_of(loaded) > _LARGE_BYTES:
            gc.collect()  # what loading left in cycles is as large
        extra = event(
            "model_swapped" if swapped else "model_loaded",
            model=name,
            version=number,
            seconds=loaded.load_seconds,
        )
        _log.info("loaded model '%s' version %d", name, number, extra=extra)

    def _failed(self, model: ModelState, version: Version, stamp: object, error: Exception) -> None:
        name, number = version.model, version.number
        model.failed[number] = stamp
        code, text = "FAILED_PRECONDITION", str(error)
        if isinstance(error, StoreError):
            code = "UNAVAILABLE"
            model.again.add(number)
        elif isinstance(error, NotReadyError):
            code = "DEADLINE_EXCEEDED"
        elif not isinstance(error, KeramosError):
            code, text = "INTERNAL", f"{type(error).__name__}: {error}"
            extra = event("fault", model=name, version=number, file=version.file)
            _log.error("loading %s failed", version.file, exc_info=error, extra=extra)
        if number in model.loaded:
            status = VersionStatus(
                number, State.AVAILABLE, "OK", f"its file has changed and is refused: {text}"
            )
        else:
            status = VersionStatus(number, State.END, code, text)
        self._registry.report(name, status, failed=True)
        extra = event("model_failed", model=name, version=number, code=code, file=version.file)
        _log.error("version %d of model '%s' cannot be served: %s", number, name, text, extra=extra)

    def _let_go(self, name: str, model: ModelState, number: int, reason: str) -> None:
        model.drop(number)
        self._registry.remove(name, number, message=reason)
        extra = event("model_ended", model=name, version=number, reason=reason)
        _log.info("version %d of model '%s' ends: %s", number, name, reason, extra=extra)

    def _forget(self, name: str) -> None:
        self._models.pop(name).drop_jobs()
        self._registry.forget(name)
        _log.warning(
            "model '%s' ends: its files are gone", name, extra=event("model_gone", model=name)
        )


def _by_model(versions: Sequence[Version]) -> dict[str, dict[int, Version]]:
    found: dict[str, dict[int, Version]] = {}
    for version in versions:
        found.setdefault(version.model, {})[version.number] = version
    return found
