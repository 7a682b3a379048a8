"""gRPC over HTTP/2 (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md): heads of
calls, messages in their frames, statuses.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from keramos.errors import RequestError
from keramos.serving.core.refusals import refusal_fields
from keramos.serving.http2.hpack import encode

if TYPE_CHECKING:
    from keramos.serving.core.routes import Refusal
    from keramos.serving.http2.hpack import Field

STATUSES = (
    "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND",
    "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
    "UNAUTHENTICATED",
)  # fmt: skip
"""Names of statuses, each at its number."""

PREFIX_BYTES = 5
"""Before each message: whether it is compressed, and its size in four bytes."""

ERROR_KEY = "keramos-error-bin"
"""Trailing metadata of a failed RPC: the fields of the error as UTF-8 JSON."""

_SAID = 4000
"""Bytes of an error at most: statuses travel in headers, which clients limit to 8 KB."""

_MOST_FIELDS = 2000
"""Bytes of the fields; clients limit all metadata of a response, mostly to 8 KB."""

_NUMBERS = {name: str(number).encode() for number, name in enumerate(STATUSES)}
_REPLY = ((b":status", b"200"), (b"content-type", b"application/grpc"))
OK_HEAD, OK_TRAILERS = encode(_REPLY), encode([(b"grpc-status", b"0")])
WRONG_TYPE = encode([(b":status", b"415")])
_UNQUOTED = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")
_TIMEOUT = re.compile(rb"(\d{1,8})([HMSmun])")
_UNITS = {b"H": 3600.0, b"M": 60.0, b"S": 1.0, b"m": 1e-3, b"u": 1e-6, b"n": 1e-9}
_CODINGS = {b"gzip": 31, b"deflate": 15}
"""Codings of messages, with zlib's window bits."""

_MOST_RATIO = 1032
"""Bytes that one byte of zlib's stands for at most."""


class Head(NamedTuple):
    """The headers of a call: ``path`` is empty where they are not those of a request, ``seconds``
    is its deadline, 0 where it has none.
    """

    path: bytes
    type: bytes
    seconds: float
    coding: bytes
    metadata: tuple[Field, ...]


def read_head(fields: tuple[Field, ...]) -> Head:
    """The headers of a call."""
    pseudo = [name for name, _ in fields if name.startswith(b":")]
    found = dict(fields)
    whole = len(pseudo) == len(set(pseudo)) and found.get(b":method") == b"POST"
    timeout = _TIMEOUT.fullmatch(found.get(b"grpc-timeout", b""))
    return Head(
        found.get(b":path", b"") if whole else b"",
        found.get(b"content-type", b""),
        int(timeout[1]) * _UNITS[timeout[2]] if timeout else 0.0,
        found.get(b"grpc-encoding", b"identity"),
        tuple(field for field in fields if not field[0].startswith(b":")),
    )


def framed(message: bytes) -> bytes:
    """A message as a reply has it."""
    return b"\0" + len(message).to_bytes(4) + message


def message_size(body: bytes | bytearray) -> int:
    """Bytes of the message that begins a body; -1 while its prefix is not whole."""
    return int.from_bytes(body[1:PREFIX_BYTES]) if len(body) >= PREFIX_BYTES else -1


def message_of(body: bytes | bytearray) -> tuple[bytes, bool]:
    """The message of a whole body, and whether it is compressed.

    Raises:
        RequestError: it is not one message.
    """
    if not body:
        raise RequestError("the call has no message")
    if message_size(body) != len(body) - PREFIX_BYTES or body[0] > 1:
        raise RequestError("the call has more or less than one whole message")
    return bytes(body[PREFIX_BYTES:]), bool(body[0])


def known_coding(coding: bytes) -> bool:
    """Whether messages may be coded so."""
    return coding == b"identity" or coding in _CODINGS


def unpacked_most(data: bytes, most: int) -> int:
    """How many bytes ``unpacked`` may give."""
    return min(most, _MOST_RATIO * len(data) + 1)


def unpacked(data: bytes, coding: bytes, most: int) -> bytes:
    """A compressed message, at most ``most`` + 1 bytes of it.

    Raises:
        RequestError: it is not coded as its headers say.
    """
    bits = _CODINGS.get(coding)
    if bits is None:
        raise RequestError("the message is compressed, and its call does not say how")
    machine = zlib.decompressobj(bits)
    try:
        found = machine.decompress(data, most + 1)
    except zlib.error as error:
        raise RequestError(f"the message is not {coding.decode()}: {error}") from None
    if len(found) <= most and (not machine.eof or machine.unused_data):
        raise RequestError(f"the message is not whole {coding.decode()}")
    return found


def failed(refusal: Refusal) -> bytes:
    """The headers of a reply that refuses a call."""
    said = refusal.message
    while len(short := quote(said, safe=_UNQUOTED)) > _SAID:
        said = said[: min(len(said) * _SAID // len(short), len(said) - 1)]
    if len(said) < len(refusal.message):
        short += "..."
    pairs = [(b"grpc-status", _NUMBERS[refusal.code]), (b"grpc-message", short.encode())]
    if refusal.code == "UNIMPLEMENTED":
        pairs.append((b"grpc-accept-encoding", b",".join([b"identity", *_CODINGS])))
    pairs.append((ERROR_KEY.encode(), base64.b64encode(_fields(refusal)).rstrip(b"=")))
    return encode((*_REPLY, *pairs))


def _fields(refusal: Refusal) -> bytes:
    """The fields of the error as UTF-8 JSON; the longest are left out where all are too many."""
    fields = refusal_fields(refusal)
    for longest in ("problems", "received", "remedy", "where", "what"):
        found = json.dumps(fields).encode()
        if len(found) <= _MOST_FIELDS:
            return found
        del fields[longest]
    return json.dumps(fields).encode()
