"""Resizing as OpenCV and TensorFlow do it, in NumPy, a part of the result at a time: no large
picture is held as numbers of more than a byte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Floats = NDArray[np.float32]
    Size = tuple[int, int]

_BITS = 11
_ONE = 1 << _BITS

_MOST_NUMBERS = 1 << 20
"""Numbers that a part of the work has at a time."""


def _parts(length: int, each: int) -> Iterator[slice]:
    """Slices of an axis, where each place along it needs so many numbers."""
    step = max(_MOST_NUMBERS // each, 1)
    return (slice(start, start + step) for start in range(0, length, step))


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
    colours = picture.shape[2]
    first = np.rint((1 - across) * np.float32(_ONE)).astype(np.int32).repeat(colours)
    second = np.rint(across * _ONE).astype(np.int32).repeat(colours)
    upper = np.rint((1 - down) * np.float32(_ONE)).astype(np.int32)[:, None]
    lower = np.rint(down * _ONE).astype(np.int32)[:, None]
    places = [_flat(one, colours) for one in (left, right)]
    found = np.empty((len(top), len(first)), np.uint8)

    def lines(at: NDArray[np.int64]) -> NDArray[np.int32]:
        taken = picture[at].reshape(len(at), -1)
        one = taken.take(places[0], axis=1).astype(np.int32)
        other = taken.take(places[1], axis=1).astype(np.int32)
        one *= first
        other *= second
        one += other
        one >>= 4
        return one

    for part in _parts(len(top), len(first)):
        above, below = lines(top[part]), lines(bottom[part])
        above *= upper[part]
        above >>= 16
        below *= lower[part]
        below >>= 16
        above += below
        above += 2
        above >>= 2
        found[part] = above
    return found.reshape(len(top), len(left), colours)


def _flat(places: NDArray[np.int64], colours: int) -> NDArray[np.int64]:
    """Places of numbers in a row of pixels, whose colours lie side by side."""
    found: NDArray[np.int64] = (places[:, None] * colours + np.arange(colours)).ravel()
    return found


def cv_area(picture: Bytes, size: Size) -> Bytes:
    """``cv2.resize`` with INTER_AREA: means of the pixels under each new one; where the picture
    grows, two taps.
    """
    height, width = picture.shape[:2]
    if size[0] > width or size[1] > height:
        return _fixed(picture, _grown(width, size[0]), _grown(height, size[1]))
    found = np.empty((size[1], size[0], picture.shape[2]), np.uint8)
    across, down = _shares(width, size[0]), _shares(height, size[1])
    for part in _parts(size[0], height * picture.shape[2]):
        lines = _added(picture.swapaxes(0, 1), across[0][:, part], across[1][:, part])
        means = _added(lines.swapaxes(0, 1), *down)
        found[:, part] = np.clip(np.rint(means), 0, 255)
    return found


def _added(numbers: NDArray[np.generic], places: NDArray[np.int64], shares: Floats) -> Floats:
    """Weighted sums over the first axis, one summand after the other in float32, as OpenCV adds."""
    sums = np.zeros((places.shape[1], *numbers.shape[1:]), "float32")
    for place, share in zip(places, shares, strict=True):
        sums += numbers[place].astype("float32") * share[:, None, None]
    return sums


def _grown(given: int, wanted: int) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    scale, places = given / wanted, np.arange(wanted)
    first = np.floor(places * scale).astype(np.int64)
    share = ((places + 1) - (first + 1) / scale).astype("float32")
    share = np.where(share <= 0, np.float32(0), share - np.floor(share))
    share = np.where(first >= given - 1, np.float32(0), share).astype("float32")
    first = np.clip(first, 0, given - 1)
    return first, np.minimum(first + 1, given - 1), share


def _shares(given: int, wanted: int) -> tuple[NDArray[np.int64], Floats]:
    """The pixels under each new one and their shares, both of shape (most pixels, wanted)."""
    scale = given / wanted
    low = np.arange(wanted) * scale
    places = np.floor(low).astype(np.int64) + np.arange(int(scale) + 2)[:, None]
    inside = np.minimum(places + 1, low + scale) - np.maximum(places, low)
    shares: Floats = (np.clip(inside, 0, 1) / scale).astype("float32")
    return np.minimum(places, given - 1), np.where(places < given, shares, np.float32(0))


def tf_bilinear(picture: Bytes, size: Size) -> Floats:
    """``tf.image.resize`` without ``antialias``, and Keras' Resizing layer: two taps in float32."""
    height, width, colours = picture.shape
    left, right, across = _taps(width, size[0])
    top, bottom, down = _taps(height, size[1])
    shares = across.repeat(colours)
    places = [_flat(one, colours) for one in (left, right)]
    found = np.empty((size[1], size[0] * colours), "float32")

    def lines(at: NDArray[np.int64]) -> Floats:
        taken = picture[at].reshape(len(at), -1)
        one = taken.take(places[0], axis=1).astype("float32")
        other = taken.take(places[1], axis=1).astype("float32")
        other -= one
        other *= shares
        one += other
        return one

    for part in _parts(size[1], len(shares)):
        above, below = lines(top[part]), lines(bottom[part])
        below -= above
        below *= down[part, None]
        above += below
        found[part] = above
    return found.reshape(size[1], size[0], colours)


OTHERS: dict[str, Callable[[Bytes, Size], NDArray[np.uint8] | Floats]] = {
    "cv-linear": cv_linear,
    "cv-area": cv_area,
    "tf-bilinear": tf_bilinear,
}
"""Name -> the function of a picture, shape (height, width, channels), and the size (width, height)
that is wanted.
"""
