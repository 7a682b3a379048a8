"""Load, verify, warm and swap model versions from a source.

A version that cannot be used is reported and changes nothing else: the version that answered before
stays, and the next older one answers where there was none. It is tried again when its file changes.
"""

from __future__ import annotations

import gc
import logging
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

from keramos.errors import KeramosError, ModelError, NotReadyError, NotServedError, StoreError
from keramos.pipeline.load_signatures import load_signatures
from keramos.serving.core.logging import event
from keramos.serving.registry.loading import LoadJob
from keramos.signing.signing import SUFFIX
from keramos.types.limits import LIMITS
from keramos.types.serving import State, VersionStatus

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from keramos.pipeline.load_signatures import Signatures
    from keramos.serving.registry.registry import ModelRegistry
    from keramos.types.limits import Limits
    from keramos.types.versions import Source, Version

_log = logging.getLogger("keramos.serving")

_LOOKS_BEFORE_GONE = 2
"""Looks in a row without a file after which a model is removed: programs that replace a file often
delete it first.
"""


@dataclass(frozen=True, slots=True)
class Policy:
    """Which versions of a model are loaded: the ``newest`` so many, ``exactly`` these, or all where
    neither is given. Versions with a label are loaded too (TensorFlow Serving's policies,
    ``file_system_storage_path.proto``).
    """

    newest: int = 0
    exactly: frozenset[int] = frozenset()

    def wanted(self, numbers: Collection[int]) -> set[int]:
        """The wanted versions among those that exist."""
        if self.exactly:
            return set(numbers) & self.exactly
        return set(sorted(numbers)[-self.newest :])


LATEST = Policy(newest=1)

LOAD_SECONDS = 120.0
"""Seconds in which a version must be loaded, proven and warm."""

_PATIENCE, _PAUSE = 5.0, 0.5
"""Seconds that a look waits for one version, while a slower one goes on beside the others; and
between two looks at slower ones.
"""


@dataclass(slots=True)
class _Model:
    """The state of one model's versions: number -> stamp of the file that was loaded, or that
    failed; ``jobs`` are on their way.
    """

    loaded: dict[int, object] = field(default_factory=dict)
    failed: dict[int, object] = field(default_factory=dict)
    again: set[int] = field(default_factory=set)
    jobs: dict[int, LoadJob] = field(default_factory=dict)
    labels_fault: str = ""
    looks_without: int = 0
    off: bool = False

    def drop_jobs(self, wanted: Collection[int] = ()) -> None:
        """Let go of versions on their way that are not wanted."""
        for number in set(self.jobs).difference(wanted):
            self.jobs.pop(number).stop()


