"""OpenTelemetry traces of HTTP and gRPC requests (extra ``otel``), sent by OTLP over HTTP.

Names and attributes are those of OpenTelemetry's semantic conventions for HTTP and RPC servers.
Spans of the fast path and of gRPC are made from what is known of answered requests, once the
replies of a tick are sent. Where spans
go, how many are kept and how callers' trace ids arrive is said by OpenTelemetry's own environment
variables (``OTEL_...``).
"""

from __future__ import annotations

import asyncio
import logging
from threading import Thread
from time import time_ns
from typing import TYPE_CHECKING, NamedTuple

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.propagate import extract
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode

from keramos.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping, Sequence
    from typing import Any

    from opentelemetry.trace import Span

    from keramos.serving.batching.rows import PendingRequest
    from keramos.serving.http.app import App, Receive, Scope, Send

_STOP_SECONDS = 2.0
"""For the last spans; a collector that does not answer must not keep a server that was asked to
stop.
"""

_SERVER_FAULT = 500
_MOST_ROUTES = 4096
_MOST_WAITING = 8192
"""Answered requests that wait for their spans; those beyond get none."""
_SERVER_CODES = frozenset(
    {"UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"}
)
"""Codes of gRPC that are errors of the server, by the same conventions."""
_METHODS = frozenset(
    {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE"}
)

_log = logging.getLogger("keramos.serving")


_NAMES = (
    *("OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND"),
    *("ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION"),
    *("ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"),
    "UNAUTHENTICATED",
)
_CODES = {name: number for number, name in enumerate(_NAMES)}
"""Code of gRPC -> its number."""


class _Answered(NamedTuple):
    """A request that was answered; times in nanoseconds. ``rpc`` is empty for HTTP."""

    begin: int
    end: int
    headers: Sequence[tuple[bytes, bytes]]
    url: bytes
    rpc: str
    status: str


class Spans:
    """An ASGI application around another: each request of it is a span."""

    def __init__(self, app: App, scheme: str = "http") -> None:
        self._app = app
        self._scheme = scheme
        self._routes: dict[str, str] = {}
        self._answered: list[_Answered] = []
        self._provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("keramos", __version__)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request as the application does."""
        if scope["type"] != "http":
            return
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
        route = self._app.template(path)
        method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
        about = {
            "http.request.method": method,
            "url.scheme": scope["scheme"],
            "url.path": path[:1000],
        }
        about |= {"http.route": route} if route else {}
        with self._tracer.start_as_current_span(
            f"{'HTTP' if method == '_OTHER' else method} {route}".rstrip(),
            context=extract(headers),
            kind=SpanKind.SERVER,
            attributes=about,
        ) as span:
            await self._app(scope, receive, _noting(span, send))

    def answered(self, requests: Sequence[PendingRequest], seconds: float) -> None:
        """Remember requests of the fast path, whose replies were sent after ``seconds``."""
        end = time_ns()
        begin = end - int(seconds * 1e9)
        for one in requests:
            status = 200 if isinstance(one.reply, bytes) else one.reply.status
            self._remember(_Answered(begin, end, one.headers, one.url, "", str(status)))

    def called(
        self, rpc: str, metadata: Sequence[tuple[bytes, bytes]], code: str, seconds: float
    ) -> None:
        """Remember a call of gRPC that was answered; ``rpc`` is its service and method."""
        end = time_ns()
        self._remember(_Answered(end - int(seconds * 1e9), end, metadata, b"", rpc, code))

    def _remember(self, one: _Answered) -> None:
        if not self._answered:
            asyncio.get_running_loop().call_soon(self._make)
        if len(self._answered) < _MOST_WAITING:
            self._answered.append(one)

    def _make(self) -> None:
        """Make the spans of what was answered."""
        answered, self._answered = self._answered, []
        for one in answered:
            name, about, failed = self._of_call(one) if one.rpc else self._of_request(one)
            headers = {key.decode("latin-1"): text.decode("latin-1") for key, text in one.headers}
            span = self._tracer.start_span(
                name,
                context=extract(headers),
                kind=SpanKind.SERVER,
                attributes=about,
                start_time=one.begin,
            )
            if failed:
                span.set_attribute("error.type", one.status)
                span.set_status(Status(StatusCode.ERROR))
            span.end(one.end)

    def _of_request(self, one: _Answered) -> tuple[str, Mapping[str, str | int], bool]:
        path = one.url.partition(b"?")[0].decode("latin-1")
        route = self._routes.get(path)
        if route is None:
            if len(self._routes) >= _MOST_ROUTES:  # one URL can be spelled in many ways
                self._routes.clear()
            route = self._routes[path] = self._app.template(path) or ""
        about: Mapping[str, str | int] = {
            "http.request.method": "POST",
            "url.scheme": self._scheme,
            "url.path": path[:1000],
            "http.route": route,
            "http.response.status_code": int(one.status),
        }
        return f"POST {route}", about, int(one.status) >= _SERVER_FAULT

    @staticmethod
    def _of_call(one: _Answered) -> tuple[str, Mapping[str, str | int], bool]:
        service, _, method = one.rpc.rpartition("/")
        about: Mapping[str, str | int] = {
            "rpc.system": "grpc",
            "rpc.service": service,
            "rpc.method": method,
            "rpc.grpc.status_code": _CODES.get(one.status, _CODES["UNKNOWN"]),
        }
        return one.rpc, about, one.status in _SERVER_CODES

    def stop(self) -> None:
        """Send what is not sent yet, if that takes no longer than two seconds."""
        ending = Thread(target=self._provider.shutdown, name="keramos-spans", daemon=True)
        ending.start()
        ending.join(_STOP_SECONDS)
        if ending.is_alive():
            _log.warning("the collector of traces does not answer; the last spans are lost")


def _noting(span: Span, send: Send) -> Send:
    async def noted(event: MutableMapping[str, Any]) -> None:  # Any: ASGI's own words
        if event["type"] == "http.response.start":
            span.set_attribute("http.response.status_code", event["status"])
            if event["status"] >= _SERVER_FAULT:
                span.set_attribute("error.type", str(event["status"]))
                span.set_status(Status(StatusCode.ERROR))
        await send(event)

    return noted


def _resource() -> Resource:
    """What OpenTelemetry's environment variables say, and a name where they say none."""
    said = Resource.create({SERVICE_VERSION: __version__})
    unnamed = str(said.attributes[SERVICE_NAME]).startswith("unknown_service")
    return said.merge(Resource({SERVICE_NAME: "keramos"})) if unnamed else said
