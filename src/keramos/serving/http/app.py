"""The ASGI application: it finds the route of a request and turns errors into replies."""

from __future__ import annotations

import asyncio
import re
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

from msgspec.structs import replace

from keramos.errors import KeramosError
from keramos.serving.core.logging import log_access
from keramos.serving.core.memory import SMALL
from keramos.serving.core.messages import Reply, Request, json_reply
from keramos.serving.core.refusals import json_refusal, refusal_of
from keramos.serving.core.routes import Refusal, ref_of
from keramos.serving.core.served import UnopenedError
from keramos.serving.http.request_bodies import (
    GZIP,
    BodyError,
    client_may_leave,
    inflated,
    is_encoded,
    read_body,
    said_length,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping, Sequence
    from typing import Any

    from keramos.serving.core.auth import Access
    from keramos.serving.core.counters import Counts
    from keramos.serving.core.fast_route import FastRoute
    from keramos.serving.core.routes import Context, Route
    from keramos.types.serving import Page, Pages

    # ASGI's own words: events are dicts of anything (https://asgi.readthedocs.io, specification
    # 3.0).
    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_FAULT = 400
_CROSS_SITE = Refusal(
    403,
    "PERMISSION_DENIED",
    "a page of another site may not change what is served; --cors-origin names one that may",
)
_UNAVAILABLE = 503
OPENING = 4
"""So many models are opened at once."""
_RETRY_AFTER = ("retry-after", "1")


class App:
    """ASGI 3 application; also answers single requests without ASGI."""

    def __init__(
        self,
        context: Context,
        routes: Sequence[Route],
        access: Access,
        pages: Pages | None = None,
        max_body_bytes: int = 64 << 20,
        *,
        access_log: bool = False,
    ) -> None:
        self.context = context
        self._access_log = access_log
        self._access = access
        self._pages = pages
        self._max_body_bytes = max_body_bytes
        self._large = ThreadPoolExecutor(thread_name_prefix="keramos-large")
        self._opening = ThreadPoolExecutor(OPENING, "keramos-opening")
        self._routes: dict[str, list[Route]] = {}
        for route in routes:
            self._routes.setdefault(_first(route.path.replace("[", "/")), []).append(route)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request; other scopes are ignored."""
        if scope["type"] != "http":
            return
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
        request = Request(scope["method"], path, scope["query_string"].decode("latin-1"), headers)
        begun = perf_counter()
        reply = self._access.refused(request)
        if reply is None:
            reply = await self._answered(request, receive)
        await _send_reply(send, self._access.shared_with(request, reply))
        if self._access_log:
            received = said_length(headers)
            log_access(
                request.method,
                path,
                reply.status,
                perf_counter() - begun,
                received,
                len(reply.body),
            )

    async def _answered(self, request: Request, receive: Receive) -> Reply:
        if request.method in {"GET", "HEAD"}:
            slow = self._slow(request.path)
            return await self._opened(request, asyncio.to_thread if slow else _at_once)
        most = self._max_body_bytes
        with self.context.memory.lease() as lease:
            try:
                whole = replace(request, body=await read_body(request, receive, most, lease))
                if is_encoded(whole):
                    whole = await asyncio.to_thread(inflated, whole, most, lease)
            except BodyError as error:
                return _with_retry(self._refusal_writer(request)(error.refusal))
            # In a thread: large bodies and slow models must not keep the event loop from everybody
            # else. Large bodies have threads of their own, so that small ones do not wait for them.
            small = len(whole.body) <= SMALL
            return await self._opened(whole, asyncio.to_thread if small else self._in_large_thread)

    async def _in_large_thread(self, answer: Callable[[Request], Reply], request: Request) -> Reply:
        work = partial(copy_context().run, answer, request)
        return await asyncio.get_running_loop().run_in_executor(self._large, work)

    async def _opened(
        self,
        request: Request,
        run: Callable[[Callable[[Request], Reply], Request], Awaitable[Reply]],
    ) -> Reply:
        """The reply that ``run`` gives; the version that it needs is opened before, in a thread of
        its own: a model that takes long keeps only those waiting that ask for such models.
        """
        try:
            return await run(self._answer, request)
        except UnopenedError as error:
            await asyncio.get_running_loop().run_in_executor(self._opening, error.open)
        return await run(self.answer, request)

    def _slow(self, path: str) -> bool:
        """Pages and metrics take milliseconds; what other routes answer to GET takes
        microseconds.
        """
        found = (
            route.slow
            for route in self._routes.get(_first(path), ())
            if route.pattern.fullmatch(path)
        )
        return next(found, self._pages is not None)

    def answer(self, request: Request) -> Reply:
        """The reply to a request, also where it is refused. The body is already inflated."""
        try:
            return self._answer(request)
        except UnopenedError as error:
            return _with_retry(self._refusal_writer(request)(refusal_of(error)))

    def _answer(self, request: Request) -> Reply:
        """``answer``, where it is an UnopenedError that a version must be opened before."""
        method = "GET" if request.method == "HEAD" else request.method
        wrong: list[Route] = []
        for route in self._routes.get(_first(request.path), ()):
            match = route.pattern.fullmatch(request.path)
            if match is not None:
                if route.method == method:
                    if route.changes and not self._access.may_change(request):
                        return route.refuse(_CROSS_SITE)
                    return self._answer_by(route, request, match)
                wrong.append(route)
        return _wrong_method(request, wrong) if wrong else self._page(request, method)

    def fast_route(self, url: str) -> FastRoute | None:
        """The fast route of a URL for POST, or None."""
        for route in self._routes.get(_first(url), ()):
            match = route.pattern.fullmatch(url) if route.fast is not None else None
            if match is not None and route.fast is not None:
                return route.fast(self.context, ref_of(match), self.answer)
        return None

    def template(self, path: str) -> str:
        """The path of a route with its variable parts by name, as in ``/v2/models/{name}/infer``;
        "" for no route.
        """
        for route in self._routes.get(_first(path), ()):
            match = route.pattern.fullmatch(path)
            if match is not None:
                parts, end = "", 0
                for begin, until, name in sorted(
                    (*match.span(name), name) for name in route.pattern.groupindex
                ):
                    if begin >= end:
                        parts, end = f"{parts}{path[end:begin].lower()}{{{name}}}", until
                return parts + path[end:].lower()
        return ""

    def _answer_by(self, route: Route, request: Request, match: re.Match[str]) -> Reply:
        begun = perf_counter()
        try:
            reply = route.answer(self.context, request, match)
            code = "OK" if reply.status < _FAULT else "INVALID_ARGUMENT"
        except UnopenedError:
            raise
        except Exception as error:  # noqa: BLE001 (a fault is logged there and answered with 500)
            refusal = refusal_of(error)
            code, reply = refusal.code, _with_retry(route.refuse(refusal))
        if route.call:
            counts, seconds = self._counts(route, match), perf_counter() - begun
            counts.answered(route.call, code, seconds, len(request.body), len(reply.body))
        return reply

    def _counts(self, route: Route, match: re.Match[str]) -> Counts:
        try:
            return self.context.registry.get(route.ref(self.context, match)).counts
        except KeramosError:
            return self.context.registry.unserved  # an unknown name is not a label of a metric

    def _page(self, request: Request, method: str) -> Reply:
        page = self._found_page(request, method) if self._pages else None
        if page is not None:
            return _packed(request, Reply(page.status, page.body, page.content_type, page.headers))
        if request.path == "/" and method == "GET":
            return _plain_list(self.context)
        return json_reply(
            {"error": f"Not Found: nothing answers {request.method} {request.path[:200]}"}, 404
        )

    def _found_page(self, request: Request, method: str) -> Page | None:
        path, pages = request.decoded_path(), self._pages
        if pages is None or method not in {"GET", "POST"}:
            return None
        if method == "GET":
            return pages(path, request.query)
        content_type = request.headers.get("content-type", "")
        return pages.posted(path, request.query, content_type, request.body)

    def _refusal_writer(self, request: Request) -> Callable[[Refusal], Reply]:
        for route in self._routes.get(_first(request.path), ()):
            if route.pattern.fullmatch(request.path):
                return route.refuse
        return json_refusal


async def _at_once(answer: Callable[[Request], Reply], request: Request) -> Reply:
    return answer(request)


def _with_retry(reply: Reply) -> Reply:
    """A refusal; one that holds for the moment says when to come back."""
    if reply.status != _UNAVAILABLE:
        return reply
    return replace(reply, headers=(*reply.headers, _RETRY_AFTER))


def _plain_list(context: Context) -> Reply:
    """GET / where there are no pages: names of models, for people."""
    lines = [f"{name}\n" for name in context.registry.names()]
    return Reply(200, "".join(lines).encode(), "text/plain; charset=utf-8")


def _first(path: str) -> str:
    """The first part of a path or of a template; it chooses among the routes that may
    match.
    """
    return path[1:].partition("/")[0].partition(":")[0].lower()


def _wrong_method(request: Request, routes: list[Route]) -> Reply:
    methods = sorted({route.method for route in routes})
    status = routes[0].wrong_method
    said = (
        f"Malformed request: {request.method} {request.path[:200]}; this path takes "
        f"{', '.join(methods)}"
    )
    reply = routes[0].refuse(Refusal(status, "INVALID_ARGUMENT", said))
    return replace(reply, headers=(*reply.headers, ("allow", ", ".join(methods))))


def _packed(request: Request, reply: Reply) -> Reply:
    """A page as gzip, where the browser takes that: a model of many columns has a long one."""
    if not re.search(
        r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))", request.headers.get("accept-encoding", "")
    ):
        return reply
    packer = zlib.compressobj(wbits=GZIP)
    headers = (*reply.headers, ("content-encoding", "gzip"), ("vary", "accept-encoding"))
    return replace(reply, body=packer.compress(reply.body) + packer.flush(), headers=headers)


async def _send_reply(send: Send, reply: Reply) -> None:
    headers = [
        (b"content-type", reply.content_type.encode()),
        (b"content-length", str(len(reply.body)).encode()),
    ]
    headers += [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers]
    with client_may_leave():
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})