class Lifecycle:
    """Keeps a registry equal to a source while requests are answered."""

    def __init__(
        self,
        registry: ModelRegistry,
        source: Source,
        policy: Policy = LATEST,
        limits: Limits = LIMITS,
        key: str | None = None,
        replacements: Mapping[str, str] | None = None,
        seconds: float = LOAD_SECONDS,
        by: str | None = None,
    ) -> None:
        """``key`` is a file with a public key: then only files signed for it are opened, and
        nothing else is parsed. ``replacements`` and ``by`` are as for ``load``. ``seconds`` is the
        time limit of loading one version.
        """
        self._registry = registry
        self._source = source
        self._policy = policy
        self._limits = limits
        self._key = key
        self._replacements = replacements
        self._seconds = seconds
        self._by = by
        self._models: dict[str, _Model] = {}
        self._lock = Lock()
        self._stop = Event()
        self._complaint: dict[str, object] | None = None

    def look(self, versions: Sequence[Version] | None = None) -> None:
        """Bring the registry up to date with the versions of the source; a source that cannot be
        read changes nothing, and a version that takes long is settled by a later look.
        """
        with self._lock:
            found = self._found() if versions is None else _by_model(versions)
            if found is None:
                return
            for name in sorted({*found, *self._models}):
                model = self._models.setdefault(name, _Model())
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
            for number in sorted(model.loaded):
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

    def _settled(self, name: str, model: _Model, found: Mapping[int, Version]) -> None:
        """``_settle``, where a fault of one model is not one of the others."""
        try:
            self._settle(name, model, found)
        except Exception:  # noqa: BLE001 (one model must not take the others down)
            _log.exception("settling model '%s' failed", name, extra=event("fault", model=name))

    def _settle(self, name: str, model: _Model, found: Mapping[int, Version]) -> None:
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
            missing = [
                found[n] for n in sorted(wanted) if self._stamp(found[n]) not in _stamps(model, n)
            ]
            done = [self._load(model, version) for version in missing]
            if all(done):
                break
        if wanted & set(model.loaded) and not model.jobs:
            for number in sorted(set(model.loaded) - wanted):
                self._let_go(name, model, number, "another version took its place")
        self._registry.set_labels(name, self._answering_labels(name, model, found))

    def _stamp(self, version: Version) -> object:
        """What tells that a version must be looked at again: where signatures count, also that its
        signature is new.
        """
        if self._key is None:
            return version.stamp
        try:
            return version.stamp, Path(f"{version.file}{SUFFIX}").stat().st_mtime
        except OSError:
            return version.stamp, 0.0

    def _wanted(self, name: str, model: _Model, found: Mapping[int, Version]) -> set[int]:
        usable = {
            n
            for n, version in found.items()
            if n in model.loaded or model.failed.get(n) != self._stamp(version)
        }
        labelled = {n for n in self._labels(name, model, found).values() if n in usable}
        return self._policy.wanted(usable) | labelled

    def _labels(self, name: str, model: _Model, found: Mapping[int, Version]) -> dict[str, int]:
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
                failed = number not in model.loaded and model.failed.get(number) == self._stamp(
                    version
                )
                stays = failed and before.get(label) in model.loaded
                labels[label] = before[label] if stays else number
        return labels

    def _answering_labels(
        self, name: str, model: _Model, found: Mapping[int, Version]
    ) -> dict[str, int]:
        """As ``_labels``; a label moves when its new version answers."""
        before = self._registry.labels(name) if name in self._registry.names() else {}
        labels = self._labels(name, model, found)
        late = {label for label, number in labels.items() if number in model.jobs}
        stay = {label for label in late if before.get(label) in model.loaded}
        return labels | {label: before[label] for label in stay}

    def _load(self, model: _Model, version: Version) -> bool:
        """Load one version and make it available; says whether that went well, or is under way."""
        name, number, stamp = version.model, version.number, self._stamp(version)
        job = model.jobs.get(number)
        if job is None or job.stamp != stamp:
            model.drop_jobs(set(model.jobs) - {number})
            if number not in model.loaded:
                self._registry.report(name, VersionStatus(number, State.LOADING))
            work = partial(self._opened, version)
            job = model.jobs[number] = LoadJob(work, stamp, self._seconds)
        if not job.wait(_PATIENCE - job.age):
            return True
        del model.jobs[number]
        try:
            loaded = job.result()
            self._registry.add(name, number, loaded.model, loaded.warm)
        except Exception as error:  # noqa: BLE001 (one file must not take the others down)
            self._failed(model, version, stamp, error)
            return False
        self._made_available(model, version, stamp, loaded.model.load_seconds)
        return True

    def _opened(self, version: Version) -> Signatures:
        if version.fault:
            raise ModelError(version.fault, file=version.file)
        with self._source.local(version) as path:
            return load_signatures(
                path,
                replace=self._replacements,
                by=self._by,
                limits=self._limits,
                require_signature=self._key,
                served_as=(version.model, version.number),
            )

    def _made_available(
        self, model: _Model, version: Version, stamp: object, seconds: float
    ) -> None:
        name, number, swapped = version.model, version.number, bool(model.loaded)
        model.loaded[number] = stamp
        model.failed.pop(number, None)
        gc.collect()  # what loading left in cycles is large
        extra = event(
            "model_swapped" if swapped else "model_loaded",
            model=name,
            version=number,
            seconds=seconds,
        )
        _log.info("loaded model '%s' version %d", name, number, extra=extra)

    def _failed(self, model: _Model, version: Version, stamp: object, error: Exception) -> None:
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

    def _let_go(self, name: str, model: _Model, number: int, reason: str) -> None:
        del model.loaded[number]
        self._registry.remove(name, number, message=reason)
        extra = event("model_ended", model=name, version=number, reason=reason)
        _log.info("version %d of model '%s' ends: %s", number, name, reason, extra=extra)

    def _forget(self, name: str) -> None:
        self._models.pop(name).drop_jobs()
        self._registry.forget(name)
        _log.warning(
            "model '%s' ends: its files are gone", name, extra=event("model_gone", model=name)
        )


def _stamps(model: _Model, number: int) -> tuple[object, object]:
    """The files of a version that need no look: the one that answers and the one that failed."""
    return model.loaded.get(number), model.failed.get(number)


def _by_model(versions: Sequence[Version]) -> dict[str, dict[int, Version]]:
    found: dict[str, dict[int, Version]] = {}
    for version in versions:
        found.setdefault(version.model, {})[version.number] = version
    return found
