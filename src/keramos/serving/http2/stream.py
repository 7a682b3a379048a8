"""One stream of a connection: a request as it arrives, and what is left to send of its reply."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from keramos.serving.http2.frames import WINDOW

if TYPE_CHECKING:
    from keramos.serving.http2.hpack import Field


class Handler(Protocol):
    """What answers one stream. No method raises."""

    def begun(self) -> None:
        """The stream is there, and may be answered at once."""

    def grew(self) -> None:
        """More of the body has come, and it is not complete."""

    def completed(self) -> None:
        """The request is complete."""

    def ended(self) -> None:
        """The stream is answered, or nobody waits for it any more."""


class Sending(Protocol):
    """What streams need of their connection."""

    def now(self) -> float:
        """Seconds of the loop's clock."""

    def reply(self, stream: Stream, head: bytes, data: bytes, trailers: bytes) -> None:
        """See ``Stream.reply``."""

    def allow(self, stream: Stream, size: int) -> None:
        """See ``Stream.allow``."""


class Stream:
    """A request. ``gone`` holds once it is answered, or nobody waits for it any more.

    Attributes:
        fields: its headers; the same tuple for the same headers, mostly.
        body: what has arrived.
        complete: whether nothing more will come.
        begun: when its headers came, in seconds of the loop's clock.
    """

    __slots__ = (
        "begun", "body", "complete", "connection", "fields", "gone", "handler", "number",
        "receive_window", "rest", "send_window", "trailers",
    )  # fmt: skip
    handler: Handler

    def __init__(
        self, connection: Sending, number: int, fields: tuple[Field, ...], window: int
    ) -> None:
        self.connection = connection
        self.number = number
        self.fields = fields
        self.body: bytes | bytearray = b""
        self.complete = self.gone = False
        self.begun = connection.now()
        self.receive_window, self.send_window = WINDOW, window
        self.rest, self.trailers = _NOTHING, b""

    def add(self, content: bytes) -> None:
        """More of its body has come."""
        if not self.body:
            self.body = content
        elif isinstance(self.body, bytes):
            self.body = bytearray(self.body) + content
        else:
            self.body += content

    def reply(self, head: bytes, data: bytes = b"", trailers: bytes = b"") -> None:
        """Send a whole reply: blocks of headers and trailers, and data between them. Without
        trailers the head is the reply.
        """
        self.connection.reply(self, head, data, trailers)

    def allow(self, size: int) -> None:
        """Let so many bytes of its body come in all."""
        self.connection.allow(self, size)


Application = Callable[[Stream], Handler]
"""Gives what answers a stream whose headers have come."""

_NOTHING = memoryview(b"")
