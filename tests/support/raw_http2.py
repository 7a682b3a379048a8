"""A client of HTTP/2 that begins many gRPC calls and leaves each message unfinished."""

from __future__ import annotations

import socket
import struct
import time
from threading import Condition, Thread

_DATA, _HEADERS, _SETTINGS, _PING, _WINDOW = 0, 1, 4, 6, 8
_ACK = _END_HEADERS = 1
_WINDOW_SIZE = 4
_FRAME = 1 << 14


def _frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def _literal(name, value):
    return b"\0" + b"".join(bytes([len(text)]) + text for text in (name, value))


def _call(path):
    fields = {":method": "POST", ":scheme": "http", ":path": path, ":authority": "a"}
    fields |= {"te": "trailers", "content-type": "application/grpc"}
    return b"".join(_literal(name.encode(), text.encode()) for name, text in fields.items())


class UnfinishedCalls:
    """Calls of one connection. ``sent`` counts the bytes of all; ``ended`` are streams that the
    server has answered.
    """

    def __init__(self, port, path, count, size):
        self.sent, self.ended = 0, set()
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._changed = Condition()
        self._windows = dict.fromkeys((0, *range(1, 2 * count, 2)), 65535)
        self._initial = 65535
        self._write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _frame(_SETTINGS, 0, 0))
        Thread(target=self._read, daemon=True).start()
        self._left = dict.fromkeys(range(1, 2 * count, 2), size)
        for stream in self._left:
            self._write(_frame(_HEADERS, 4, stream, _call(path)))
            self._send(stream, struct.pack(">BI", 0, size + 1))

    def send(self, seconds):
        """All but the last byte of each message, as far as the server takes it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for stream, left in self._left.items():
                with self._changed:
                    room = min(self._windows[stream], self._windows[0], left, _FRAME)
                if room > 0 and stream not in self.ended:
                    self._send(stream, bytes(room))
                    self._left[stream] -= room
            with self._changed:
                self._changed.wait(0.001)

    def close(self):
        self._socket.close()

    def _send(self, stream, data):
        self._write(_frame(_DATA, 0, stream, data))
        self.sent += len(data)
        with self._changed:
            self._windows[stream] -= len(data)
            self._windows[0] -= len(data)

    def _write(self, data):
        with self._changed:
            self._socket.sendall(data)

    def _read(self):
        with self._socket.makefile("rb") as stream:
            while head := stream.read(9):
                size, kind, flags, number = struct.unpack(">IBBI", b"\0" + head)
                self._take(kind, flags, number, stream.read(size))

    def _take(self, kind, flags, number, payload):
        with self._changed:
            if kind == _WINDOW:
                self._windows[number] += int.from_bytes(payload)
            elif kind == _HEADERS:
                self.ended.add(number)
            elif kind == _SETTINGS and not flags & _ACK:
                for at in range(0, len(payload), 6):
                    name, value = struct.unpack(">HI", payload[at : at + 6])
                    if name == _WINDOW_SIZE:
                        self._windows |= {
                            one: window + value - self._initial
                            for one, window in self._windows.items()
                            if one
                        }
                        self._initial = value
            self._changed.notify_all()
        if kind in {_SETTINGS, _PING} and not flags & _ACK:
            self._write(_frame(kind, _ACK, 0, payload if kind == _PING else b""))
