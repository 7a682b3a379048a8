"""OpenTelemetry traces of HTTP requests (extra ``otel``), sent by OTLP over HTTP.

Names and attributes are those of OpenTelemetry's semantic conventions for HTTP servers. Where spans
go, how many are kept and how callers' trace ids arrive is said by OpenTelemetry's own environment
variables (``OTEL_...``).
"""

from __future__ import annotations

import logging
from threading import Thread
from typing import TYPE_CHECKING

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.propagate import extract
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode

from keramos.version import __version__

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from typing import Any

    from opentelemetry.trace import Span

    from keramos.serving.http.app import App, Receive, Scope, Send

_STOP_SECONDS = 2.0
"""For the last spans; a collector that does not answer must not keep a server that was asked to
stop.
"""

_SERVER_FAULT = 500
_METHODS = frozenset(
    {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE"}
)

_log = logging.getLogger("keramos.serving")


class Spans:
    """An ASGI application around another: each request of it is a span."""

    def __init__(self, app: App) -> None:
        self._app = app
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
