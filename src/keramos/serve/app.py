"""An ordinary ASGI application over the engine: one table of routes, one place that turns errors into replies."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from keramos.errors import DataError, KeramosError, NotReadyError, NotServedError, RequestError
from keramos.serve.messages import Request, json_reply
from keramos.serve.protocols import own

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping
    from typing import Any

    from keramos.serve.engine import Engine
    from keramos.serve.messages import Reply

    # ASGI's own words: events are dicts of anything (https://asgi.readthedocs.io, specification 3.0).
    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_ROUTES: tuple[tuple[str, re.Pattern[str], Callable[..., Reply]], ...] = (
    ("GET", re.compile(r"/(?:models)?"), own.models),
    ("POST", re.compile(r"/models/([^/]+)/decide"), own.decide),
)
_STATUS: tuple[tuple[type[KeramosError], int], ...] = (
    (NotServedError, 404),
    (NotReadyError, 503),
    (RequestError, 400),
    (DataError, 400),
)


class App:
    """ASGI 3 application."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; other kinds of connection are none of ours."""
        if scope["type"] != "http":
            return
        body = b""
        while True:
            event = await receive()
            body += event.get("body", b"")
            if not event.get("more_body"):
                break
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        request = Request(scope["method"], scope["path"], scope["query_string"].decode("latin-1"), headers, body)
        reply = await asyncio.to_thread(self.answer, request)
        length = str(len(reply.body)).encode()
        head = [(b"content-type", reply.content_type.encode()), (b"content-length", length)]
        await send({"type": "http.response.start", "status": reply.status, "headers": head})
        await send({"type": "http.response.body", "body": reply.body})

    def answer(self, request: Request) -> Reply:
        """The reply to a request, also where it is refused."""
        for method, pattern, handle in _ROUTES:
            match = pattern.fullmatch(request.path)
            if match and method == request.method:
                try:
                    return handle(self.engine, request, *match.groups())
                except KeramosError as error:
                    status = next((code for kind, code in _STATUS if isinstance(error, kind)), 400)
                    return json_reply({"error": str(error)}, status)
        return json_reply({"error": f"nothing answers {request.method} {request.path}"}, 404)
