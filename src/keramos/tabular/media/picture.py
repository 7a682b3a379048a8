"""The bytes of a picture -> the array that a network takes. Pillow decodes; NumPy does the rest."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import MissingExtraError
from keramos.tabular.cell import Refused
from keramos.tabular.media.by_pillow import resized_by_pillow
from keramos.tabular.media.parts import BoundedFile, too_many_parts
from keramos.tabular.media.resample import fitted_box, resized

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from PIL.Image import Image

    from keramos.types.schema import Picture

_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
_MOST_BYTES = 20_000_000
_MOST_PIXELS = 50_000_000
_MOST_SIDE = 20_000
_STRIP = 1 << 20  # pixels that are converted at a time
_ORIENTATION = 0x0112  # the tag of EXIF


def prepared(data: bytes, picture: Picture) -> NDArray[np.float32] | Refused:
    """A picture as the network takes it, shape (height, width, channels); or why not.

    Raises:
        MissingExtraError: Pillow is not installed.
    """
    pixels = seen(data, picture)
    if isinstance(pixels, Refused):
        return pixels
    scaled = pixels.astype("float32")
    if picture.divide != 1:
        scaled = scaled / np.float32(picture.divide)
    if picture.subtract:
        scaled = scaled - np.float32(picture.subtract)
    if picture.means:
        scaled = scaled - np.array(picture.means, "float32")
    if picture.deviations:
        scaled = scaled / np.array(picture.deviations, "float32")
    return scaled


def seen(data: bytes, picture: Picture) -> NDArray[np.generic] | Refused:
    """The pixels before they are scaled: what the model sees."""
    if len(data) > _MOST_BYTES:
        return Refused(f"a picture of {len(data):,} bytes; at most {_MOST_BYTES:,} are read")
    parts = too_many_parts(data)
    if parts:
        return Refused(f"a picture of {parts}")
    pixels = _fitted(data, picture)
    if isinstance(pixels, Refused):
        return pixels
    if picture.mode == "L" and pixels.shape[-1] > 1:
        pixels = _gray(pixels)
    return pixels[..., ::-1] if picture.mode == "BGR" else pixels


def _gray(pixels: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Colours as gray, with the weights of Pillow."""
    whole = pixels.astype(np.int64)
    sums = 19595 * whole[..., :1] + 38470 * whole[..., 1:2] + 7471 * whole[..., 2:3]
    return ((sums + 32768) >> 16).astype(np.uint8)


def _fitted(data: bytes, picture: Picture) -> NDArray[np.generic] | Refused:
    """A decoded picture in the size of the model, in colours or gray."""
    try:
        from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 (an extra)
    except ImportError:
        raise MissingExtraError(
            "pictures need Pillow", remedy="Install it with: pip install 'keramos[images]'"
        ) from None
    try:
        with (
            warnings.catch_warnings(action="ignore"),  # the size is checked here
            Image.open(BoundedFile(data), formats=_FORMATS) as opened,
        ):
            refused = _too_large(opened)
            if refused is not None:
                return refused
            gray = picture.mode == "L" and (picture.order == "convert" or opened.mode == "L")
            return _resized(opened, "L" if gray else "RGB", picture)
    except Image.DecompressionBombError:
        return Refused(f"a picture of more than {_MOST_PIXELS:,} pixels")
    except UnidentifiedImageError:
        return Refused(f"not a picture of a known format ({', '.join(_FORMATS)})")
    except Exception as error:  # noqa: BLE001 (hostile bytes in decoders of another library)
        return Refused(f"a picture that cannot be decoded: {str(error)[:100]}")


def _resized(opened: Image, mode: str, picture: Picture) -> NDArray[np.generic]:
    opened.load()  # a TIFF turns itself, so the size is known only now
    size, turn = (picture.width, picture.height), 1
    if picture.orientation == "apply":
        turn = opened.getexif().get(_ORIENTATION, 1)
    if turn not in _TURNED:
        box = _box(opened.width, opened.height, picture)
        found = resized_by_pillow(opened, mode, size, picture.method, box)
        if found is not None:
            return found
    pixels = _TURNED.get(turn, _as_it_is)(_pixels(opened, mode))
    height, width = pixels.shape[:2]
    return resized(pixels, size, picture.method, _box(width, height, picture))


def _box(width: int, height: int, picture: Picture) -> tuple[float, float, float, float]:
    """The part of a picture that the model sees."""
    if picture.fit == "crop":
        return fitted_box(width, height, (picture.width, picture.height))
    return (0.0, 0.0, float(width), float(height))


def _pixels(opened: Image, mode: str) -> NDArray[np.uint8]:
    """Gray or colours, shape (height, width, channels), converted in strips of rows: Pillow would
    hold a converted picture and two copies of its bytes beside the decoded one.
    """
    width, height = opened.size
    pixels = np.empty((height, width, 1 if mode == "L" else 3), np.uint8)
    step = max(_STRIP // width, 1)
    for top in range(0, height, step):
        strip = opened.crop((0, top, width, min(top + step, height))).convert(mode)
        pixels[top : top + step] = np.asarray(strip).reshape(-1, width, pixels.shape[2])
    return pixels


def _as_it_is(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return pixels


_TURNED: dict[int, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: pixels[::-1].swapaxes(0, 1),
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: lambda pixels: pixels[:, ::-1].swapaxes(0, 1),
}
"""Orientation in EXIF -> the picture as it is looked at, without a copy."""


def _too_large(opened: Image) -> Refused | None:
    """By the header, before a pixel is decoded."""
    width, height = opened.size
    if width * height > _MOST_PIXELS or max(width, height) > _MOST_SIDE:
        return Refused(
            f"a picture of {width:,} x {height:,} pixels; at most {_MOST_PIXELS:,} are decoded, "
            f"and {_MOST_SIDE:,} on a side"
        )
    return None
