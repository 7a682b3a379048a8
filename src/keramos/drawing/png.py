"""Pixels as a PNG file. Source: PNG specification (W3C), third edition."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_GRAY, _COLOURS = 0, 2
_UP = 2
"""The filter of every line: differences to the line above, which pack well."""


def png(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG file of pixels of shape (height, width, 1) or (height, width, 3)."""
    height, width, channels = pixels.shape
    kind = _GRAY if channels == 1 else _COLOURS
    lines = pixels.reshape(height, -1)
    above = np.concatenate([np.zeros((1, lines.shape[1]), "uint8"), lines[:-1]])
    filtered = np.concatenate([np.full((height, 1), _UP, "uint8"), lines - above], axis=1)
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)),
        (b"IDAT", zlib.compress(filtered.tobytes(), 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
