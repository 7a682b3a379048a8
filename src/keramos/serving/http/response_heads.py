"""Response heads as bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

if TYPE_CHECKING:
    from collections.abc import Sequence

_CLOSE = b"connection: close\r\n"


class ResponseHeads:
    """Writes response heads; the fixed part is cached until uvicorn changes the date header."""

    def __init__(self) -> None:
        self._source: list[tuple[bytes, bytes]] | None = None
        self._fixed = b""

    def head(
        self,
        status: int,
        content_type: str,
        length: int,
        default: list[tuple[bytes, bytes]],
        more: Sequence[tuple[str, str]] = (),
        *,
        closing: bool,
    ) -> bytes:
        """Status line, ``default`` and ``more`` headers, and the empty line after them."""
        if default is not self._source:
            self._source = default
            self._fixed = b"".join(b"%b: %b\r\n" % pair for pair in default)
        further = (
            "".join(f"{name}: {value}\r\n" for name, value in more).encode("latin-1")
            if more
            else b""
        )
        return b"%b%bcontent-type: %b\r\ncontent-length: %d\r\n%b%b\r\n" % (
            STATUS_LINE[status],
            self._fixed,
            content_type.encode(),
            length,
            further,
            _CLOSE if closing else b"",
        )
