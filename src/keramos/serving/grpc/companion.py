"""The gRPC ports, and the gRPC server as a companion of the HTTP server."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import TYPE_CHECKING

from keramos.errors import UsageError
from keramos.serving.core.auth import Access, read_keys
from keramos.serving.core.logging import event

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keramos.serving.core.routes import Context
    from keramos.serving.core.rpcs import Service
    from keramos.serving.core.settings import Settings
    from keramos.serving.grpc.server import GrpcServer

_log = logging.getLogger("keramos.serving")

TF_PORT, OIP_PORT = 8500, 8001
"""Default ports of TensorFlow Serving and of the Open Inference Protocol."""


def free_ports(
    host: str, grpc_port: int | str | None = None, oip_grpc_port: int | str | None = None
) -> tuple[int, ...]:
    """Ports to listen at. Each may be a port, ``none``, or None for its default port, which is left
    out with a warning where it is taken.

    Raises:
        UsageError: a chosen port is taken, or is not a port.
    """
    ports: dict[int, None] = {}
    for given, usual in ((grpc_port, TF_PORT), (oip_grpc_port, OIP_PORT)):
        chosen = _port(given)
        port = usual if chosen is None else chosen
        if port == 0 or port in ports:
            continue
        if _is_free(host, port):
            ports[port] = None
        elif chosen is None:
            _log.warning(
                "gRPC port %d is taken; gRPC is not offered there",
                port,
                extra=event("grpc_off", port=port),
            )
        else:
            raise UsageError(
                f"gRPC cannot listen at {host} port {port}: the port is taken, or the address is "
                "not this machine's"
            )
    return tuple(ports)


def _port(given: int | str | None) -> int | None:
    """A port; 0 where gRPC is off, None where none was chosen."""
    text = "none" if given is None else str(given).lower()
    if text == "none":
        return None if given is None else 0
    if text.isascii() and text.isdigit() and int(text) < 1 << 16:
        return int(text)
    raise UsageError("a gRPC port is a number below 65536, or none", received=repr(given))


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError:
            return False
    return True


class GrpcCompanion:
    """A companion of the HTTP server. gRPC is imported after HTTP has started, so that it delays
    nothing.
    """

    def __init__(
        self, context: Context, services: Callable[[], Sequence[Service]], settings: Settings
    ) -> None:
        """``services`` imports and gives what is served."""
        self._context = context
        self._services = services
        self._settings = settings
        self._server: GrpcServer | None = None

    async def start(self) -> None:
        """Listen.

        Raises:
            UsageError: a port has been taken meanwhile, or the certificate cannot be used.
        """
        if not self._settings.grpc_ports:
            return
        self._server = await asyncio.to_thread(self._made)
        await self._server.start()

    async def stop(self, seconds: float) -> None:
        """Finish what has begun."""
        if self._server is not None:
            await self._server.stop(seconds)

    def _made(self) -> GrpcServer:
        # Importing gRPC takes 0.1 s, and HTTP requests are answered meanwhile.
        from keramos.serving.grpc.server import GrpcServer, GrpcSettings  # noqa: PLC0415 (see above)

        settings = self._settings
        keys = read_keys(settings.api_keys_file) if settings.api_keys_file is not None else ()
        how = GrpcSettings(
            host=settings.host,
            ports=settings.grpc_ports,
            max_message_bytes=settings.max_body_bytes,
            max_connections=settings.max_connections,
            request_timeout=settings.request_timeout,
            drain_seconds=settings.drain_seconds,
            tls_cert=settings.tls_cert,
            tls_key=settings.tls_key,
            shared=settings.workers > 1,
            access_log=settings.access_log,
        )
        access = Access(keys).admit_raw if keys else None
        return GrpcServer(self._context, self._services(), how, access)
