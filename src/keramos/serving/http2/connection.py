"""One connection of HTTP/2 (RFC 9113) in the event loop, on the side of the server.

Frames of one read are taken together, and what they cause is written together. Limits bound what a
client can have the server keep or do: streams, bytes of headers, frames that carry nothing, and
streams that are begun only to be reset.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from keramos.serving.http2 import frames as h2
from keramos.serving.http2.frames import ConnectionFault
from keramos.serving.http2.hpack import MAX_LIST_BYTES, Decoder, HpackError
from keramos.serving.http2.sending import Sender
from keramos.serving.http2.stream import Stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.serving.http2.hpack import Field
    from keramos.serving.http2.stream import Application

MAX_STREAMS = 1024
"""Streams of one connection at a time."""

_MAX_BLOCK = 1 << 15
"""Bytes of a compressed block of headers."""

_CONNECTION_WINDOW = 1 << 20
_PATIENCE = 1000
"""How many more frames without use than replies a client may send."""

_CALM = 10
"""How many of them are forgiven in a second."""

_DRAIN_PING = b"keramos!"
_LINGER_SECONDS = 1.0


class Connection(asyncio.Protocol):
    """The frames of one client. ``application`` takes its streams."""

    def __init__(
        self, application: Application, connections: set[Connection], *, refused: bool = False
    ) -> None:
        """``connections`` are those that are open; one that is ``refused`` is closed at once."""
        self._application, self._connections = application, connections
        self._refused = refused
        self._loop = asyncio.get_running_loop()
        self.streams: dict[int, Stream] = {}
        self._decoder = Decoder()
        self._rest, self._greeted = b"", False
        self._block, self._block_of = bytearray(), (0, 0)
        self._last = 0
        self._reset: set[int] = set()
        self._patience = _PATIENCE
        self._receive_window = h2.WINDOW
        self._settled = self._draining = self._final = self._left = False
        self._since = self.now()
        self._take: tuple[Callable[[int, int, bytes], None], ...] = (
            self._data, self._headers, self._priority, self._rst_stream, self._settings,
            self._push_promise, self._ping, self._goaway, self._window_update, self._continuation,
        )  # fmt: skip

    # -- of the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet, as the first to speak."""
        self._transport = cast("asyncio.Transport", transport)
        self._sender = Sender(self._transport, self._answered)
        self._connections.add(self)
        if self._refused:
            self._transport.abort()
            return
        grown = _CONNECTION_WINDOW - h2.WINDOW
        self._receive_window += grown
        self._sender.write(h2.settings(MAX_STREAMS, MAX_LIST_BYTES) + h2.window_update(0, grown))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (asyncio's signature)
        """Nobody waits for what is left."""
        self._connections.discard(self)
        for stream in list(self.streams.values()):
            self._forget(stream)

    def data_received(self, data: bytes) -> None:
        """Take all frames that are whole."""
        if self._left or self._transport.is_closing():
            return
        if self._rest:
            data = self._rest + data
        try:
            self._rest = data[self._frames(data) :]
        except ConnectionFault as fault:
            self._fail(fault)

    def eof_received(self) -> bool:
        """A client that closes its side of a connection has gone."""
        return False

    def pause_writing(self) -> None:
        """The client does not read: then nothing more is read from it."""
        self._sender.pause()
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._transport.resume_reading()
        self._sender.resume()

    # -- of the server

    def check(self, now: float, seconds: float) -> None:
        """Close what takes longer than ``seconds``; called about once a second."""
        self._patience = min(self._patience + _CALM, _PATIENCE)
        begins = not self._greeted or bool(self._block_of[0])
        blocked = self._sender.blocked_since
        if (blocked and now - blocked > seconds) or (begins and now - self._since > seconds):
            self._transport.abort()

    def drain(self) -> None:
        """Take no new streams soon, and close when those that have begun are answered."""
        if not self._draining:
            self._draining = True
            if self._settled:
                self._say_goodbye()

    def end_drain(self) -> None:
        """Take no new streams from now on."""
        if not self._final:
            self._final = True
            self._sender.write(h2.goaway(self._last, h2.NO_ERROR))
            self._close_if_done()

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()

    def now(self) -> float:
        """Seconds of the loop's clock."""
        return self._loop.time()

    def reply(self, stream: Stream, head: bytes, data: bytes, trailers: bytes) -> None:
        """See ``Stream.reply``."""
        if not stream.gone:
            self._sender.reply(stream, head, data, trailers)

    def allow(self, stream: Stream, size: int) -> None:
        """See ``Stream.allow``."""
        more = size - len(stream.body) - stream.receive_window
        if more > 0:
            stream.receive_window += more
            self._sender.write(h2.window_update(stream.number, more))

    # -- frames

    def _frames(self, data: bytes) -> int:
        """Take the frames at the beginning of ``data``; gives where what is left begins."""
        at, end = 0, len(data)
        if not self._greeted:
            if not data.startswith(h2.PREFACE[:end]):
                raise ConnectionFault(h2.PROTOCOL_ERROR, "this port speaks gRPC over HTTP/2")
            if end < len(h2.PREFACE):
                return 0
            at, self._greeted = len(h2.PREFACE), True
        while at + h2.HEAD_BYTES <= end:
            high, low, kind, flags, number = h2.HEAD.unpack_from(data, at)
            size = high << 8 | low
            if size > h2.MAX_FRAME:
                raise ConnectionFault(h2.FRAME_SIZE_ERROR, "a frame of more than 16384 bytes")
            begin = at + h2.HEAD_BYTES
            if begin + size > end:
                break
            at = begin + size
            if self._block_of[0] and kind != h2.CONTINUATION:
                raise ConnectionFault(h2.PROTOCOL_ERROR, "a frame within a block of headers")
            if kind < len(self._take):
                self._take[kind](flags, number & h2.MAX_WINDOW, data[begin:at])
            else:
                self._useless()
        return at

    def _data(self, flags: int, number: int, content: bytes) -> None:
        size = len(content)
        self._receive_window -= size
        if self._receive_window < 0:
            raise ConnectionFault(h2.FLOW_CONTROL_ERROR, "more data than the window allows")
        if self._receive_window < _CONNECTION_WINDOW // 2:
            self._sender.write(h2.window_update(0, _CONNECTION_WINDOW - self._receive_window))
            self._receive_window = _CONNECTION_WINDOW
        last = flags & h2.END_STREAM
        if not size and not last:
            self._useless()
        stream = self.streams.get(number)
        if stream is None or stream.complete:
            self._late(number, bool(last))
            return
        stream.receive_window -= size
        if stream.receive_window < 0:
            raise ConnectionFault(h2.FLOW_CONTROL_ERROR, "more data than the stream's window")
        if flags & h2.PADDED:
            content = h2.unpadded(flags & h2.PADDED, content)
        stream.add(content)
        if last:
            stream.complete = True
            stream.handler.completed()
        else:
            stream.handler.grew()

    def _headers(self, flags: int, number: int, content: bytes) -> None:
        if flags & (h2.PADDED | h2.PRIORITISED):
            content = h2.unpadded(flags, content)
        if flags & h2.END_HEADERS:
            self._begin(flags, number, content)
        else:
            self._block_of, self._block = (number or -1, flags), bytearray(content)
            self._since = self.now()

    def _continuation(self, flags: int, number: int, content: bytes) -> None:
        begun, first = self._block_of
        if not number or begun != number:
            raise ConnectionFault(h2.PROTOCOL_ERROR, "a continuation of nothing")
        if not content:
            self._useless()
        self._block += content
        if len(self._block) > _MAX_BLOCK:
            raise ConnectionFault(h2.ENHANCE_YOUR_CALM, "the headers are too large")
        if flags & h2.END_HEADERS:
            self._block_of = (0, 0)
            self._begin(first, number, bytes(self._block))

    def _begin(self, flags: int, number: int, block: bytes) -> None:
        try:
            fields = self._decoder.decode(block)
        except HpackError as error:
            raise ConnectionFault(h2.COMPRESSION_ERROR, str(error)) from None
        last = bool(flags & h2.END_STREAM)
        known = self.streams.get(number)
        if known is not None and not known.complete:
            if not last:
                raise ConnectionFault(h2.PROTOCOL_ERROR, "headers in the midst of a stream")
            known.complete = True
            known.handler.completed()
        elif number <= self._last:
            self._late(number, last)
        elif not number % 2:
            raise ConnectionFault(h2.PROTOCOL_ERROR, "a client's streams have odd numbers")
        elif not self._final:  # of later streams the client knows that nobody saw them
            self._open(number, fields, complete=last)

    def _open(self, number: int, fields: tuple[Field, ...] | None, *, complete: bool) -> None:
        self._last = number
        if fields is None or len(self.streams) >= MAX_STREAMS:
            self._useless()
            code = h2.ENHANCE_YOUR_CALM if fields is None else h2.REFUSED_STREAM
            self._sender.write(h2.reset(number, code))
            self._ignore(number, complete=complete)
            return
        stream = Stream(self, number, fields, self._sender.initial_window)
        self.streams[number] = stream
        stream.complete = complete
        stream.handler = self._application(stream)
        stream.handler.begun()
        if complete and not stream.gone:
            stream.handler.completed()

    def _late(self, number: int, last: bool) -> None:  # noqa: FBT001 (a flag of the frame)
        """A frame of a stream that has ended: the client may not know yet that it was answered."""
        if number in self._reset:
            if last:
                self._reset.discard(number)
            return
        if not number or number > self._last or not number % 2:
            if self._final and number % 2:
                return
            raise ConnectionFault(h2.PROTOCOL_ERROR, "a frame of no stream")
        raise ConnectionFault(h2.STREAM_CLOSED, "a frame of a stream that has ended")

    def _rst_stream(self, _: int, number: int, content: bytes) -> None:
        if len(content) != 4:  # noqa: PLR2004 (a code)
            raise ConnectionFault(h2.FRAME_SIZE_ERROR, "RST_STREAM has four bytes")
        if not number or (number > self._last and not self._final):
            raise ConnectionFault(h2.PROTOCOL_ERROR, "a frame of no stream")
        self._useless()
        self._reset.discard(number)
        stream = self.streams.get(number)
        if stream is not None:
            self._forget(stream)
            self._close_if_done()

    def _settings(self, flags: int, number: int, content: bytes) -> None:
        if number or (flags & h2.ACK and content):
            raise ConnectionFault(h2.PROTOCOL_ERROR, "settings are of the connection")
        if flags & h2.ACK:
            return
        self._useless()
        found = h2.read_settings(content)
        self._sender.change(found, list(self.streams.values()))
        self._sender.write(h2.frame(h2.SETTINGS, h2.ACK, 0))
        if self._draining and not self._settled:
            self._say_goodbye()
        self._settled = True

    def _ping(self, flags: int, number: int, content: bytes) -> None:
        if number:
            raise ConnectionFault(h2.PROTOCOL_ERROR, "a ping is of the connection")
        if len(content) != 8:  # noqa: PLR2004 (RFC 9113, section 6.7)
            raise ConnectionFault(h2.FRAME_SIZE_ERROR, "a ping has eight bytes")
        if not flags & h2.ACK:
            self._useless()
            self._sender.write(h2.frame(h2.PING, h2.ACK, 0, content))
        elif self._draining and content == _DRAIN_PING:
            self.end_drain()  # the client has seen that it shall begin no more

    def _window_update(self, _: int, number: int, content: bytes) -> None:
        if len(content) != 4:  # noqa: PLR2004 (a number)
            raise ConnectionFault(h2.FRAME_SIZE_ERROR, "WINDOW_UPDATE has four bytes")
        more = int.from_bytes(content) & h2.MAX_WINDOW
        if not more:
            raise ConnectionFault(h2.PROTOCOL_ERROR, "a window grows by one byte at least")
        stream = self.streams.get(number)
        if number and stream is None:
            if number > self._last and not self._final:
                raise ConnectionFault(h2.PROTOCOL_ERROR, "a frame of no stream")
            return
        self._sender.grow(stream, more)

    def _priority(self, _: int, number: int, content: bytes) -> None:
        if not number or len(content) != 5:  # noqa: PLR2004 (RFC 9113, section 6.3)
            raise ConnectionFault(h2.PROTOCOL_ERROR, "a priority is of a stream, in five bytes")
        self._useless()

    def _push_promise(self, _: int, __: int, ___: bytes) -> None:
        raise ConnectionFault(h2.PROTOCOL_ERROR, "a client promises nothing")

    def _goaway(self, _: int, number: int, __: bytes) -> None:
        if number:
            raise ConnectionFault(h2.PROTOCOL_ERROR, "GOAWAY is of the connection")
        self.end_drain()

    # -- ends

    def _useless(self) -> None:
        """Count what costs the server more than the client."""
        self._patience -= 1
        if self._patience < 0:
            raise ConnectionFault(h2.ENHANCE_YOUR_CALM, "too many frames without a use")

    def _answered(self, stream: Stream) -> None:
        self._patience = min(self._patience + 4, _PATIENCE)
        if not stream.complete:
            self._sender.write(h2.reset(stream.number, h2.NO_ERROR))
            self._ignore(stream.number, complete=False)
        self._forget(stream)
        if self._final:
            self._close_if_done()

    def _ignore(self, number: int, *, complete: bool) -> None:
        """What still comes of a stream has no meaning."""
        if not complete:
            self._reset.add(number)
            if len(self._reset) > _PATIENCE:
                fault = ConnectionFault(h2.ENHANCE_YOUR_CALM, "too many streams without an end")
                self._fail(fault)

    def _forget(self, stream: Stream) -> None:
        if self.streams.pop(stream.number, None) is not None:
            self._sender.forget(stream)
            stream.gone = True
            stream.handler.ended()

    def _say_goodbye(self) -> None:
        """RFC 9113, section 6.8: streams that are on the way are answered still."""
        self._sender.write(
            h2.goaway(h2.LAST_STREAM, h2.NO_ERROR) + h2.frame(h2.PING, 0, 0, _DRAIN_PING)
        )

    def _fail(self, fault: ConnectionFault) -> None:
        self._sender.write(h2.goaway(self._last, fault.code, str(fault)))
        self._leave()

    def _close_if_done(self) -> None:
        if self._final and not self.streams:
            self._leave()

    def _leave(self) -> None:
        """Say nothing more, and wait a moment for the client to close: a socket that is closed
        with something unread resets the connection, and the client may lose what it was sent.
        """
        if self._left:
            return
        self._left = True
        self._sender.end()
        for stream in list(self.streams.values()):
            self._forget(stream)
        lingers = self._transport.can_write_eof() and not self._transport.is_closing()
        if lingers:
            self._transport.write_eof()
        self._loop.call_later(_LINGER_SECONDS * lingers, self._transport.close)
