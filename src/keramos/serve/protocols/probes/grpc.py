"""The health checks of gRPC itself (``grpc/health/v1/health.proto``), which Kubernetes and load
balancers speak.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.errors import NotServedError
from keramos.serve.core.protobuf import messages
from keramos.serve.core.rpcs import Rpc, Service
from keramos.serve.protocols.oip import grpc as oip_grpc
from keramos.serve.protocols.probes.rest import ready
from keramos.serve.protocols.tensorflow import grpc as tf_grpc

if TYPE_CHECKING:
    from keramos.serve.core.protobuf import Message
    from keramos.serve.core.routes import Context

_SERVING, _NOT_SERVING = 1, 2
_M = messages(
    "grpc.health.v1",
    """
    HealthCheckRequest: service string 1
    HealthCheckResponse: status int32 1
    """,
)
_NAMES = frozenset({"", *(service.name for service in (*tf_grpc.SERVICES, *oip_grpc.SERVICES))})


def _check(context: Context, request: Message) -> Message:
    if request.service not in _NAMES:
        raise NotServedError(
            f"no service '{request.service[:80]}' is here; there is "
            f"{', '.join(sorted(_NAMES - {''}))}"
        )
    return _M["HealthCheckResponse"](status=_SERVING if ready(context) else _NOT_SERVING)


SERVICES = (
    Service("grpc.health.v1.Health", (Rpc("Check", _M["HealthCheckRequest"], _check, probe=True),)),
)
