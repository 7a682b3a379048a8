"""The registry: model -> version -> loaded model. One for all protocols, safe to share by threads.

Readers take one reference and keep it: a version that is removed ends with its last reply. Writers
copy, change and replace, so readers never see an intermediate state.
"""

from __future__ import annotations

from threading import Lock
from time import perf_counter
from typing import TYPE_CHECKING

from msgspec import field
from msgspec.structs import replace

from keramos.errors import NotReadyError, NotServedError
from keramos.frozen import Frozen
from keramos.serving.core.counters import Counts
from keramos.serving.core.observers import Observers
from keramos.serving.core.served import PREDICTS, Served, UnopenedError
from keramos.serving.registry.warming import warmed
from keramos.types.serving import State, VersionStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keramos.inference.model import Model
    from keramos.serving.registry.warming import Warm
    from keramos.types.prediction import Feeds
    from keramos.types.serving import ModelRef, Outputs


class _Entry(Frozen, frozen=True):
    """One model: the versions that answer, what opens those that wait for a first request, what is
    known of all its versions, and its labels.
    """

    served: Mapping[int, Served] = field(default_factory=dict)
    unopened: Mapping[int, Callable[[], None]] = field(default_factory=dict)
    known: Mapping[int, VersionStatus] = field(default_factory=dict)
    labels: Mapping[str, int] = field(default_factory=dict)

    @property
    def answers(self) -> bool:
        """Whether a request for the model can be answered."""
        return bool(self.served or self.unopened)

    def without(self, version: int) -> _Entry:
        """The entry where nothing answers as that version."""
        served = {number: one for number, one in self.served.items() if number != version}
        unopened = {number: one for number, one in self.unopened.items() if number != version}
        return replace(self, served=served, unopened=unopened)

    def told(self, status: VersionStatus) -> _Entry:
        """The entry that knows where a version is."""
        return replace(self, known={**self.known, status.version: status})


EARLIER = -1
"""The version under which all forgotten versions are counted together."""

_REMEMBERED = 8
"""So many ended versions of a model stay known."""


