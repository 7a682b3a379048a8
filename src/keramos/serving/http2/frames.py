"""Frames of HTTP/2 (RFC 9113, sections 4 and 6)."""

from __future__ import annotations

import struct

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS = 0, 1, 2, 3, 4
PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 5, 6, 7, 8, 9
END_STREAM = ACK = 1
END_HEADERS, PADDED, PRIORITISED = 4, 8, 32

NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR = 0, 1, 2, 3
STREAM_CLOSED, FRAME_SIZE_ERROR, REFUSED_STREAM, CANCEL = 5, 6, 7, 8
COMPRESSION_ERROR, ENHANCE_YOUR_CALM = 9, 11

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
MAX_FRAME = 1 << 14
"""Bytes of a frame's content, unless the other side allows more."""

WINDOW = 65535
"""Bytes that may be sent before the first update of a window."""

MAX_WINDOW = (1 << 31) - 1
LAST_STREAM = MAX_WINDOW

HEAD = struct.Struct(">HBBBI")
"""The head of a frame: size (two parts), type, flags, stream."""

HEAD_BYTES = HEAD.size
_SETTING = struct.Struct(">HI")
_MAX_STREAMS, INITIAL_WINDOW, MAX_FRAME_SIZE, _MAX_HEADER_LIST = 3, 4, 5, 6


class ConnectionFault(Exception):  # noqa: N818 (a fault of the other side)
    """What ends a connection: ``code`` is of RFC 9113, section 7."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def frame(kind: int, flags: int, stream: int, content: bytes = b"") -> bytes:
    """One frame."""
    size = len(content)
    return HEAD.pack(size >> 8, size & 0xFF, kind, flags, stream) + content


def settings(max_streams: int, max_header_list: int) -> bytes:
    """The settings of a server."""
    pairs = ((_MAX_STREAMS, max_streams), (_MAX_HEADER_LIST, max_header_list))
    return frame(SETTINGS, 0, 0, b"".join(_SETTING.pack(*pair) for pair in pairs))


def read_settings(content: bytes) -> dict[int, int]:
    """Settings by their numbers.

    Raises:
        ConnectionFault: a value that is not allowed.
    """
    if len(content) % _SETTING.size:
        raise ConnectionFault(FRAME_SIZE_ERROR, "settings of a wrong size")
    found = dict(_SETTING.iter_unpack(content))
    if found.get(2, 0) > 1:
        raise ConnectionFault(PROTOCOL_ERROR, "ENABLE_PUSH is 0 or 1")
    if found.get(INITIAL_WINDOW, 0) > MAX_WINDOW:
        raise ConnectionFault(FLOW_CONTROL_ERROR, "a window is at most 2^31-1")
    if not MAX_FRAME <= found.get(MAX_FRAME_SIZE, MAX_FRAME) < 1 << 24:
        raise ConnectionFault(PROTOCOL_ERROR, "MAX_FRAME_SIZE is out of range")
    return found


def window_update(stream: int, size: int) -> bytes:
    """So many more bytes may be sent."""
    return frame(WINDOW_UPDATE, 0, stream, size.to_bytes(4))


def reset(stream: int, code: int) -> bytes:
    """The end of a stream."""
    return frame(RST_STREAM, 0, stream, code.to_bytes(4))


def goaway(last: int, code: int, message: str = "") -> bytes:
    """No streams beyond ``last`` are taken."""
    return frame(GOAWAY, 0, 0, last.to_bytes(4) + code.to_bytes(4) + message.encode())


def unpadded(flags: int, content: bytes) -> bytes:
    """The content without padding and priority.

    Raises:
        ConnectionFault: there is more padding than content.
    """
    begin = end = 0
    if flags & PADDED:
        if not content:
            raise ConnectionFault(FRAME_SIZE_ERROR, "a padded frame without its padding")
        begin, end = 1, content[0]
    if flags & PRIORITISED:
        begin += 5
    if begin + end > len(content):
        raise ConnectionFault(PROTOCOL_ERROR, "more padding than content")
    return content[begin : len(content) - end]
