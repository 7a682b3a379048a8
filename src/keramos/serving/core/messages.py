"""HTTP requests and replies as plain values, which protocols translate."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

import msgspec
from msgspec import field

from keramos.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

JSON = "application/json"
_encode = msgspec.json.Encoder(order=None).encode


class Request(Frozen, frozen=True):
    """One request: ``path`` is still percent-encoded, ``headers`` have lower-case names, ``body``
    is inflated.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def decoded_path(self) -> str:
        """The path with percent-escapes resolved."""
        return unquote(self.path)

    def options(self) -> dict[str, str]:
        """The query as names and values; the last of equal names counts."""
        return dict(parse_qsl(self.query, keep_blank_values=True))


class Reply(Frozen, frozen=True):
    """One reply; ``headers`` are further pairs."""

    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()


def json_reply(value: object, status: int = 200) -> Reply:
    """A value of plain Python (or a dataclass) as JSON."""
    return Reply(status, _encode(value))


def json_text(value: object) -> str:
    """A value of plain Python as JSON text."""
    return _encode(value).decode()
