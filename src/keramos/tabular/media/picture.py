"""The bytes of a picture -> the array that a network takes. Pillow decodes; NumPy does the rest."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import MissingExtraError
from keramos.tabular.cell import Refused
from keramos.tabular.media.resample import fitted_box, resized

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    from keramos.types.schema import Picture

_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
_MOST_BYTES = 20_000_000
_MOST_PIXELS = 50_000_000
_MOST_SIDE = 20_000


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
    decoded = _decoded(data, picture)
    if isinstance(decoded, Refused):
        return decoded
    size = (picture.width, picture.height)
    height, width = decoded.shape[:2]
    whole = (0.0, 0.0, float(width), float(height))
    box = fitted_box(width, height, size) if picture.fit == "crop" else whole
    pixels = resized(decoded, size, picture.method, box)
    if picture.mode == "L" and pixels.shape[-1] > 1:
        pixels = _gray(pixels)
    return pixels[..., ::-1] if picture.mode == "BGR" else pixels


def _gray(pixels: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Colours as gray, with the weights of Pillow."""
    whole = pixels.astype(np.int64)
    sums = 19595 * whole[..., :1] + 38470 * whole[..., 1:2] + 7471 * whole[..., 2:3]
    return ((sums + 32768) >> 16).astype(np.uint8)


def _decoded(data: bytes, picture: Picture) -> NDArray[np.uint8] | Refused:
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError  # noqa: PLC0415 (an extra)
    except ImportError:
        raise MissingExtraError(
            "pictures need Pillow", remedy="Install it with: pip install 'keramos[images]'"
        ) from None
    try:
        with (
            warnings.catch_warnings(),
            Image.open(io.BytesIO(data), formats=_FORMATS) as opened,
        ):
            warnings.simplefilter("ignore")  # the size is checked here
            refused = _too_large(opened)
            if refused is not None:
                return refused
            turned = ImageOps.exif_transpose(opened) if picture.orientation == "apply" else opened
            gray = picture.mode == "L" and (picture.order == "convert" or turned.mode == "L")
            pixels = np.asarray(turned.convert("L" if gray else "RGB"))
    except Image.DecompressionBombError:
        return Refused(f"a picture of more than {_MOST_PIXELS:,} pixels")
    except UnidentifiedImageError:
        return Refused(f"not a picture of a known format ({', '.join(_FORMATS)})")
    except (OSError, ValueError, SyntaxError, EOFError, OverflowError) as error:
        return Refused(f"a picture that cannot be decoded: {str(error)[:100]}")
    return pixels[..., None] if pixels.ndim == 2 else pixels  # noqa: PLR2004 (gray)


def _too_large(opened: Image) -> Refused | None:
    """By the header, before a pixel is decoded."""
    width, height = opened.size
    if width * height > _MOST_PIXELS or max(width, height) > _MOST_SIDE:
        return Refused(
            f"a picture of {width:,} x {height:,} pixels; at most {_MOST_PIXELS:,} are decoded, "
            f"and {_MOST_SIDE:,} on a side"
        )
    return None
