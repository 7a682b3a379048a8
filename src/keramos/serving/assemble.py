"""The composition root: the protocols of a server, one row each, and its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.serving.core.memory import RequestMemory
from keramos.serving.core.routes import Context
from keramos.serving.grpc.companion import GrpcCompanion
from keramos.serving.http.pages import LazyPages
from keramos.serving.http.server import ServerParts
from keramos.serving.monitoring.live_drift import LiveDrift
from keramos.serving.monitoring.shadow import Shadow
from keramos.serving.openapi.route import route as openapi_route
from keramos.serving.protocols.keramos import rest as own
from keramos.serving.protocols.mlflow import rest as mlflow
from keramos.serving.protocols.oip import rest as oip
from keramos.serving.protocols.probes import metrics
from keramos.serving.protocols.probes import rest as probes
from keramos.serving.protocols.tensorflow import examples as tensorflow_examples
from keramos.serving.protocols.tensorflow import rest as tensorflow
from keramos.serving.registry.registry import ModelRegistry
from keramos.serving.registry.sources import VersionWatch, lifecycle_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.serving.core.routes import Route
    from keramos.serving.core.rpcs import Service
    from keramos.serving.core.settings import Settings
    from keramos.serving.core.shared import Shared
    from keramos.serving.registry.sources import ModelLocation

PROTOCOLS: tuple[Sequence[Route], ...] = (
    own.ROUTES,
    (*tensorflow.ROUTES, *tensorflow_examples.ROUTES),
    oip.ROUTES,
    mlflow.ROUTES,
    (*probes.ROUTES, *metrics.ROUTES),
)
"""The protocols over HTTP, one row each."""


def routes_of(protocols: Sequence[Sequence[Route]]) -> tuple[Route, ...]:
    """The routes of protocols, and the one that describes them all; the first that matches
    answers.
    """
    routes = [route for protocol in protocols for route in protocol]
    return (*routes, openapi_route(routes))


ROUTES = routes_of(PROTOCOLS)


def grpc_services() -> tuple[Service, ...]:
    """The gRPC services."""
    # The classes of their messages take 30 ms to make: only a server that offers gRPC needs them.
    from keramos.serving.protocols.oip import grpc as oip_grpc  # noqa: PLC0415 (see above)
    from keramos.serving.protocols.probes.grpc import health  # noqa: PLC0415 (see above)
    from keramos.serving.protocols.tensorflow import grpc as tensorflow_grpc  # noqa: PLC0415 (see above)

    services = (*tensorflow_grpc.SERVICES, *oip_grpc.SERVICES)
    return (*services, health(services))


_OBSERVED_RUNS = 50
"""Runs a second that are observed for drift and shadows, which takes one percent of a busy server's
time.
"""


def assemble(
    location: ModelLocation,
    settings: Settings,
    shadows: Sequence[str] = (),
    routes: Sequence[Route] = ROUTES,
    *,
    wait: float | None = None,
) -> ServerParts:
    """The parts of one server process, with the models at a location loaded; those that take
    longer than ``wait`` seconds are loaded while it serves.

    Raises:
        UsageError: there is no model at the location, or a shadow names none.
        ModelError: the location is one file, and it cannot be served.
    """
    registry = ModelRegistry()
    versions = lifecycle_of(location, registry, wait)
    candidates = [Shadow(registry, shadow) for shadow in shadows]
    drift = LiveDrift(registry)
    registry.observers.pause = 1 / _OBSERVED_RUNS
    registry.observers.add(drift)
    for shadow in candidates:
        registry.observers.add(shadow)
    memory = RequestMemory(settings.memory_bytes(), settings.request_timeout)
    context = Context(registry, settings.max_rows, live=drift.look, memory=memory)
    context.shadows = lambda: [one for shadow in candidates for one in shadow.own()]
    pages = LazyPages(
        registry, drift.look, lambda: [one for shadow in candidates for one in shadow.look()]
    )
    if settings.admin:
        context.load, context.unload = versions.load, versions.unload
    companions = (
        VersionWatch(versions, location.poll),
        pages,
        GrpcCompanion(context, grpc_services, settings),
    )
    shared: dict[str, Shared] = {"drift": drift}
    shared |= {f"shadow{at}": one for at, one in enumerate(candidates)}
    return ServerParts(context, routes, pages, companions, shared)
