"""Row batching: requests that arrive in one tick of the event loop share one run of their model.

A request never waits for others: a batch is what the sockets held when the loop polled them. A
request that needs full validation, or whose rows the model refuses, is answered by itself.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

import msgspec

from keramos.errors import KeramosError
from keramos.serving.batching.limits import MAX_SHARED_ROWS, MAX_TICK_BYTES
from keramos.serving.codecs.json_answers import JsonAnswers
from keramos.serving.core.logging import event, log_access
from keramos.serving.core.messages import JSON, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keramos.serving.core.fast_route import Decoded, FastRoute
    from keramos.serving.core.messages import Reply
    from keramos.serving.core.served import Registry, Served
    from keramos.types.prediction import Decision, Feeds

_log = logging.getLogger("keramos.serving")


class Connection(Protocol):
    """A connection that waits for a reply."""

    def reply(
        self, status: int, content_type: str, body: bytes, headers: Sequence[tuple[str, str]]
    ) -> None:
        """Send it."""


class PendingRequest:
    """One request of the batch."""

    __slots__ = ("asker", "body", "headers", "reply", "route", "shared", "url")

    def __init__(
        self,
        asker: Connection,
        route: FastRoute,
        url: bytes,
        body: bytes,
        headers: Sequence[tuple[bytes, bytes]],
    ) -> None:
        self.asker = asker
        self.route = route
        self.url = url
        self.body = body
        self.headers = headers
        self.reply: bytes | Reply = b""
        self.shared = (
            False  # whether the reply is of a shared run; what is answered alone counts itself
        )


Member = tuple[PendingRequest, "Decoded"]


class RowBatcher:
    """The requests of one tick of one event loop."""

    def __init__(
        self,
        registry: Registry,
        *,
        access_log: bool = False,
        answered: Callable[[Sequence[PendingRequest], float], None] | None = None,
    ) -> None:
        """``answered`` is called with the requests of a tick and its seconds, after the replies."""
        self._registry = registry
        self._access_log = access_log
        self._answered = answered
        self._waiting: list[PendingRequest] = []
        self._bytes = 0
        self._begun = 0.0

    def put(self, waiting: PendingRequest) -> None:
        """Answer a request at the end of this tick."""
        if not self._waiting:
            self._begun = perf_counter()
            asyncio.get_running_loop().call_soon(self._flush)
        self._waiting.append(waiting)
        self._bytes += len(waiting.body)

    def _taken(self) -> list[PendingRequest]:
        """The requests of this tick. Where they have many bytes, the first of them; the others, in
        their order, wait for the next tick, so that the loop polls its sockets in between.
        """
        waiting, self._waiting = self._waiting, []
        if self._bytes > MAX_TICK_BYTES:
            size = count = 0
            while size < MAX_TICK_BYTES and count < len(waiting):
                size += len(waiting[count].body)
                count += 1
            if rest := waiting[count:]:
                self._waiting, waiting = rest, waiting[:count]
                self._bytes -= size
                asyncio.get_running_loop().call_soon(self._flush)
                return waiting
        self._bytes = 0
        return waiting

    def _flush(self) -> None:
        waiting = self._taken()
        members: dict[Served, list[Member]] = {}
        for one in waiting:
            decoded = _decoded(one)
            if decoded is None:
                one.reply = _run_single(one)
            else:
                members.setdefault(one.route.served, []).append((one, decoded))
        for served, group in members.items():
            for part in _parts(group):
                self._run(served, part)
        seconds = perf_counter() - self._begun
        for one in waiting:
            _send(one, seconds)
            if self._access_log:
                _log_one(one, seconds)
        if self._answered is not None:
            self._answered(waiting, seconds)

    def _run(self, served: Served, group: Sequence[Member]) -> None:
        """Answer requests of one version with one run."""
        rows = (
            group[0][1].rows
            if len(group) == 1
            else [row for _, decoded in group for row in decoded.rows]
        )
        try:
            fed = group[0][0].route.feeds(rows)
            answers = JsonAnswers(self._registry.run(served, fed), partial(_warned, served, fed))
            end = 0
            for one, decoded in group:
                begin, end = end, end + len(decoded.rows)
                one.reply = one.route.write(answers, begin, end, decoded.context)
                one.shared = True
        except Exception as error:  # noqa: BLE001 (it is logged, and each request is answered alone)
            if not isinstance(error, KeramosError):
                extra = event("fault", model=served.name, version=served.version)
                _log.exception(
                    "a run of model '%s' for %d requests failed",
                    served.name,
                    len(group),
                    extra=extra,
                )
            for one, _ in group:  # run each by itself, so that only the faulty one is refused
                one.reply = _run_single(one)
                one.shared = False


def _warned(served: Served, fed: Feeds, decisions: list[Decision]) -> list[Decision]:
    return served.model.watch.added(decisions, fed)


def _decoded(one: PendingRequest) -> Decoded | None:
    try:
        return one.route.decode(one.body, one.headers)
    except (msgspec.DecodeError, ValueError, RecursionError):  # the general path says what is wrong
        return None


def _run_single(one: PendingRequest) -> Reply:
    path, _, query = one.url.decode("latin-1").partition("?")
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in one.headers}
    return one.route.answer(Request("POST", path, query, headers, one.body))


def _parts(group: list[Member]) -> list[list[Member]]:
    """Members with so many rows together as one run takes."""
    parts: list[list[Member]] = []
    rows = MAX_SHARED_ROWS
    for member in group:
        size = len(member[1].rows)
        if rows + size > MAX_SHARED_ROWS:
            parts.append([])
            rows = 0
        parts[-1].append(member)
        rows += size
    return parts


def _send(one: PendingRequest, seconds: float) -> None:
    reply = one.reply
    body = reply if isinstance(reply, bytes) else reply.body
    if one.shared:
        one.route.served.counts.answered(one.route.call, "OK", seconds, len(one.body), len(body))
    if isinstance(reply, bytes):
        one.asker.reply(200, JSON, reply, ())
    else:
        one.asker.reply(reply.status, reply.content_type, body, reply.headers)


def _log_one(one: PendingRequest, seconds: float) -> None:
    status, sent = (
        (200, len(one.reply))
        if isinstance(one.reply, bytes)
        else (one.reply.status, len(one.reply.body))
    )
    log_access("POST", one.url.decode("latin-1"), status, seconds, len(one.body), sent)
