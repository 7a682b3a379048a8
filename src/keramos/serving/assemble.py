"""What a server is made of: the protocols that it speaks, one row each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.serving.openapi.route import route as openapi_route
from keramos.serving.protocols.keramos import rest as own
from keramos.serving.protocols.mlflow import rest as mlflow
from keramos.serving.protocols.oip import rest as oip
from keramos.serving.protocols.probes import metrics
from keramos.serving.protocols.probes import rest as probes
from keramos.serving.protocols.tensorflow import examples as tensorflow_examples
from keramos.serving.protocols.tensorflow import rest as tensorflow

if TYPE_CHECKING:
    from keramos.serving.core.routes import Route
    from keramos.serving.core.rpcs import Service

_PROTOCOLS: tuple[Route, ...] = (
    *own.ROUTES,
    *tensorflow.ROUTES,
    *tensorflow_examples.ROUTES,
    *oip.ROUTES,
    *mlflow.ROUTES,
    *probes.ROUTES,
    *metrics.ROUTES,
)
ROUTES = (*_PROTOCOLS, openapi_route(_PROTOCOLS))
"""HTTP routes; of routes with the same first part of the path the first that matches answers."""


def grpc_services() -> tuple[Service, ...]:
    """The gRPC services."""
    # The classes of their messages take 30 ms to make: only a server that offers gRPC needs them.
    from keramos.serving.protocols.oip import grpc as oip_grpc  # noqa: PLC0415 (see above)
    from keramos.serving.protocols.probes.grpc import health  # noqa: PLC0415 (see above)
    from keramos.serving.protocols.tensorflow import grpc as tensorflow_grpc  # noqa: PLC0415 (see above)

    services = (*tensorflow_grpc.SERVICES, *oip_grpc.SERVICES)
    return (*services, health(services))
