"""Resizing by Pillow's own passes, where they give what ``resample`` gives: columns first, then
rows, each in a call of its own, because Pillow 13 chooses the order of both in one call.

The decoded picture is converted in strips of rows, so that it is never held twice.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from keramos.tabular.media.resample import FILTERS, fitted_box, resized

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    Box = tuple[float, float, float, float]

_STRIP = 1 << 20  # pixels that are converted at a time
_ANY_ORDER = frozenset({"L", "RGB", "RGBA", "P", "CMYK"})
"""Modes whose pixels Pillow picks as they are; converted before or after, they are the same."""


def resized_by_pillow(
    opened: Image, mode: str, size: tuple[int, int], method: str, box: Box
) -> NDArray[np.uint8] | None:
    """A part of a loaded picture in another size and in ``mode`` (L or RGB), shape (height, width,
    channels); None where ``resample`` has to do it.
    """
    whole = (0.0, 0.0, float(opened.width), float(opened.height))
    if not _agrees(method) or (box == whole and size == opened.size):
        return None
    if method == "nearest":
        if opened.mode not in _ANY_ORDER:
            return None
        found = opened.resize(size, _resampling(method), box).convert(mode)
    else:
        columns = _columns(opened, mode, size[0], method, box)
        found = columns.resize(size, _resampling(method), (0, box[1], size[0], box[3]))
    pixels: NDArray[np.uint8] = np.asarray(found).reshape(size[1], size[0], -1)
    return pixels


def _columns(opened: Image, mode: str, width: int, method: str, box: Box) -> Image:
    """The first pass, for all rows."""
    from PIL import Image  # noqa: PLC0415 (an extra)

    by, height = _resampling(method), opened.height
    if opened.mode == mode:
        return opened.resize((width, height), by, (box[0], 0, box[2], height))
    found = Image.new(mode, (width, height))
    step = max(_STRIP // opened.width, 1)
    for top in range(0, height, step):
        rows = min(step, height - top)
        strip = opened.crop((0, top, opened.width, top + rows)).convert(mode)
        found.paste(strip.resize((width, rows), by, (box[0], 0, box[2], rows)), (0, top))
    return found


def _resampling(method: str) -> int:
    from PIL import Image  # noqa: PLC0415 (an extra)

    return Image.Resampling[method.upper()]


@cache
def _agrees(method: str) -> bool:
    """Whether the Pillow of this process gives, for small pictures, what ``resample`` gives."""
    from PIL import Image  # noqa: PLC0415 (an extra)

    if method != "nearest" and method not in FILTERS:
        return False
    pixels = np.random.default_rng(3).integers(0, 256, (30, 37, 3)).astype("uint8")
    opened, by = Image.fromarray(pixels), _resampling(method)
    for size in ((7, 11), (50, 9), (12, 61)):
        box = fitted_box(37, 30, size)
        if method == "nearest":
            found = opened.resize(size, by, box)
        else:
            columns = _columns(opened, "RGB", size[0], method, box)
            found = columns.resize(size, by, (0, box[1], size[0], box[3]))
        if not np.array_equal(np.asarray(found), resized(pixels, size, method, box)):
            return False
    return True
