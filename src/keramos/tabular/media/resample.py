"""Resizing as Pillow up to version 12 does it, bit for bit, in NumPy.

Two passes, columns before rows; weights of 22 binary digits; each pass is rounded and clipped to a
byte. Pillow 13 chooses the order of the passes by the shape, so its answers differ from those that
published models were fed with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.tabular.media.resample_others import OTHERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Floats = NDArray[np.float64]

_ONE = 1 << 22


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


FILTERS: dict[str, tuple[Callable[[Floats], Floats], float]] = {
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
        return OTHERS[method](picture[top:bottom, left:right], size)
    height, width = picture.shape[:2]
    if method == "nearest":
        rows = _nearest(size[1], box[1], box[3], height)
        columns = _nearest(size[0], box[0], box[2], width)
        return picture[rows][:, columns]
    kernel, reach = FILTERS[method]
    found = picture
    if size[0] != width or box[0] or box[2] != width:
        weights = _weights(width, size[0], box[0], box[2], kernel, reach)
        found = _byte(np.einsum("ow,hwc->hoc", weights, found.astype(float), optimize=True))
    if size[1] != height or box[1] or box[3] != height:
        weights = _weights(height, size[1], box[1], box[3], kernel, reach)
        found = _byte(np.einsum("oh,hwc->owc", weights, found.astype(float), optimize=True))
    return found


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


def _weights(
    given: int,
    wanted: int,
    low: float,
    high: float,
    kernel: Callable[[Floats], Floats],
    reach: float,
) -> Floats:
    """Whole numbers, shape (wanted, given): the share of each pixel in each new one."""
    scale = (high - low) / wanted
    wide = max(scale, 1.0)
    centre = low + (np.arange(wanted) + 0.5) * scale
    first = np.maximum((centre - reach * wide + 0.5).astype(int), 0)
    last = np.minimum((centre + reach * wide + 0.5).astype(int), given)
    places = np.arange(given)
    raw = kernel((places[None] - centre[:, None] + 0.5) * (1.0 / wide))
    raw = np.where((places[None] >= first[:, None]) & (places[None] < last[:, None]), raw, 0.0)
    total = raw.sum(axis=1, keepdims=True)
    raw = np.where(total != 0, raw / np.where(total == 0, 1.0, total), raw) * _ONE
    return np.trunc(raw + np.where(raw < 0, -0.5, 0.5))


def _byte(sums: Floats) -> Bytes:
    return np.clip(np.floor((sums + _ONE / 2) / _ONE), 0, 255).astype(np.uint8)


def _nearest(wanted: int, low: float, high: float, given: int) -> NDArray[np.int64]:
    """Source places: the position is summed step by step, as Pillow does, not multiplied."""
    scale = (high - low) / wanted
    steps = np.full(wanted, scale)
    steps[0] = low + scale * 0.5
    return np.minimum(np.add.accumulate(steps).astype(np.int64), given - 1)
