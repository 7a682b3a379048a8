"""Who may ask: API keys, hosts, and pages of other origins."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import TYPE_CHECKING

from msgspec.structs import replace

from keramos.errors import UsageError
from keramos.platform.read_file import read_file
from keramos.serving.core.browsers import from_own_page
from keramos.serving.core.messages import Reply, json_reply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.serving.core.browsers import AllowedHosts
    from keramos.serving.core.messages import Request

_KEYS_BYTES = 1 << 20

OPEN_PATHS = frozenset(
    {
        "/healthz",
        "/livez",
        "/readyz",
        "/startupz",
        "/ping",
        "/health",
        "/v2/health/live",
        "/v2/health/ready",
    }
)
"""Paths of probes, which need no key: orchestrators send none, and the reply is yes or no."""


def read_keys(path: str) -> tuple[str, ...]:
    """API keys from a file, one a line; empty lines and comments are skipped. A line is a comment
    where its first character after blanks is #.

    Raises:
        UsageError: it cannot be read, or holds no key.
    """
    try:
        lines = read_file(path, _KEYS_BYTES).decode("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the file of API keys cannot be read: {error}", file=str(path)) from None
    stripped = (line.strip() for line in lines)
    keys = tuple(line for line in stripped if line and not line.startswith("#"))
    if not keys:
        raise UsageError(
            "the file of API keys is empty", file=str(path), remedy="Write one key a line"
        )
    return keys


class Access:
    """The API keys, hosts and allowed origin of one server; without any of them every request is
    admitted.
    """

    def __init__(
        self,
        keys: Sequence[str] = (),
        cors_origin: str | None = None,
        hosts: AllowedHosts | None = None,
    ) -> None:
        """``hosts`` None admits any host."""
        self._digests = [sha256(key.encode()).digest() for key in keys]
        self._origin = cors_origin
        self._hosts = hosts

    @property
    def open(self) -> bool:
        """Whether requests are admitted whatever their headers."""
        return not self._digests and self._hosts is None

    def admit(self, headers: Sequence[tuple[bytes, bytes]]) -> bool:
        """Whether raw headers name an allowed host and carry a key, where these are needed."""
        return self.admit_raw(headers) and (
            self._hosts is None
            or all(
                self._hosts.admit(value.decode("latin-1"))
                for name, value in headers
                if name == b"host"
            )
        )

    def admit_raw(self, headers: Sequence[tuple[bytes, bytes]]) -> bool:
        """Whether one of raw headers carries a key."""
        if not self._digests:
            return True
        return any(self._known(_token(name, value)) for name, value in headers)

    def may_change(self, request: Request) -> bool:
        """Whether a request may change what is served: one of a browser must come from a page of
        this server or of the allowed origin. A wildcard allows reading alone.
        """
        return from_own_page(request.headers, self._origin)

    def refused(self, request: Request) -> Reply | None:
        """The reply that ends a request early: a preflight, one for another host, or one without
        a key.
        """
        if request.path in OPEN_PATHS:
            return None
        if self._hosts is not None and not self._hosts.admit(request.headers.get("host", "")):
            return json_reply({"error": self._hosts.refusal(request.headers["host"])}, 403)
        if request.method == "OPTIONS" and self._origin and "origin" in request.headers:
            return Reply(204)
        if not self._digests:
            return None
        pairs = [
            (name.encode(), value.encode("latin-1")) for name, value in request.headers.items()
        ]
        if self.admit_raw(pairs):
            return None
        said = "an API key is needed: send it as 'Authorization: Bearer KEY' or 'X-API-Key: KEY'"
        return replace(json_reply({"error": said}, 401), headers=(("www-authenticate", "Bearer"),))

    def shared_with(self, request: Request, reply: Reply) -> Reply:
        """The reply with what lets a browser of the allowed origin read it."""
        origin = request.headers.get("origin")
        if not self._origin or not origin or self._origin not in {"*", origin}:
            return reply
        more = (
            ("access-control-allow-origin", self._origin),
            ("access-control-allow-methods", "POST, GET"),
            ("access-control-allow-headers", "Content-Type, Authorization, X-API-Key"),
            ("vary", "origin"),
        )
        return replace(reply, headers=(*reply.headers, *more))

    def _known(self, token: bytes) -> bool:
        """Compares with every key in the same time, however much of it is right."""
        if not token:
            return False
        digest = sha256(token).digest()
        return any([hmac.compare_digest(digest, known) for known in self._digests])  # noqa: C419 (no early end)


def _token(name: bytes, value: bytes) -> bytes:
    if name == b"x-api-key":
        return value.strip()
    if name == b"authorization" and value[:7].lower() == b"bearer ":
        return value[7:].strip()
    return b""
