"""One gRPC server in the event loop of the HTTP server, at one port or two, with every service at
each.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from keramos.errors import UsageError
from keramos.serving.batching.arrays import ArrayBatcher
from keramos.serving.core.sockets import HANDSHAKE_SECONDS, listen_at, refuse_new, waiting_at
from keramos.serving.grpc.call import CallLimits, Calls
from keramos.serving.http2.connection import Connection

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from keramos.serving.core.routes import Context
    from keramos.serving.core.rpcs import Service
    from keramos.serving.grpc.call import Admit, OneCall

_LOOK_SECONDS = 0.05
_GOODBYE_SECONDS = 1.0
"""Time in which a client says that it has seen that the server stops."""


@dataclass(frozen=True, slots=True)
class GrpcSettings:
    """Where and how: ``ports`` to listen at, and limits. ``shared`` lets several processes listen
    at one port, among which the system divides connections.
    """

    host: str = "127.0.0.1"
    ports: tuple[int, ...] = ()
    max_message_bytes: int = 64 << 20
    max_calls: int = 4096
    max_connections: int = 4096
    request_timeout: float = 30.0
    drain_seconds: float = 1.0
    tls_cert: str | None = None
    tls_key: str | None = None
    shared: bool = False
    access_log: bool = False


class GrpcServer:
    """Start and stop in a running event loop. ``ports`` are the ones that it listens at, also where
    0 was asked for.
    """

    def __init__(
        self,
        context: Context,
        services: Sequence[Service],
        settings: GrpcSettings,
        admit: Admit | None,
    ) -> None:
        self.ports: tuple[int, ...] = ()
        self._settings = settings
        limits = CallLimits(
            settings.max_message_bytes,
            settings.request_timeout,
            settings.max_calls,
            access_log=settings.access_log,
        )
        batcher = ArrayBatcher(context.registry)
        self._calls = Calls(context, services, batcher, admit, limits)
        self._connections: set[Connection] = set()
        self._listeners: list[socket.socket] = []
        self._servers: list[asyncio.Server] = []
        self._tls: ssl.SSLContext | None = None
        self._checks: asyncio.Task[None] | None = None
        self._draining = False

    async def start(self) -> None:
        """Listen.

        Raises:
            UsageError: a port is taken, or the certificate or its key cannot be used.
        """
        settings = self._settings
        if settings.tls_cert:
            self._tls = _tls_context(settings.tls_cert, settings.tls_key)
        for port in dict.fromkeys(settings.ports):
            self._listeners.append(self._listener(port))
        loop = asyncio.get_running_loop()
        for listener in self._listeners:
            server = await loop.create_server(self._protocol, sock=listener, ssl=self._tls)
            self._servers.append(server)
        self.ports = tuple(listener.getsockname()[1] for listener in self._listeners)
        self._checks = loop.create_task(self._check())

    async def stop(self, seconds: float) -> None:
        """Take no new calls soon, and finish those that have begun within so many seconds.

        Clients are told to go, and what they send before they know is answered. For the time to
        drain, those that come again are answered too.
        """
        if not self._servers or self._draining:
            return
        self._draining = True
        for connection in list(self._connections):
            connection.drain()
        await self._all_gone(self._settings.drain_seconds)
        await self._close_ports()
        await self._all_gone(_GOODBYE_SECONDS)
        for connection in list(self._connections):
            connection.end_drain()
        await self._all_gone(seconds)
        for connection in list(self._connections):
            connection.abort()
        if self._checks is not None:
            self._checks.cancel()

    async def _all_gone(self, seconds: float) -> None:
        """So much time for connections to end."""
        for _ in range(round(seconds / _LOOK_SECONDS)):
            if not self._connections:
                return
            await asyncio.sleep(_LOOK_SECONDS)

    async def _close_ports(self) -> None:
        """Connections that the kernel has taken already are answered too."""
        for listener in self._listeners:
            refuse_new(listener)
        await asyncio.sleep(HANDSHAKE_SECONDS)
        clients = [client for listener in self._listeners for client in waiting_at(listener)]
        for server in self._servers:
            server.close()
        loop = asyncio.get_running_loop()
        taken = (
            loop.connect_accepted_socket(self._protocol, client, ssl=self._tls)
            for client in clients
        )
        with suppress(TimeoutError):
            await asyncio.wait_for(
                asyncio.gather(*taken, return_exceptions=True), self._settings.request_timeout
            )

    def _protocol(self) -> Connection:
        full = len(self._connections) >= self._settings.max_connections
        connection = Connection(self._calls.begin, self._connections, refused=full)
        if self._draining:
            connection.drain()
        return connection

    async def _check(self) -> None:
        """Once a second: what takes too long ends."""
        loop, seconds = asyncio.get_running_loop(), self._settings.request_timeout
        while True:
            await asyncio.sleep(min(1.0, seconds / 4))
            now = loop.time()
            for connection in list(self._connections):
                for stream in list(connection.streams.values()):
                    cast("OneCall", stream.handler).late(now)
                connection.check(now, seconds)

    def _listener(self, port: int) -> socket.socket:
        settings = self._settings
        try:
            listener = listen_at(settings.host, port, shared=settings.shared)
        except (OSError, OverflowError):
            for other in self._listeners:
                other.close()
            host = f"[{settings.host}]" if ":" in settings.host else settings.host
            raise UsageError(
                f"gRPC cannot listen at {host}:{port}: the port is taken, or the address is not "
                "this machine's",
                remedy="Choose another port, or switch gRPC off with --grpc-port none "
                "--oip-grpc-port none",
            ) from None
        listener.setblocking(False)
        return listener


def _tls_context(cert: str, key: str | None) -> ssl.SSLContext:
    """TLS as gRPC needs it: version 1.2 at least, and HTTP/2 agreed on in the handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(cert, key)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            f"the certificate {cert} with its key {key or cert} cannot be used: {error}"
        ) from None
    context.set_alpn_protocols(["h2"])
    return context