class ModelRegistry:
    """Every served version. Only ``add`` may take time: it warms a model that is not warm yet."""

    def __init__(self) -> None:
        self.observers = Observers()
        self.unserved = Counts()
        """Requests for models that are not served."""
        self.load_failures: dict[str, int] = {}
        """Model -> how often a file of it could not be loaded."""
        self.changed: list[Callable[[], None]] = []
        """Called after each change, in the thread that made it; for caches of what ``get``
        answered.
        """
        self._entries: dict[str, _Entry] = {}
        self._counts: dict[str, dict[int, Counts]] = {}
        self._lock = Lock()

    def names(self) -> tuple[str, ...]:
        """Names of all models, also of those with no available version, in order."""
        return tuple(sorted(self._entries))

    def statuses(self, name: str) -> tuple[VersionStatus, ...]:
        """All known versions of a model, the newest first.

        Raises:
            NotServedError: there is no such model.
        """
        known = self._entry(name).known
        return tuple(known[version] for version in sorted(known, reverse=True))

    def labels(self, name: str) -> Mapping[str, int]:
        """Label -> version; a label may name a version that is not available.

        Raises:
            NotServedError: there is no such model.
        """
        return dict(self._entry(name).labels)

    def get(self, ref: ModelRef) -> Served:
        """The version that answers ``ref``: by number, by label, or the newest that is available.

        Raises:
            NotServedError: there is no such model, version or label.
            UnopenedError: it is available once it is opened.
            NotReadyError: it is known, but not available now.
        """
        entry = self._entry(ref.name)
        version = _chosen(entry, ref)
        if version is None:
            states = "; ".join(
                f"version {item.version} is {_said(item)}" for item in self.statuses(ref.name)
            )
            raise NotReadyError(
                f"model '{ref.name}' has no available version" + (f": {states}" if states else "")
            )
        if version in entry.served:
            return entry.served[version]
        if version in entry.unopened:
            raise UnopenedError(ref.name, version, entry.unopened[version])
        if version in entry.known:
            raise NotReadyError(
                f"version {version} of model '{ref.name}' is {_said(entry.known[version])}"
            )
        raise NotServedError(
            f"model '{ref.name}' has no version {version}; available: "
            f"{_listed({**entry.served, **entry.unopened})}"
        )

    def opened(self, ref: ModelRef) -> Served:
        """As ``get``; a version that is not open is opened, which takes the time of loading."""
        try:
            return self.get(ref)
        except UnopenedError as error:
            error.open()
        return self.get(ref)

    def all_served(self) -> tuple[Served, ...]:
        """Every version that answers, by name and number."""
        return tuple(
            entry.served[version]
            for _, entry in sorted(self._entries.items())
            for version in sorted(entry.served)
        )

    def counts(self) -> Mapping[str, Mapping[int, Counts]]:
        """Model -> version -> what it has answered since the start, also of versions that answer no
        more; those that are not even known any more are one, ``EARLIER``.
        """
        with self._lock:
            return {
                name: {
                    version: Counts.total([counts]) for version, counts in sorted(versions.items())
                }
                for name, versions in sorted(self._counts.items())
            }

    def ready(self) -> bool:
        """Whether there is a model that answers, and none whose first version is still on its way.

        A model whose versions all failed, or that was unloaded, does not keep the others from their
        requests.
        """
        entries = self._entries.values()
        coming = (
            item.state is not State.END
            for entry in entries
            if not entry.answers
            for item in entry.known.values()
        )
        return any(entry.answers for entry in entries) and not any(coming)

    def failed(self) -> int:
        """How many models do not answer because a version of theirs cannot be served."""
        return sum(
            any(item.state is State.END and item.code != "OK" for item in entry.known.values())
            for entry in self._entries.values()
            if not entry.answers
        )

    def run(self, served: Served, feeds: Feeds) -> Outputs:
        """Outputs of one run, counted and shown to the observers.

        Raises:
            MismatchError: an array does not fit the model's inputs.
        """
        begun = perf_counter()
        outputs = served.model.run(feeds)
        rows = len(outputs[0]) if outputs[0].ndim else 1
        served.counts.ran(rows, perf_counter() - begun)
        if self.observers and rows and served.usual:
            self.observers.show(served.name, served.version, feeds, outputs)
        return outputs

    def add(self, name: str, version: int, model: Model, warm: Warm | None = None) -> Served:
        """Make a loaded model AVAILABLE; a version of that number is replaced."""
        found = warm or warmed(model)
        with self._lock:
            counts = self._counts.setdefault(name, {}).setdefault(version, Counts())
            served = _served(name, version, model, found, counts)
            old = self._entries.get(name, _Entry()).without(version)
            new = replace(old, served={**old.served, version: served})
            self._put(name, new.told(VersionStatus(version, State.AVAILABLE)))
        self._tell()
        return served

    def put_unopened(self, name: str, version: int, opens: Callable[[], None]) -> None:
        """Make a version AVAILABLE that its first request opens; requests that have it open end
        undisturbed. ``opens`` is called by threads of requests, by several at once.
        """
        status = VersionStatus(version, State.AVAILABLE, message="opens at its next request")
        with self._lock:
            old = self._entries.get(name, _Entry()).without(version)
            new = replace(old, unopened={**old.unopened, version: opens})
            self._put(name, new.told(status))
        self._tell()

    def remove(self, name: str, version: int, *, code: str = "OK", message: str = "") -> None:
        """Take a version away; requests that have it end undisturbed. It stays known, in state
        END.
        """
        with self._lock:
            left = self._entry(name).without(version)
            self._put(name, left.told(VersionStatus(version, State.END, code, message)))
        self._tell()

    def report(self, name: str, status: VersionStatus, *, failed: bool = False) -> None:
        """Note where a version is that does not answer yet, or never will (START, LOADING, END with
        an error).
        """
        with self._lock:
            if failed:
                self.load_failures[name] = self.load_failures.get(name, 0) + 1
            old = self._entries.get(name, _Entry())
            if status.state is not State.AVAILABLE and status.version in old.unopened:
                old = old.without(status.version)
            self._put(name, old.told(status))
        self._tell()

    def set_labels(self, name: str, labels: Mapping[str, int]) -> None:
        """All labels of a model at once."""
        with self._lock:
            self._put(name, replace(self._entries.get(name, _Entry()), labels=dict(labels)))
        self._tell()

    def forget(self, name: str) -> None:
        """Remove a model with all that is known of it."""
        with self._lock:
            self._entries = {key: entry for key, entry in self._entries.items() if key != name}
            self._counts.pop(name, None)
            self.load_failures.pop(name, None)
        self._tell()

    def _put(self, name: str, entry: _Entry) -> None:
        ended = sorted(
            version for version, status in entry.known.items() if status.state is State.END
        )
        known = {
            version: entry.known[version]
            for version in entry.known
            if version not in ended[:-_REMEMBERED]
        }
        self._entries = {**self._entries, name: replace(entry, known=known)}
        counts = self._counts.get(name, {})
        for version in [one for one in counts if one not in known and one != EARLIER]:
            counts.setdefault(EARLIER, Counts()).merge(counts.pop(version))

    def _tell(self) -> None:
        for call in self.changed:
            call()

    def _entry(self, name: str) -> _Entry:
        try:
            return self._entries[name]
        except KeyError:
            raise NotServedError(
                f"no model '{name}' is served here; served: {_listed(self._entries)}"
            ) from None


def _served(name: str, version: int, model: Model, warm: Warm, counts: Counts) -> Served:
    """A version with its signatures, which are counted together."""
    own = Served(name, version, model, warm.seconds, warm.types, warm.shares, counts)
    known = warm.signatures
    if known is None:
        return own
    others = {
        key: replace(
            own,
            model=one.model,
            seconds=warm.others[key].seconds,
            types=warm.others[key].types,
            shares=warm.others[key].shares,
            method=one.method or PREDICTS,
            signature=key,
            usual=False,
        )
        for key, one in known.others.items()
    }
    method = known.usual.method or PREDICTS
    return replace(own, method=method, signature=known.name, others=others, refused=known.refused)


def _chosen(entry: _Entry, ref: ModelRef) -> int | None:
    if not ref.label:
        answering = {*entry.served, *entry.unopened}
        return max(answering, default=None) if ref.version is None else ref.version
    if ref.label not in entry.labels:
        raise NotServedError(
            f"model '{ref.name}' has no label '{ref.label}'; it has {_listed(entry.labels)}"
        )
    return entry.labels[ref.label]


def _listed(names: Mapping[str, object] | Mapping[int, object]) -> str:
    return (
        ", ".join(f"'{name}'" if isinstance(name, str) else str(name) for name in sorted(names))
        or "none"
    )


def _said(status: VersionStatus) -> str:
    return status.state.name + (f" ({status.message})" if status.message else "")
