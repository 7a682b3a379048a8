"""One server process: uvicorn's server with the fast path, checks of connections once a second, and
a graceful shutdown.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Protocol, cast

import uvicorn

from keramos.errors import MissingExtraError, UsageError
from keramos.serving.batching.rows import RowBatcher
from keramos.serving.core.auth import Access, read_keys
from keramos.serving.core.browsers import AllowedHosts
from keramos.serving.core.logging import event
from keramos.serving.core.memory import share_arenas
from keramos.serving.core.shared import Sharing
from keramos.serving.core.sockets import HANDSHAKE_SECONDS, address, refuse_new, waiting_at
from keramos.serving.http.app import App
from keramos.serving.http.connection_state import ConnectionState
from keramos.serving.http.fast_protocol import Protocol as FastProtocol
from keramos.serving.http.fast_routes import FastRoutes
from keramos.serving.http.starting import RequestThreads, StopSignals
from keramos.serving.metrics.families import families
from keramos.serving.metrics.multiprocess import WorkerMetrics

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping, Sequence

    from keramos.serving.core.routes import Context, Route
    from keramos.serving.core.settings import Settings
    from keramos.serving.core.shared import Shared
    from keramos.serving.http.tracing import Spans
    from keramos.types.serving import Pages

_log = logging.getLogger("keramos.serving")

ALL_STOP = "stop"
"""A file beside the workers' metrics that says that all of them stop, not this one alone."""

_GRACE = 0.5
"""Seconds in which a connection taken last must send its request."""

_FIRST = 0.01
"""Seconds in which requests that waited already are answered, before companions load what they
need.
"""

_SWITCH_SECONDS = 0.001
"""After so long a thread that decodes a large body lets the event loop run."""

_TICKS_A_SECOND = 10  # of uvicorn's main loop


class Companion(Protocol):
    """Something that starts and stops with the server, such as the gRPC server."""

    async def start(self) -> None:
        """Begin, in the server's event loop; HTTP requests are taken already."""

    async def stop(self, seconds: float) -> None:
        """End, within so many seconds, while HTTP requests end too."""


@dataclass(frozen=True, slots=True)
class ServerParts:
    """What a server is assembled from; ``companions`` live as long as it does, ``shared`` is what
    its workers count together.
    """

    context: Context
    routes: Sequence[Route]
    pages: Pages | None = None
    companions: Sequence[Companion] = field(default=())
    shared: Mapping[str, Shared] = field(default_factory=dict)


