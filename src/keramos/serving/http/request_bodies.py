"""The body of an HTTP request: received, counted against the memory of all bodies, and inflated."""

from __future__ import annotations

import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from msgspec.structs import replace

from keramos.serving.core.memory import BUSY, SMALL
from keramos.serving.core.routes import Refusal
from keramos.types.serving import whole_number

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping

    from keramos.serving.core.memory import Lease
    from keramos.serving.core.messages import Request

GZIP, _ZLIB = 31, 15  # zlib's window bits for one format alone (zlib manual, inflateInit2)
_CODINGS = {"gzip": GZIP, "x-gzip": GZIP, "deflate": _ZLIB}  # RFC 9110, section 8.4.1
_IN, _OUT = 1 << 16, 1 << 20
"""Bytes that are inflated at once, and bytes that come out at once."""
_MOST_MEMBERS = 1000
"""Each takes time of its own, however small it is."""


class BodyError(Exception):
    """The body cannot be taken; carries the refusal."""

    def __init__(self, status: int, message: str, code: str = "INVALID_ARGUMENT") -> None:
        super().__init__(message)
        self.refusal = Refusal(status, code, message)


async def read_body(
    request: Request,
    receive: Callable[[], Awaitable[MutableMapping[str, object]]],
    most: int,
    lease: Lease,
) -> bytes:
    """The whole body, if it is not longer than ``most``.

    Raises:
        BodyError: it is longer, does not arrive, or bodies of other requests take the memory.
    """
    said = said_length(request.headers)
    if said > most:
        raise BodyError(413, f"the body has {said} bytes; {most} are allowed")
    parts: list[bytes] = []
    size = counted = 0
    while True:
        event: MutableMapping[str, object] = {"type": "http.disconnect"}
        with client_may_leave():
            event = await receive()
        if event["type"] == "http.disconnect":
            raise BodyError(400, "the client left before its request was complete")
        part = cast("bytes", event.get("body", b""))
        size += len(part)
        if size > most:
            raise BodyError(413, f"the body has more than {most} bytes, as many as are allowed")
        if size > SMALL:
            _take(lease, size - counted)
            counted = size
        parts.append(part)
        if not event.get("more_body"):
            return b"".join(parts)


def _take(lease: Lease, size: int) -> None:
    if not lease.body(size):
        raise BodyError(503, BUSY, "UNAVAILABLE")


def said_length(headers: Mapping[str, str]) -> int:
    """The content-length; 0 where none is said."""
    return whole_number(headers.get("content-length", "")) or 0


def is_encoded(request: Request) -> bool:
    """Whether the body has a content-encoding."""
    return _coding(request) not in {"", "identity"}


def _coding(request: Request) -> str:
    return request.headers.get("content-encoding", "").lower().strip()


def inflated(request: Request, most: int, lease: Lease) -> Request:
    """The request with its body decoded, if that is not longer than ``most``.

    Raises:
        BodyError: it is longer, its encoding is unknown or broken, or bodies of other requests take
            the memory.
    """
    coding = _coding(request)
    if coding not in _CODINGS:
        raise BodyError(415, f"content-encoding {coding[:40]!r} is not known; gzip and deflate are")
    parts: list[bytes] = []
    size = counted = 0
    try:
        for part in _inflated_parts(coding, request.body):
            size += len(part)
            if size > most:
                raise BodyError(
                    413, f"the body inflates to more than {most} bytes, as many as are allowed"
                )
            if size > SMALL:
                _take(lease, size - counted)
                counted = size
            parts.append(part)
    except zlib.error as error:
        raise BodyError(
            400, f"the body is not {coding}, though its content-encoding says so: {error}"
        ) from None
    return replace(request, body=b"".join(parts))


def _inflated_parts(coding: str, body: bytes) -> Iterator[bytes]:
    """The text of a body in parts; a gzip body may have several members (RFC 1952, section 2.2)."""
    at = 0
    for _ in range(_MOST_MEMBERS if _CODINGS[coding] == GZIP else 1):
        inflater = zlib.decompressobj(_CODINGS[coding])
        while at < len(body) and not inflater.eof:
            given = body[at : at + _IN]
            at += len(given)
            while given and not inflater.eof:
                yield inflater.decompress(given, _OUT)
                given = inflater.unconsumed_tail
        while not inflater.eof and (part := inflater.decompress(b"", _OUT)):
            yield part
        if not inflater.eof:
            raise BodyError(400, f"the {coding} body is cut short")
        at -= len(inflater.unused_data)
        if at == len(body):
            return
    raise BodyError(
        400, f"bytes follow the {coding} body, or it has more than {_MOST_MEMBERS:,} members"
    )


@contextmanager
def client_may_leave() -> Iterator[None]:
    """Ignore uvloop's error where a connection was reset meanwhile."""
    try:
        yield
    except RuntimeError as error:
        if "closed" not in str(error):
            raise
