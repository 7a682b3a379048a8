"""The model source at a path or URL: a model file, a folder of files, a store, or one model of a
store.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from keramos.artifact.containers.table import folder_meant, is_model_folder, suffixes
from keramos.errors import ModelError, UsageError
from keramos.serving.registry.folder_source import FolderSource
from keramos.serving.registry.lifecycle import Lifecycle
from keramos.serving.registry.loading import LOADING, Loading
from keramos.serving.registry.model_state import LATEST, Policy
from keramos.serving.registry.opened import Opening
from keramos.types.limits import LIMITS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from keramos.serving.registry.registry import ModelRegistry
    from keramos.types.limits import Limits
    from keramos.types.versions import Source, Version


_FEW = 32
"""So many models are opened at the start; of more, each is opened by its first request."""


@dataclass(frozen=True, slots=True)
class ModelLocation:
    """What to serve.

    Attributes:
        path: a path or URL.
        name: name of its one model, instead of the name of its file.
        versions: ``latest``, ``latest:N``, ``all``, or numbers such as ``3,5``.
        poll: seconds between two looks for new versions.
        load_timeout: seconds in which a version must be loaded, proven and warm.
        limits: safety limits for its files.
        replace: what layers of its one model that hold code compute, by name.
        by: what is read of its models: config, graph or graph:NAME.
        require_signature: file of the public key for which its files must be signed.
        preload: whether all models are opened at the start; None: where there are few.
        model_memory_bytes: memory of open models; those that answered least recently are closed
            beyond it and opened again by their next request. 0: no bound.
        warnings: whether decisions name numbers outside the training range and unknown categories.
    """

    path: str
    name: str | None = None
    versions: str = "latest"
    poll: float = 1.0
    load_timeout: float = LOADING.seconds
    limits: Limits = LIMITS
    replace: Mapping[str, str] = field(default_factory=dict)
    by: str | None = None
    require_signature: str | None = None
    preload: bool | None = None
    model_memory_bytes: int = 0
    warnings: bool = True


@dataclass(frozen=True, slots=True)
class VersionWatch:
    """A companion of the server that looks for new versions."""

    lifecycle: Lifecycle
    seconds: float

    async def start(self) -> None:
        """Begin to look."""
        self.lifecycle.watch(self.seconds)

    async def stop(self, seconds: float) -> None:  # noqa: ARG002 (nothing to wait for)
        """No look begins after this."""
        self.lifecycle.close()


def versions_at(location: ModelLocation) -> tuple[Source, Sequence[Version]]:
    """The source at a place and what it holds now.

    Raises:
        UsageError: nothing that can be served is there.
    """
    source = source_of(location.path, location.name)
    versions = source.versions()
    if not versions:
        raise UsageError(
            "the store holds no model",
            file=str(location.path),
            remedy=f"Publish one with: keramos store publish FILE {location.path} --model M",
        )
    return source, versions


def loading_at(location: ModelLocation) -> Loading:
    """How versions at a place are loaded."""
    return Loading(
        location.limits,
        location.require_signature,
        location.replace,
        location.by,
        location.load_timeout,
        location.warnings,
    )


def lifecycle_of(
    location: ModelLocation, registry: ModelRegistry, wait: float | None = None
) -> Lifecycle:
    """The versions at a place, loaded; those that take longer than ``wait`` seconds are loaded
    later, beside the requests.

    Raises:
        UsageError: nothing that can be served is there.
        ModelError: it is one file, and that cannot be used.
    """
    source, versions = versions_at(location)
    found = Lifecycle(
        registry,
        source,
        policy_at(location),
        loading_at(location),
        _opening(location, versions),
    )
    settled = found.begin(versions).wait(wait)
    if settled and _is_one_model(location.path) and not registry.all_served():
        raise ModelError(
            next(
                (status.message for name in registry.names() for status in registry.statuses(name)),
                location.path,
            )
        )
    return found


def _opening(location: ModelLocation, versions: Sequence[Version]) -> Opening:
    preload = location.preload
    if preload is None:
        preload = len({version.model for version in versions}) <= _FEW
    return Opening(not preload, location.model_memory_bytes)


@dataclass(frozen=True, slots=True)
class OneModel:
    """A ``Source`` of one model of another source, under a name of its own."""

    inner: Source
    model: str
    name: str

    def versions(self) -> Sequence[Version]:
        """The versions of that model."""
        return [
            replace(found, model=self.name)
            for found in self.inner.versions()
            if found.model == self.model
        ]

    def local(self, version: Version) -> AbstractContextManager[Path]:
        """The version's file."""
        return self.inner.local(version)


