"""The same engine and the same routes as an application of Ray Serve (extra ``ray``)."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from keramos.errors import ClusterError, NotReadyError
from keramos.pipeline.load import load
from keramos.platform.ray import ray_module
from keramos.serving.assemble import ROUTES
from keramos.serving.core.auth import Access, read_keys
from keramos.serving.core.routes import Context
from keramos.serving.http.app import App
from keramos.serving.registry.lifecycle import LATEST, Lifecycle, Policy
from keramos.serving.registry.registry import Engine
from keramos.types.limits import LIMITS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType

    from keramos.serving.core.settings import Settings
    from keramos.types.limits import Limits
    from keramos.types.versions import Source, Version

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


class Snapshot:
    """A ``Source`` that holds the bytes of its files: what travels to the replicas."""

    def __init__(self, files: Sequence[tuple[Version, bytes]], limits: Limits = LIMITS) -> None:
        self._files = dict(files)
        self.limits = limits

    @classmethod
    def of(cls, source: Source, policy: Policy = LATEST, limits: Limits = LIMITS) -> Snapshot:
        """What a source holds now and ought to be served, each file opened and proven.

        Raises:
            KeramosError: the source cannot be read, or a file cannot be served.
        """
        files = []
        for version in _wanted(source.versions(), policy):
            with source.local(version) as path:
                load(path, limits=limits)
                files.append((version, path.read_bytes()))
        return cls(files, limits)

    def versions(self) -> Sequence[Version]:
        """The versions it was made of."""
        return list(self._files)

    @contextmanager
    def local(self, version: Version) -> Iterator[Path]:
        """The file, written for as long as the context is open."""
        with tempfile.TemporaryDirectory(prefix="keramos-") as folder:
            path = Path(folder, Path(version.file).name)
            path.write_bytes(self._files[version])
            yield path


def _wanted(versions: Sequence[Version], policy: Policy) -> list[Version]:
    numbers: dict[str, set[int]] = {}
    for version in versions:
        numbers.setdefault(version.model, set()).add(version.number)
    return [v for v in versions if v.labels or v.number in policy.wanted(numbers[v.model])]


class Replica:
    """One process that answers: it loads and proves every model before it counts as healthy."""

    def __init__(self, snapshot: object, settings: Settings, keys: Sequence[str]) -> None:
        self._settings, self._keys = settings, keys
        self._engine = Engine()
        held: Snapshot = ray_module().get(snapshot)
        Lifecycle(self._engine, held, Policy(), held.limits).look()
        self.check_health()

    def __serve_build_asgi_app__(self) -> App:
        """What answers the requests."""
        access = Access(self._keys, self._settings.cors_origin)
        return App(
            Context(self._engine, self._settings.most_rows),
            ROUTES,
            access,
            None,
            self._settings.most_body,
        )

    def check_health(self) -> None:
        """Ray Serve asks every few seconds, and replaces a replica that raises.

        Raises:
            NotReadyError: a model has no version that answers.
        """
        if not self._engine.ready():
            raise NotReadyError(f"not every model answers: {', '.join(self._engine.names())}")


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
    keys = read_keys(settings.api_keys_file) if settings.api_keys_file else ()
    try:
        serve.run(deployment.bind(ray.put(snapshot), settings, keys), name=NAME, route_prefix="/")
    except RuntimeError as error:  # Ray's word for it; the reasons are in its logs
        raise ClusterError(
            f"Ray Serve could not start the replicas: {error} See the logs of Ray Serve"
        ) from None


def withdraw() -> None:
    """Take the application away; the cluster stays."""
    from ray import serve  # noqa: PLC0415 (an extra)

    serve.delete(NAME)
