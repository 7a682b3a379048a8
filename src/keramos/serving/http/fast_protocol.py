"""The fast path: a subclass of uvicorn's HTTP protocol.

Small predict requests for fast models are answered here, those of one tick in one run; every other
request goes on to uvicorn's protocol and the ASGI application. uvicorn keeps its limits,
keep-alive, pipelining and shutdown. This class adds what uvicorn leaves open: timeouts for headers
and slow clients, half-closed sockets, and a shutdown that loses no request in flight.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from keramos.serving.batching.rows import PendingRequest

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from uvicorn.config import Config
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
    from uvicorn.server import ServerState

    from keramos.serving.core.fast_route import FastRoute
    from keramos.serving.http.connection_state import ConnectionState

LARGEST_BODY = 1 << 16
"""Bytes of a body on the fast path; longer ones are decoded in a thread."""

_MOST_PENDING = 64
"""Requests of one connection that wait for their replies before no more are read."""

_LARGEST_HEAD = 1 << 16
_LINGER_BYTES, _LINGER_SECONDS = 1 << 20, 2.0
_LONG = frozenset({b"expect", b"transfer-encoding", b"content-encoding", b"upgrade", b"origin"})
"""Headers that the fast path does not handle."""


class Protocol(HttpToolsProtocol):
    """One connection."""

    def __init__(
        self,
        shared: ConnectionState,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, object],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.shared = shared

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept a connection, or refuse it where there are too many."""
        super().connection_made(transport)
        self.route: FastRoute | None = None
        self.body = b""
        self.pending = 0  # requests that wait for the end of the tick
        self.in_head = True
        self.head = 0  # bytes of it so far
        self.receiving = False
        self.since = (
            self.loop.time()
        )  # when the present state began: a request coming in, or nothing
        self.last = False  # no request after the present ones
        self.ended = False  # the client itself said so: what it still sends is not read
        self.blocked = 0.0  # since when the client does not read
        self.lingers = 0  # bytes that may still come after the last word
        if len(self.connections) > self.shared.max_connections:
            self.refuse(503, "too many connections; come back later")
            self.transport.close()  # a flood must not keep sockets

    def data_received(self, data: bytes) -> None:
        """Bytes of one or more requests."""
        if self.lingers:
            self.lingers -= len(data)
            if self.lingers <= 0:
                self.transport.abort()
            return
        if self.last and not self.receiving:
            return  # nothing is answered after the reply that says that it is the last
        if self.in_head:
            self.head += len(data)
        super().data_received(data)
        if self.in_head and self.head > _LARGEST_HEAD:
            self.refuse(431, f"the head of a request may have {_LARGEST_HEAD} bytes")

    def on_message_begin(self) -> None:
        """A request begins. uvicorn's scope is made later, and only where it is needed."""
        self.url = b""
        self.headers = []
        self.route = None
        self.plain = True
        self.length = 0
        self.receiving = not self.ended
        self.since = self.loop.time()

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        name = name.lower()
        self.headers.append((name, value))
        if name == b"content-length":
            self.length = int(value)
        elif name in _LONG:
            self.plain = False

    def on_headers_complete(self) -> None:
        """The headers are complete: choose the fast or the general path."""
        self.in_head = False
        self.head = 0
        if self.ended:
            return
        cycle = self._asked()
        busy = cycle is not None and not cycle.response_complete
        if (
            self.plain
            and not busy
            and self.length <= LARGEST_BODY
            and self.parser.get_method() == b"POST"
        ):
            self.route = self.shared.table.find(self.url, self.headers)
            if self.route is not None:
                self.body = b""
                return
        url, headers = self.url, self.headers
        super().on_message_begin()
        self.url = url
        self.headers.extend(headers)
        self.expect_100_continue = any(
            name == b"expect" and value.lower() == b"100-continue" for name, value in headers
        )
        super().on_headers_complete()
        if self.last or self.shared.draining:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        if self.route is not None:
            self.body = self.body + body if self.body else body
        elif not self.ended:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self.in_head = True
        self.receiving = False
        if self.ended:
            return
        self.ended = not self.parser.should_keep_alive()
        self.last = self.last or self.ended or self.shared.draining
        if self.route is None:
            super().on_message_complete()
            return
        self.pending += 1
        if self.pending == _MOST_PENDING:  # pipelined faster than it is answered
            self.flow.pause_reading()
        self.shared.batch.put(PendingRequest(self, self.route, self.url, self.body, self.headers))

    def reply(
        self, status: int, content_type: str, body: bytes, headers: Sequence[tuple[str, str]]
    ) -> None:
        """Send the reply to the oldest waiting request."""
        self.pending -= 1
        if self.pending == _MOST_PENDING - 1 and not self.blocked:
            self.flow.resume_reading()
        self.server_state.total_requests += 1
        self.since = self.loop.time()
        if self.transport.is_closing() or self.lingers:
            return
        closing = self.last and not self.busy()
        head = self.shared.heads.head(
            status,
            content_type,
            len(body),
            self.server_state.default_headers,
            headers,
            closing=closing,
        )
        self.transport.write(head + body)
        if closing:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Malformed HTTP: earlier requests get their replies, then the connection closes."""
        cycle = self._asked()
        self._give_up()
        self.last = self.ended = True
        self.receiving = False
        if not self.busy():
            self.refuse(400, msg)
        elif cycle is not None:
            cycle.keep_alive = False

    def _give_up(self) -> None:
        """Tell the application that the rest of a request will not come."""
        cycle = self._asked()
        if cycle is not None and cycle.more_body and not cycle.response_complete:
            cycle.disconnected = cycle.response_complete = True
            cycle.message_event.set()

    def refuse(self, status: int, message: str) -> None:
        """Send a refusal, and close the connection."""
        if self.transport.is_closing():
            return
        self._give_up()
        body = message.encode()
        head = (
            b"content-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\nconnection: "
            b"close\r\n\r\n" % len(body)
        )
        self.transport.write(STATUS_LINE[status] + head + body)
        self._end_slowly()

    def _end_slowly(self) -> None:
        """Send no more, but read on for a while: closing while bytes are unread resets the
        connection, and what was written last may never reach the client (RFC 9112, section 9.6).
        """
        self.last = self.ended = True
        self.receiving = False
        if (cycle := self._asked()) is not None:
            cycle.disconnected = True
        if not self.transport.can_write_eof():  # TLS
            self.transport.close()
            return
        self.transport.write_eof()
        self.lingers = _LINGER_BYTES
        self.since = self.loop.time()

    def busy(self) -> bool:
        """Whether a request is coming in or being answered."""
        cycle = self._asked()
        return (
            self.receiving
            or self.pending > 0
            or (cycle is not None and not cycle.response_complete)
        )

    def _asked(self) -> RequestResponseCycle | None:
        """The application's last request on this connection."""
        return self.cycle

    def check(self, now: float) -> None:
        """Close what takes too long; called about once a second."""
        limits = self.shared
        if self.lingers:
            if now - self.since > _LINGER_SECONDS:
                self.transport.abort()
        elif self.blocked and now - self.blocked > limits.request_timeout:
            self.transport.abort()
        elif self.receiving and now - self.since > limits.request_timeout:
            self.refuse(
                408, f"the request did not arrive within {limits.request_timeout:g} seconds"
            )
        elif not self.busy() and now - self.since > limits.idle_timeout:
            self.transport.close()

    def on_response_complete(self) -> None:
        """The application has answered."""
        self.since = self.loop.time()
        super().on_response_complete()

    def eof_received(self) -> bool:  # type: ignore[override]
        """The client will send nothing more; it still gets what it asked for. True keeps the socket
        open for that.
        """
        if self.receiving or not self.busy() or self.scheme == "https":
            return False
        self.last = True
        if (cycle := self._asked()) is not None:
            cycle.keep_alive = False
        return True

    def pause_writing(self) -> None:
        """The client does not read: then nothing more is read from it."""
        super().pause_writing()
        self.blocked = self.loop.time()
        self.flow.pause_reading()

    def resume_writing(self) -> None:
        """The client reads again."""
        super().resume_writing()
        self.blocked = 0.0
        self.flow.resume_reading()

    def shutdown(self) -> None:
        """The server stops: finish what has begun, then close."""
        if not self.busy():
            self.transport.close()
            return
        self.last = True
        if (cycle := self._asked()) is not None:
            cycle.keep_alive = False
