"""What one connection of HTTP/2 has to send: frames of one turn of the loop together, and replies
as windows allow.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from keramos.serving.http2 import frames as h2
from keramos.serving.http2.frames import ConnectionFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.serving.http2.stream import Stream

_MOST_FRAME = 1 << 20
_TURN_BYTES = 1 << 18
"""Bytes after which the transport is asked whether the client reads."""


class Sender:
    """``sent`` is called with each stream whose reply has been written."""

    def __init__(self, transport: asyncio.Transport, sent: Callable[[Stream], None]) -> None:
        self._transport, self._sent = transport, sent
        self._loop = asyncio.get_running_loop()
        self._out: list[bytes] = []
        self._waiting: dict[int, Stream] = {}
        self._window = self.initial_window = h2.WINDOW
        self._max_frame = h2.MAX_FRAME
        self._paused = self._ended = False
        self.blocked_since = 0.0
        """When the client last took something, where it has not taken all; 0 where it has."""

    def write(self, data: bytes) -> None:
        """Send frames at the end of this turn of the loop."""
        if self._ended:
            return
        if not self._out:
            self._loop.call_soon(self.flush)
        self._out.append(data)

    def flush(self) -> None:
        """Send frames now."""
        out, self._out = self._out, []
        if out and not self._transport.is_closing():
            self._transport.write(out[0] if len(out) == 1 else b"".join(out))

    def end(self) -> None:
        """Send frames now, and nothing after them."""
        self.flush()
        self._ended = True

    def reply(self, stream: Stream, head: bytes, data: bytes, trailers: bytes) -> None:
        """Send a whole reply, or what windows allow of it."""
        number, size = stream.number, len(data)
        if not trailers:
            self.write(h2.frame(h2.HEADERS, h2.END_HEADERS | h2.END_STREAM, number, head))
            self._sent(stream)
        elif size <= min(self._window, stream.send_window, self._max_frame) and not self._paused:
            self._window -= size
            self.write(
                h2.frame(h2.HEADERS, h2.END_HEADERS, number, head)
                + h2.frame(h2.DATA, 0, number, data)
                + h2.frame(h2.HEADERS, h2.END_HEADERS | h2.END_STREAM, number, trailers)
            )
            self._sent(stream)
        else:
            self.write(h2.frame(h2.HEADERS, h2.END_HEADERS, number, head))
            stream.rest, stream.trailers = memoryview(data), trailers
            self._waiting[number] = stream
            self.blocked_since = self.blocked_since or self._loop.time()
            self.pump()

    def forget(self, stream: Stream) -> None:
        """Send nothing more of a stream."""
        self._waiting.pop(stream.number, None)

    def pause(self) -> None:
        """The client does not read."""
        self._paused = True
        self.blocked_since = self.blocked_since or self._loop.time()

    def resume(self) -> None:
        """The client reads again."""
        self._paused = False
        self.blocked_since = self._loop.time() if self._waiting else 0.0
        self.pump()

    def grow(self, stream: Stream | None, more: int) -> None:
        """A window has grown: that of a stream, or of the connection.

        Raises:
            ConnectionFault: it is too large.
        """
        if stream is None:
            self._window += more
        else:
            stream.send_window += more
        if max(self._window, stream.send_window if stream else 0) > h2.MAX_WINDOW:
            raise ConnectionFault(h2.FLOW_CONTROL_ERROR, "a window is at most 2^31-1")
        if self._waiting:
            self.pump()

    def change(self, settings: dict[int, int], streams: list[Stream]) -> None:
        """The client's settings have come.

        Raises:
            ConnectionFault: they make a window too large.
        """
        self._max_frame = min(settings.get(h2.MAX_FRAME_SIZE, self._max_frame), _MOST_FRAME)
        window = settings.get(h2.INITIAL_WINDOW, self.initial_window)
        for stream in streams:
            stream.send_window += window - self.initial_window
            if stream.send_window > h2.MAX_WINDOW:
                raise ConnectionFault(h2.FLOW_CONTROL_ERROR, "a window is at most 2^31-1")
        self.initial_window = window
        self.pump()

    def pump(self) -> None:
        """Send what windows allow of replies that wait."""
        for stream in list(self._waiting.values()):
            self._some(stream)
            if not stream.rest:
                flags = h2.END_HEADERS | h2.END_STREAM
                self._waiting.pop(stream.number, None)
                self.write(h2.frame(h2.HEADERS, flags, stream.number, stream.trailers))
                self._sent(stream)
        if not self._waiting and not self._paused:
            self.blocked_since = 0.0

    def _some(self, stream: Stream) -> None:
        turn = 0
        while stream.rest and not self._paused:
            size = min(self._window, stream.send_window, self._max_frame, len(stream.rest))
            if size <= 0:
                return
            self._window -= size
            stream.send_window -= size
            self.write(h2.frame(h2.DATA, 0, stream.number, bytes(stream.rest[:size])))
            stream.rest = stream.rest[size:]
            self.blocked_since = self._loop.time()
            turn += size
            if turn >= _TURN_BYTES:
                turn = 0
                self.flush()  # which may pause
