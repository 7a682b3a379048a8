"""Activations as pictures: bars for a few numbers, heat maps for many."""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode
from typing import TYPE_CHECKING

import numpy as np

from keramos.drawing.svg import boxes, line, picture, tag

if TYPE_CHECKING:
    from markupsafe import Markup
    from numpy.typing import NDArray

    from keramos.types.view import Activation

_BARS = 96
_WIDTH, _HEIGHT = 240.0, 40.0
_CELLS = 64  # most cells along one side of a heat map
_MAPS = 8  # most channels side by side
_LARGEST = 20  # most pixels along one side of a cell
_LEVELS = 16  # two cells a byte
_MOST_CELLS = 4096
"""Most cells of one picture; a page with 32 pictures stays below 150 kB."""
_RAMP = ((247, 240, 230), (226, 150, 100), (158, 62, 30), (42, 16, 12))
"""RGB colours from the lowest to the highest value."""
_RANKS = {
    3: lambda values: np.moveaxis(values, -1, 0),
    4: lambda values: np.moveaxis(values, -1, 0).mean(1),
}
"""Rank of an activation -> its maps (maps, rows, columns); channels are taken as the last axis."""


def activation(one: Activation) -> Markup | None:
    """A picture of one activation; None for texts."""
    if one.values.dtype.kind not in "fiub":
        return None
    values = np.nan_to_num(one.values.astype(float), posinf=0.0, neginf=0.0)
    flat = values.reshape(-1)
    if values.ndim <= 1 and flat.size <= _BARS:
        return _bars(one, flat)
    return _heat(one, _maps(values))


def _bars(one: Activation, values: NDArray[np.float64]) -> Markup:
    low, high = min(float(values.min(initial=0)), 0.0), max(float(values.max(initial=0)), 0.0)
    span = (high - low) or 1.0
    each, zero = _WIDTH / max(len(values), 1), high / span * _HEIGHT
    rows = []
    for place, value in enumerate(values.tolist()):
        y = (high - value) / span * _HEIGHT
        top, bottom = min(y, zero), max(y, zero)
        rows.append((place * each + 0.5, top, max(each - 1, 0.7), max(bottom - top, 0.4)))
    base = line([(0, zero), (_WIDTH, zero)], "axis")
    bars = tag("path", d=boxes(rows), class_="bar")
    label = f"{one.layer}: {len(values)} values from {low:.4g} to {high:.4g}"
    return picture(_WIDTH, _HEIGHT, label, bars, base, class_="chart small")


def _maps(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Maps (maps, rows, columns) of an activation of any rank: the first ``_MAPS``, thinned to
    ``_MOST_CELLS``.
    """
    if values.ndim == 1:
        wide = int(np.ceil(len(values) ** 0.5 * 2))
        values = np.pad(values, (0, -len(values) % wide)).reshape(-1, wide)
    maps = (
        values[None]
        if values.ndim == 2  # noqa: PLR2004 (rows and columns)
        else _RANKS.get(values.ndim, lambda x: x.reshape(1, len(x), -1))(values)
    )
    maps = maps[:_MAPS]
    most = min(_CELLS, int((_MOST_CELLS / max(len(maps), 1)) ** 0.5))
    steps = [max(1, -(-size // most)) for size in maps.shape[1:]]
    return maps[:, :: steps[0], :: steps[1]]


def _heat(one: Activation, maps: NDArray[np.float64]) -> Markup:
    low, high = float(maps.min(initial=0)), float(maps.max(initial=0))
    levels = ((maps - low) / ((high - low) or 1.0) * (_LEVELS - 1)).astype("uint8")
    count, rows, columns = levels.shape
    gap = 1 if count > 1 else 0
    sheet = np.zeros((rows, count * (columns + gap) - gap), "uint8")
    for place in range(count):
        start = place * (columns + gap)
        sheet[:, start : start + columns] = levels[place]
    width = min(_WIDTH, float(sheet.shape[1] * _LARGEST))
    height = float(np.clip(width * rows / max(sheet.shape[1], 1), 12, _WIDTH))
    image = tag(
        "image",
        href="data:image/png;base64," + b64encode(png(sheet)).decode(),
        width=width,
        height=height,
        preserveAspectRatio="none",
    )
    size = " x ".join(map(str, one.values.shape))
    label = f"{one.layer}: heat map of {size} values from {low:.4g} to {high:.4g}"
    return picture(_WIDTH, height, label, image, class_="chart small heat")


def png(levels: NDArray[np.uint8]) -> bytes:
    """A PNG of levels 0 to 15 in the colours of the ramp, two levels a byte.

    Source: PNG specification (W3C), third edition.
    """
    height, width = levels.shape
    even = np.pad(levels, ((0, 0), (0, width % 2)))
    packed = even[:, ::2] << 4 | even[:, 1::2]
    raw = np.concatenate([np.zeros((height, 1), "uint8"), packed], 1).tobytes()
    head = struct.pack(">IIBBBBB", width, height, 4, 3, 0, 0, 0)
    parts = (
        (b"IHDR", head),
        (b"PLTE", _palette()),
        (b"IDAT", zlib.compress(raw, 9)),
        (b"IEND", b""),
    )
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _palette() -> bytes:
    places = np.linspace(0, len(_RAMP) - 1, _LEVELS)
    channels = [
        np.interp(places, range(len(_RAMP)), [colour[i] for colour in _RAMP]) for i in range(3)
    ]
    return np.stack(channels, 1).round().astype("uint8").tobytes()
