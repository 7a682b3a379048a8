"""The health checks of gRPC itself (``grpc/health/v1/health.proto``), which Kubernetes and load
balancers speak.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.errors import NotServedError
from keramos.serving.core.protobuf import messages
from keramos.serving.core.rpcs import Rpc, Service

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.serving.core.protobuf import Message
    from keramos.serving.core.routes import Context

_SERVING, _NOT_SERVING = 1, 2
_M = messages(
    "grpc.health.v1",
    """
    HealthCheckRequest: service string 1
    HealthCheckResponse: status int32 1
    """,
)


def health(others: Sequence[Service]) -> Service:
    """The health service of a server that offers ``others``."""
    names = sorted(service.name for service in others)

    def check(context: Context, request: Message) -> Message:
        if request.service and request.service not in names:
            raise NotServedError(
                f"no service '{request.service[:80]}' is here; there is {', '.join(names)}"
            )
        return _M["HealthCheckResponse"](status=_SERVING if context.ready() else _NOT_SERVING)

    return Service(
        "grpc.health.v1.Health", (Rpc("Check", _M["HealthCheckRequest"], check, probe=True),)
    )
