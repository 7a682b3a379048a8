"""Resizing as Pillow up to version 12 does it, bit for bit, in NumPy.

Two passes, columns before rows; weights of 22 binary digits; each pass is rounded and clipped to a
byte. Pillow 13 chooses the order of the passes by the shape, so its answers differ from those that
published models were fed with.

Both passes make a band of columns of the result at a time, from strips of rows: sums are whole
numbers below 2**53, so every order of adding gives the same bytes, and a large picture is never
held as floats.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keramos.tabular.media.resample_others import OTHERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Floats = NDArray[np.float64]
    _Kernel = tuple[Callable[[Floats], Floats], float]

_ONE = 1 << 22

_BAND = 16
"""Pixels of the result along an axis that are made at a time."""

_MOST_NUMBERS = 1 << 20
"""Numbers that a part of the work has at a time."""


def _bilinear(x: Floats) -> Floats:
    found: Floats = np.maximum(1 - np.abs(x), 0)
    return found


def _box(x: Floats) -> Floats:
    return ((x > -0.5) & (x <= 0.5)).astype(float)  # noqa: PLR2004 (half a pixel)


def _bicubic(x: Floats) -> Floats:
    x, a = np.abs(x), -0.5
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * a
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))  # noqa: PLR2004 (the kernel's width)


def _lanczos(x: Floats) -> Floats:
    return np.where((x >= -3) & (x < 3), _sinc(x) * _sinc(x / 3), 0.0)  # noqa: PLR2004 (its width)


def _sinc(x: Floats) -> Floats:
    x = x * np.pi
    safe = np.where(x == 0, 1.0, x)
    return np.where(x == 0, 1.0, np.sin(safe) / safe)


FILTERS: dict[str, _Kernel] = {
    "box": (_box, 0.5),
    "bilinear": (_bilinear, 1.0),
    "bicubic": (_bicubic, 2.0),
    "lanczos": (_lanczos, 3.0),
}
"""Name -> the kernel and how far it reaches, in pixels of the smaller size."""

METHODS = ("nearest", *FILTERS, *OTHERS)


def resized(
    picture: Bytes, size: tuple[int, int], method: str, box: tuple[float, float, float, float]
) -> NDArray[np.generic]:
    """A part of a picture, in another size; bytes, but for TensorFlow's methods.

    Args:
        picture: shape (height, width, channels).
        size: width and height of the result.
        method: a name in ``METHODS``.
        box: left, top, right and bottom of the part, in pixels.
    """
    if method in OTHERS:
        left, top, right, bottom = (round(edge) for edge in box)
        part = picture[top : max(bottom, top + 1), left : max(right, left + 1)]
        return OTHERS[method](part, size)
    height, width = picture.shape[:2]
    if method == "nearest":
        rows = _nearest(size[1], box[1], box[3], height)
        columns = _nearest(size[0], box[0], box[2], width)
        return picture[rows[:, None], columns]
    if size == (width, height) and box == (0.0, 0.0, float(width), float(height)):
        return picture
    across = _bands(width, size[0], box[0], box[2], FILTERS[method])
    down = _bands(height, size[1], box[1], box[3], FILTERS[method])
    source = picture[down[0].first : down[-1].last]
    several = max(_MOST_NUMBERS // (len(source) * across[0].made.stop * picture.shape[2]), 1)
    found = np.empty((size[1], size[0], picture.shape[2]), np.uint8)
    for start in range(0, len(across), several):
        some = across[start : start + several]
        found[:, some[0].made.start : some[-1].made.stop] = _rows(_columns(source, some), down)
    return found


def _columns(picture: Bytes, bands: list[_Band]) -> Bytes:
    """The first pass: some neighbouring columns of the result, for every row of the picture."""
    left = bands[0].made.start
    lines = np.empty((len(picture), bands[-1].made.stop - left, picture.shape[2]), np.uint8)
    for band in bands:
        step = max(_MOST_NUMBERS // (max(band.weights.shape) * picture.shape[2]), 1)
        for top in range(0, len(picture), step):
            part = picture[top : top + step, band.first : band.last].astype(float, order="C")
            made = slice(band.made.start - left, band.made.stop - left)
            lines[top : top + step, made] = _byte(band.weights @ part)
    return lines


def _rows(lines: Bytes, bands: list[_Band]) -> Bytes:
    """The second pass, over what the first has made of all rows from ``bands[0].first``."""
    top, flat = bands[0].first, lines.reshape(len(lines), -1)
    found = np.empty((bands[-1].made.stop, flat.shape[1]), np.uint8)
    for band in bands:
        step = max(_MOST_NUMBERS // max(band.weights.shape), 1)
        for left in range(0, flat.shape[1], step):
            part = flat[band.first - top : band.last - top, left : left + step].astype(float)
            found[band.made, left : left + step] = _byte(band.weights @ part)
    return found.reshape(-1, *lines.shape[1:])


def fitted_box(width: int, height: int, size: tuple[int, int]) -> tuple[float, float, float, float]:
    """The largest part around the centre with the proportions of ``size``, as ImageOps.fit."""
    wanted, given = size[0] / size[1], width / height
    inner_width, inner_height = float(width), float(height)
    if given > wanted:
        inner_width = wanted * height
    elif given < wanted:
        inner_height = width / wanted
    left, top = (width - inner_width) * 0.5, (height - inner_height) * 0.5
    return (left, top, left + inner_width, top + inner_height)


class _Band(NamedTuple):
    """Pixels of the result along an axis, and the pixels of the picture that they are made of.

    ``weights`` are whole numbers, shape (pixels of the result, last - first): the share of each.
    """

    made: slice
    first: int
    last: int
    weights: Floats


def _bands(given: int, wanted: int, low: float, high: float, kernel: _Kernel) -> list[_Band]:
    low, span = _edges(low, high)
    scale = span / wanted
    wide, reach = max(scale, 1.0), kernel[1]
    centre = low + (np.arange(wanted) + 0.5) * scale
    first = np.maximum((centre - reach * wide + 0.5).astype(int), 0)
    last = np.minimum((centre + reach * wide + 0.5).astype(int), given)
    bands, each = [], max(_BAND, int(4 * _BAND / scale))  # few small products where it grows
    for start in range(0, wanted, each):
        made = slice(start, min(start + each, wanted))
        places = np.arange(first[made].min(), last[made].max())
        raw = kernel[0]((places - centre[made, None] + 0.5) * (1.0 / wide))
        inside = (places >= first[made, None]) & (places < last[made, None])
        weights = _whole(np.where(inside, raw, 0.0))
        bands.append(_Band(made, int(places[0]), int(places[-1]) + 1, weights))
    return bands


def _edges(low: float, high: float) -> tuple[float, float]:
    """The beginning of a part along an axis and its length, in the float32 that Pillow has."""
    return float(np.float32(low)), float(np.float32(high) - np.float32(low))


def _whole(raw: Floats) -> Floats:
    """Shares as whole numbers; Pillow adds them up one by one."""
    total = np.cumsum(raw, axis=1)[:, -1:]
    raw = np.where(total != 0, raw / np.where(total == 0, 1.0, total), raw) * _ONE
    return np.trunc(raw + np.where(raw < 0, -0.5, 0.5))


def _byte(sums: Floats) -> Bytes:
    return np.clip(np.floor((sums + _ONE / 2) / _ONE), 0, 255).astype(np.uint8)


def _nearest(wanted: int, low: float, high: float, given: int) -> NDArray[np.int64]:
    """Source places: the position is summed step by step, as Pillow does, not multiplied."""
    low, span = _edges(low, high)
    scale = span / wanted
    steps = np.full(wanted, scale)
    steps[0] = low + scale * 0.5
    return np.minimum(np.add.accumulate(steps).astype(np.int64), given - 1)
