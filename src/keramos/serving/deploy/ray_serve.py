"""The HTTP routes as an application of Ray Serve (extra ``ray``)."""

from __future__ import annotations

import logging
import re
import signal
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from keramos.artifact.containers.table import model_source
from keramos.errors import ClusterError, MismatchError, NotReadyError, UsageError
from keramos.pipeline.load import load
from keramos.platform.ray import cluster, ray_module
from keramos.serving.assemble import ROUTES
from keramos.serving.core.auth import Access, read_keys
from keramos.serving.core.logging import event
from keramos.serving.core.memory import RequestMemory
from keramos.serving.core.routes import Context
from keramos.serving.http.app import App
from keramos.serving.registry.lifecycle import Lifecycle
from keramos.serving.registry.loading import LOADING
from keramos.serving.registry.model_state import LATEST, Policy
from keramos.serving.registry.registry import ModelRegistry
from keramos.serving.registry.sources import loading_at, policy_at, source_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType

    from keramos.artifact.sources import ModelSource
    from keramos.serving.core.settings import Settings
    from keramos.serving.registry.loading import Loading
    from keramos.serving.registry.sources import ModelLocation
    from keramos.types.versions import Source, Version

_log = logging.getLogger("keramos.serving")

NAME = "keramos"
"""Of the application and its deployment in the cluster."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """How many replicas: between ``least`` and ``most``, so that each has about ``requests`` in
    work at a time.
    """

    least: int = 1
    most: int = 1
    requests: int = 4

    @classmethod
    def of(cls, replicas: str) -> Scaling:
        """The scaling of ``MIN:MAX``.

        Raises:
            UsageError: it is not of that form.
        """
        found = re.fullmatch(r"(\d+):(\d+)", replicas)
        if not found or not 1 <= int(found[1]) <= int(found[2]):
            raise UsageError(
                "--replicas takes MIN:MAX, such as 1:4",
                option="replicas",
                received=repr(replicas),
            )
        return cls(int(found[1]), int(found[2]))


class Snapshot:
    """A ``Source`` that holds the bytes of its models: what is sent to the replicas."""

    def __init__(
        self,
        files: Sequence[tuple[Version, ModelSource]],
        loading: Loading = LOADING,
    ) -> None:
        self._files = dict(files)
        self.loading = loading

    @classmethod
    def of(
        cls,
        source: Source,
        policy: Policy = LATEST,
        loading: Loading = LOADING,
    ) -> Snapshot:
        """What a source holds now and is to be served, each model loaded and proven.

        Raises:
            KeramosError: the source cannot be read, or a model cannot be served.
        """
        files = []
        for version in _wanted(source.versions(), policy):
            with source.local(version) as path:
                model = load(
                    path, replace=loading.replacements, by=loading.by, limits=loading.limits
                )
                proven = model.artifact.info.sha256
                found = model_source(str(path), loading.limits)
            if found.sha256 != proven:
                raise MismatchError(
                    "the model changed while it was deployed",
                    file=str(path),
                    remedy="Deploy it again",
                )
            files.append((version, found))
        return cls(files, loading)

    def versions(self) -> Sequence[Version]:
        """The versions it was made of."""
        return list(self._files)

    @contextmanager
    def local(self, version: Version) -> Iterator[Path]:
        """The model on this machine's disk, while the context is open."""
        with tempfile.TemporaryDirectory(prefix="keramos-") as folder:
            yield self._files[version].write(Path(folder), Path(version.file).name)


def _wanted(versions: Sequence[Version], policy: Policy) -> list[Version]:
    numbers: dict[str, set[int]] = {}
    for version in versions:
        numbers.setdefault(version.model, set()).add(version.number)
    return [v for v in versions if v.labels or v.number in policy.wanted(numbers[v.model])]


class Replica:
    """One process that answers: it loads and proves every model before it counts as healthy."""

    def __init__(self, snapshot: object, settings: Settings, keys: Sequence[str]) -> None:
        self._settings, self._keys = settings, keys
        self._registry = ModelRegistry()
        held: Snapshot = ray_module().get(snapshot)
        Lifecycle(self._registry, held, Policy(), held.loading).look()
        self.check_health()

    def __serve_build_asgi_app__(self) -> App:
        """What answers the requests."""
        access = Access(self._keys, self._settings.cors_origin)
        return App(
            Context(
                self._registry,
                self._settings.max_rows,
                memory=RequestMemory(self._settings.memory_bytes()),
            ),
            ROUTES,
            access,
            None,
            self._settings.max_body_bytes,
        )

    def check_health(self) -> None:
        """Ray Serve asks every few seconds, and replaces a replica that raises.

        Raises:
            NotReadyError: a model has no version that answers.
        """
        if not self._registry.ready():
            names = ", ".join(self._registry.names())
            raise NotReadyError("a model has no version that answers", received=f"models {names}")


def serve_on_ray(
    location: ModelLocation, settings: Settings, address: str, scaling: Scaling
) -> None:
    """Deploy the models at a location on a Ray cluster, wait for a signal to stop, and withdraw
    them.

    Raises:
        KeramosError: the models cannot be served, or the cluster cannot be used.
    """
    snapshot = Snapshot.of(
        source_of(location.path, location.name),
        policy_at(location),
        loading_at(location),
    )
    stop = Event()
    with cluster(address) as ray:
        deploy(ray, snapshot, scaling, settings)
        url = f"http://{settings.host}:{settings.port}"
        _log.info(
            "serving %s at %s on Ray (HTTP; gRPC, pages and drift are for the engine local)",
            location.path,
            url,
            extra=event("start", path=location.path, url=url),
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        stop.wait()
        withdraw()


def deploy(ray: ModuleType, snapshot: Snapshot, scaling: Scaling, settings: Settings) -> None:
    """Put the application in place of one that runs already; returns when it answers at its host
    and port.

    Raises:
        ClusterError: its replicas do not start.
    """
    from ray import serve  # noqa: PLC0415 (an extra)

    serve.start(http_options={"host": settings.host, "port": settings.port})
    configured = serve.deployment(
        name=NAME,
        autoscaling_config={
            "min_replicas": scaling.least,
            "max_replicas": scaling.most,
            "target_ongoing_requests": scaling.requests,
        },
        max_ongoing_requests=scaling.requests * 8,
        health_check_period_s=5,
        health_check_timeout_s=10,
    )
    deployment = configured(serve.ingress()(Replica))
    keys = read_keys(settings.api_keys_file) if settings.api_keys_file is not None else ()
    try:
        serve.run(deployment.bind(ray.put(snapshot), settings, keys), name=NAME, route_prefix="/")
    except RuntimeError as error:  # Ray's word for it; the reasons are in its logs
        raise ClusterError(
            "Ray Serve could not start the replicas",
            received=str(error),
            remedy="See the logs of Ray Serve",
        ) from None


def withdraw() -> None:
    """Take the application away; the cluster stays."""
    from ray import serve  # noqa: PLC0415 (an extra)

    serve.delete(NAME)