class Server(uvicorn.Server):
    """uvicorn's server with a graceful shutdown: requests in flight finish."""

    def __init__(
        self,
        config: uvicorn.Config,
        shared: ConnectionState,
        parts: ServerParts,
        settings: Settings,
    ) -> None:
        super().__init__(config)
        self._shared = shared
        self._context = parts.context
        self._companions = parts.companions
        self._settings = settings
        self._drain_seconds = settings.drain_seconds
        self._request_timeout = settings.request_timeout
        self.stops: list[int] = []
        """Signals to stop from before this server took them."""
        self.goes_on: Callable[[], bool] = bool
        """Whether others go on taking connections at the same sockets."""
        self.spans: Spans | None = None
        self.complete = Event()
        """Set when the companions run too."""
        self._context.opening = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's, then the companions."""
        asyncio.get_running_loop().set_default_executor(RequestThreads())
        await super().startup(sockets)
        await asyncio.sleep(_FIRST)
        for companion in self._companions:
            await companion.start()
        self._context.opening = False
        self.complete.set()
        for listener in sockets or []:
            url = address(self._settings, listener)
            _log.info("listening at %s", url, extra=event("listening", url=url))

    async def on_tick(self, counter: int) -> bool:
        """As uvicorn's; once a second each connection is asked whether it takes too long."""
        if counter % _TICKS_A_SECOND == 0:
            self._check()
        return await super().on_tick(counter) or bool(self.stops)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Shut down: not ready; replies close connections; new connections are refused; then the
        end.
        """
        _log.info("stopping: requests that were sent are answered", extra=event("stopping"))
        self._context.stopping = True
        self._shared.draining = True
        ends = [
            asyncio.create_task(companion.stop(self._request_timeout))
            for companion in self._companions
        ]
        await self._let_go(self._drain_seconds)
        await self._take_the_rest(sockets or [])
        await self._let_go(_GRACE)
        await super().shutdown(sockets)
        await asyncio.gather(*ends)
        if self.spans is not None:
            await asyncio.to_thread(self.spans.stop)

    async def _let_go(self, seconds: float) -> None:
        """So much time for connections to end by themselves."""
        for _ in range(round(seconds * _TICKS_A_SECOND)):
            if self.force_exit or not self.server_state.connections:
                return
            await asyncio.sleep(1 / _TICKS_A_SECOND)
            self._check()

    async def _take_the_rest(self, sockets: list[socket.socket]) -> None:
        """Connections that the kernel has taken already are answered too; then the listening
        sockets close.
        """
        loop = asyncio.get_running_loop()
        if not self.goes_on():
            for listener in sockets:
                refuse_new(listener)
            await asyncio.sleep(HANDSHAKE_SECONDS)
        clients = [client for listener in sockets for client in waiting_at(listener)]
        for server in self.servers:
            server.close()
        taken = (
            loop.connect_accepted_socket(self._protocol, client, ssl=self.config.ssl)
            for client in clients
        )
        # One that begins no TLS must not hold up the end.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(
                asyncio.gather(*taken, return_exceptions=True), self._request_timeout
            )

    def _protocol(self) -> asyncio.Protocol:
        return FastProtocol(self._shared, self.config, self.server_state, self.lifespan.state)

    def _check(self) -> None:
        now = asyncio.get_running_loop().time()
        for connection in list(self.server_state.connections):
            cast("FastProtocol", connection).check(now)


def run_server(
    assemble: Callable[[Settings], ServerParts],
    settings: Settings,
    listener: socket.socket,
    folder: str | None = None,
) -> None:
    """Serve at a listening socket until a signal says stop; in ``folder`` workers count
    together.
    """
    # Signals that come before uvicorn takes them, and those that it raises again when all is done,
    # with exit code 0.
    sys.setswitchinterval(_SWITCH_SECONDS)
    share_arenas()
    signals = StopSignals()
    parts = signals.outcome(partial(assemble, settings))
    if parts is None:
        _log.info("stopped before models were found", extra=event("stopped"))
        return
    if folder:
        metrics = WorkerMetrics(partial(families, parts.context))
        parts.context.metrics = metrics.families
        sharing = Sharing(folder, {"metrics": metrics, **parts.shared})
        parts = replace(parts, companions=(*parts.companions, sharing))
    server = build_server(parts, settings)
    server.stops = signals.received
    if folder:
        server.goes_on = lambda: not Path(folder, ALL_STOP).exists()
    server.run([listener])
    if folder:
        sharing.leave()
    _log.info("stopped", extra=event("stopped"))


def build_server(parts: ServerParts, settings: Settings) -> Server:
    """A server, ready to run.

    Raises:
        UsageError: the file of keys or the certificate cannot be used.
        MissingExtraError: traces are wanted and OpenTelemetry is not installed.
    """
    access = Access(
        read_keys(settings.api_keys_file) if settings.api_keys_file is not None else (),
        settings.cors_origin,
        AllowedHosts.of([settings.host, *settings.allowed_host]) if settings.checks_hosts else None,
    )
    app = App(
        parts.context,
        parts.routes,
        access,
        parts.pages,
        settings.max_body_bytes,
        access_log=settings.access_log,
    )
    registry = parts.context.registry
    spans = _spans(app, "https" if settings.tls_cert else "http") if settings.otel else None
    parts.context.traced = spans.called if spans is not None else None
    find = app.fast_route if settings.fast_path else lambda _: None
    table = FastRoutes(registry, find, None if access.open else access.admit)
    shared = ConnectionState(
        table,
        RowBatcher(
            registry,
            access_log=settings.access_log,
            answered=spans.answered if spans is not None else None,
        ),
        settings.max_connections,
        settings.request_timeout,
        settings.idle_timeout,
    )
    config = _config(spans or app, partial(FastProtocol, shared), settings)
    server = Server(config, shared, parts, settings)
    server.spans = spans
    return server


def _spans(app: App, scheme: str) -> Spans:
    try:
        from keramos.serving.http.tracing import Spans  # noqa: PLC0415 (an extra)
    except ImportError as error:
        raise MissingExtraError(
            f"traces need {error.name}",
            remedy="Install it with: pip install 'keramos[otel]'",
        ) from None
    return Spans(app, scheme)


def _config(
    app: App | Spans, protocol: Callable[..., FastProtocol], settings: Settings
) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        http=cast("type[asyncio.Protocol]", protocol),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=int(settings.idle_timeout),
        timeout_graceful_shutdown=int(settings.request_timeout),
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
    )
    try:
        config.load()
    except OSError as error:
        files = f"{settings.tls_cert} with its key {settings.tls_key}"
        raise UsageError(f"the certificate {files} cannot be used: {error}") from None
    return config
