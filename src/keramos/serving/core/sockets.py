"""Listening sockets, and how they close without losing a connection."""

from __future__ import annotations

import contextlib
import ctypes
import socket
import struct
from typing import TYPE_CHECKING

from keramos.errors import UsageError

if TYPE_CHECKING:
    from keramos.serving.core.settings import Settings

HANDSHAKE_SECONDS = 0.1
"""Time in which handshakes that had begun end, before the last connections are taken."""

_BACKLOG = 2048

_SO_ATTACH_FILTER = 26  # asm-generic/socket.h; the socket module has no name for it
_NO_SYN = ((0x30, 0, 0, 13), (0x45, 0, 1, 0x02), (0x06, 0, 0, 0), (0x06, 0, 0, 0xFFFFFFFF))
"""Classic BPF (linux/filter.h): load the flags of TCP; if SYN is among them drop the packet, else
take all of it.
"""


def listen(settings: Settings) -> socket.socket:
    """The listening socket of HTTP.

    Raises:
        UsageError: the address is no address of this machine, or the port is taken.
    """
    try:
        listener = listen_at(settings.host, settings.port)
    except (OSError, OverflowError) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"cannot listen at {settings.host} port {settings.port}: {said}") from None
    listener.set_inheritable(True)
    return listener


def listen_at(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """A listening socket; with ``shared`` several processes may have one at the same port, among
    which the system divides connections.

    Raises:
        OSError: the address is no address of this machine, or the port is taken.
        OverflowError: the port is not a port.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except (OSError, OverflowError):
        listener.close()
        raise
    return listener


def waiting_at(listener: socket.socket) -> list[socket.socket]:
    """The connections that wait to be taken."""
    found: list[socket.socket] = []
    with contextlib.suppress(BlockingIOError):
        while True:
            found.append(listener.accept()[0])
    return found


def refuse_new(listener: socket.socket) -> None:
    """No further connection begins at this socket, and none that has begun is lost.

    Closing a socket resets the connections that wait in its backlog, and between the last
    ``accept`` and ``close`` one more can come. So the first packet of new ones is dropped from now
    on: they are refused as soon as the socket is closed. Only Linux has such filters; elsewhere
    that gap of microseconds stays.
    """
    instructions = ctypes.create_string_buffer(
        b"".join(struct.pack("HBBI", *one) for one in _NO_SYN)
    )
    program = struct.pack("HP", len(_NO_SYN), ctypes.addressof(instructions))
    with contextlib.suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)


def address(settings: Settings, listener: socket.socket) -> str:
    """Where to reach a server, for people."""
    scheme = "https" if settings.tls_cert else "http"
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{scheme}://{host}:{listener.getsockname()[1]}"