def source_of(path: str, name: str | None = None) -> Source:
    """The source at a path or URL; ``name`` is what its one model is called, instead of what the
    file is called.

    Raises:
        UsageError: nothing that can be served is there, or a name is given to several models.
    """
    path = folder_meant(path)
    if "://" in path:
        found: Source = _store(path)
    elif _is_configured(path):
        from keramos.serving.registry.config_source import (  # noqa: PLC0415 (few servers have one)
            ConfigSource,
        )

        found = ConfigSource(path)
    elif _is_one_model(path):
        found = FolderSource(path)
    elif _is_model_of_store(path):
        place = Path(os.path.realpath(path))
        found = OneModel(_store(place.parent), place.name, place.name)
    else:
        found = _store(path) if _is_store(path) else FolderSource(path)
    if name is None:
        return found
    models = sorted({version.model for version in found.versions()})
    if len(models) != 1:
        raise UsageError(
            f"--name is for one model; there are {len(models)}: {', '.join(models[:20])}",
            file=str(path),
        )
    return OneModel(found, models[0], name)


def _store(path: str | Path) -> Source:
    # Listing a store imports hashing and JSON codecs, which a server of one file does not need.
    from keramos.store.store import Store  # noqa: PLC0415 (see above)

    return Store(path)


def _is_one_model(path: str) -> bool:
    place = Path(path)
    if place.is_dir():
        return is_model_folder(path)
    return place.exists() and not _is_configured(path)


def _is_configured(path: str) -> bool:
    """Whether it is a configuration of TensorFlow Serving, which says itself what is served."""
    if not os.path.isfile(path) or path.lower().endswith(suffixes()):  # noqa: PTH113
        return False
    from keramos.serving.registry.config_source import is_config  # noqa: PLC0415 (as above)

    return is_config(Path(path))


def _is_model_of_store(path: str) -> bool:
    from keramos.store.local import LocalPlace  # noqa: PLC0415 (as in source_of)

    place = Path(os.path.realpath(path))
    return place.is_dir() and bool(LocalPlace(str(place.parent)).versions(place.name))


def _is_store(path: str) -> bool:
    from keramos.store.local import LocalPlace  # noqa: PLC0415 (as in source_of)

    place = LocalPlace(path)
    return Path(path).is_dir() and any(place.versions(model) for model in place.models())


def policy_at(location: ModelLocation) -> Policy:
    """Which versions are loaded; a configuration chooses by itself unless the caller does."""
    if location.versions == "latest" and _is_configured(location.path):
        return Policy()
    return policy_of(location.versions)


def policy_of(text: str) -> Policy:
    """``latest``, ``latest:N``, ``all``, or version numbers with commas between.

    Raises:
        UsageError: it is not one of these.
    """
    word, _, count = text.partition(":")
    parts = text.split(",")
    if text == "latest":
        return LATEST
    if text == "all":
        return Policy()
    if word == "latest" and count.isascii() and count.isdigit() and int(count) > 0:
        return Policy(newest=int(count))
    if all(part.isascii() and part.isdigit() for part in parts):
        return Policy(exactly=frozenset(map(int, parts)))
    raise UsageError(
        "--versions takes latest, latest:N, all, or numbers such as 3,5",
        option="versions",
        received=repr(text),
    )
