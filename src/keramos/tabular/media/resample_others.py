"""Resizing as OpenCV and TensorFlow do it, in NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Floats = NDArray[np.float32]
    Size = tuple[int, int]

_BITS = 11
_ONE = 1 << _BITS


def _taps(given: int, wanted: int) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Two source places for each new pixel, and the share of the second; half a pixel is the middle
    of the first.
    """
    scale = given / wanted
    at = ((np.arange(wanted) + 0.5) * scale - 0.5).astype("float32")
    first = np.floor(at).astype(np.int64)
    share = (at - first).astype("float32")
    share = np.where((first < 0) | (first >= given - 1), np.float32(0), share)
    first = np.clip(first, 0, given - 1)
    return first, np.minimum(first + 1, given - 1), share.astype("float32")


def cv_linear(picture: Bytes, size: Size) -> Bytes:
    """``cv2.resize`` with INTER_LINEAR: two taps, shares of 11 binary digits.

    Source: OpenCV, modules/imgproc/src/resize.cpp, HResizeLinear and VResizeLinear for bytes.
    """
    height, width = picture.shape[:2]
    left, right, across = _taps(width, size[0])
    top, bottom, down = _taps(height, size[1])
    return _fixed(picture, (left, right, across), (top, bottom, down))


def _fixed(
    picture: Bytes,
    columns: tuple[NDArray[np.int64], NDArray[np.int64], Floats],
    rows: tuple[NDArray[np.int64], NDArray[np.int64], Floats],
) -> Bytes:
    left, right, across = columns
    top, bottom, down = rows
    second = np.rint(across * _ONE).astype(np.int64)[None, :, None]
    first = np.rint((1 - across) * np.float32(_ONE)).astype(np.int64)[None, :, None]
    whole = picture.astype(np.int64)
    lines = whole[:, left] * first + whole[:, right] * second
    lower = np.rint(down * _ONE).astype(np.int64)[:, None, None]
    upper = np.rint((1 - down) * np.float32(_ONE)).astype(np.int64)[:, None, None]
    above, below = (lines[top] >> 4) * upper >> 16, (lines[bottom] >> 4) * lower >> 16
    found: Bytes = np.clip((above + below + 2) >> 2, 0, 255).astype(np.uint8)
    return found


def cv_area(picture: Bytes, size: Size) -> Bytes:
    """``cv2.resize`` with INTER_AREA: means of the pixels under each new one; where the picture
    grows, two taps.
    """
    height, width = picture.shape[:2]
    if size[0] > width or size[1] > height:
        return _fixed(picture, _grown(width, size[0]), _grown(height, size[1]))
    lines = np.einsum("ow,hwc->hoc", _shares(width, size[0]), picture.astype("float32"))
    means = np.einsum("oh,hwc->owc", _shares(height, size[1]), lines)
    found: Bytes = np.clip(np.rint(means), 0, 255).astype(np.uint8)
    return found


def _grown(given: int, wanted: int) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    scale, places = given / wanted, np.arange(wanted)
    first = np.floor(places * scale).astype(np.int64)
    share = ((places + 1) - (first + 1) / scale).astype("float32")
    share = np.where(share <= 0, np.float32(0), share - np.floor(share))
    share = np.where(first >= given - 1, np.float32(0), share).astype("float32")
    first = np.clip(first, 0, given - 1)
    return first, np.minimum(first + 1, given - 1), share


def _shares(given: int, wanted: int) -> Floats:
    """The share of each pixel in each new one, shape (wanted, given)."""
    scale, places = given / wanted, np.arange(given)
    low = (np.arange(wanted) * scale)[:, None]
    inside = np.minimum(places + 1, low + scale) - np.maximum(places, low)
    shares: Floats = (np.clip(inside, 0, 1) / scale).astype("float32")
    return shares


def tf_bilinear(picture: Bytes, size: Size) -> Floats:
    """``tf.image.resize`` without ``antialias``, and Keras' Resizing layer: two taps in float32."""
    height, width = picture.shape[:2]
    left, right, across = _taps(width, size[0])
    top, bottom, down = _taps(height, size[1])
    whole = picture.astype("float32")
    lines = whole[:, left] + (whole[:, right] - whole[:, left]) * across[None, :, None]
    found: Floats = lines[top] + (lines[bottom] - lines[top]) * down[:, None, None]
    return found


OTHERS: dict[str, Callable[[Bytes, Size], NDArray[np.uint8] | Floats]] = {
    "cv-linear": cv_linear,
    "cv-area": cv_area,
    "tf-bilinear": tf_bilinear,
}
"""Name -> the function of a picture, shape (height, width, channels), and the size (width, height)
that is wanted.
"""
