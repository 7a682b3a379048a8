"""Pictures of what a model sees: a prepared picture with its patches, a series and its forecast."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

import numpy as np

from keramos.drawing.frame import HEIGHT, WIDTH, Frame
from keramos.drawing.png import png
from keramos.drawing.svg import circle, line, picture, span, tag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup
    from numpy.typing import NDArray

    from keramos.types.seen import Occlusion, SeenPicture, SeenSeries

_SIDE = 280.0
_MOST_PIXELS = 512
"""On a side; larger pictures are drawn from every second pixel, or fewer."""
_STRONGEST = 0.72
_MARGIN = 0.08
_PLACES = (("top", "middle", "bottom"), ("left", "middle", "right"))
_BAR = (160.0, 14.0)


def prepared(seen: SeenPicture, hidden: Occlusion | None = None) -> Markup:
    """The prepared picture; with ``hidden``, patches that mattered are coloured."""
    rows, columns, _ = seen.pixels.shape
    width = _SIDE * min(columns / rows, 1.0)
    height = _SIDE * min(rows / columns, 1.0)
    image = tag(
        "image",
        href="data:image/png;base64," + b64encode(png(_thinned(seen.pixels))).decode(),
        width=width,
        height=height,
        preserveAspectRatio="none",
    )
    label = f"the picture as the model sees it, {columns} x {rows} pixels"
    if hidden is None:
        return picture(width, height, label, image, class_="chart seen")
    patches = _patches(hidden.lost, width, height)
    label = f"{label}, coloured where it mattered: {where(hidden)}"
    return picture(width, height, label, image, *patches, class_="chart seen")


def where(hidden: Occlusion) -> str:
    """In words where a picture mattered most."""
    lost = hidden.lost
    if lost.max() <= 0:
        return f"hiding any part does not lower the {hidden.about}"
    at = np.unravel_index(int(lost.argmax()), lost.shape)
    names = [
        words[int(place * 3 // size)]
        for words, place, size in zip(_PLACES, at, lost.shape, strict=True)
    ]
    place = "middle" if names == ["middle", "middle"] else " ".join(names)
    return (
        f"hiding a part at the {place} lowers the {hidden.about} most, from "
        f"{hidden.score:.3g} to {hidden.score - float(lost.max()):.3g}"
    )


def _thinned(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    step = -(-max(pixels.shape[:2]) // _MOST_PIXELS)
    return pixels[::step, ::step]


def _patches(lost: NDArray[np.float64], width: float, height: float) -> list[Markup]:
    """A rectangle for each patch, the stronger the more of the score is lost without it."""
    rows, columns = lost.shape
    most = float(np.abs(lost).max()) or 1.0
    wide, high = width / columns, height / rows
    return [
        tag(
            "rect",
            tag("title", f"row {row + 1}, column {column + 1}: {-value:+.3g}"),
            x=column * wide,
            y=row * high,
            width=wide,
            height=high,
            fill_opacity=f"{abs(value) / most * _STRONGEST:.2f}",
            class_="patch up" if value > 0 else "patch down",
        )
        for (row, column), value in np.ndenumerate(lost)
    ]


def share(value: float) -> Markup:
    """A score between 0 and 1 as a bar; the number stands beside it."""
    width, height = _BAR
    length = min(max(value, 0.0), 1.0) * width
    track = tag("rect", x=0, y=2, width=width, height=height - 4, rx=4, class_="track")
    fill = tag("rect", x=0, y=2, width=max(length, 0.5), height=height - 4, rx=4, class_="fill")
    return picture(width, height, f"{value:.4g}", track, fill, class_="chart inline")


def series(seen: SeenSeries) -> Markup:
    """The last rows of a series, its window shaded, and the forecast behind them."""
    values = seen.rows.tolist()
    low, high = span([*values, *seen.forecast])
    above = (high - low) * _MARGIN
    last = len(seen.forecast) or 1
    frame = Frame(1 - len(values), max(last, 1), low - above, high + above, "row", seen.column)
    window = frame.x(1 - min(seen.window, len(values)))
    shade = tag(
        "rect",
        x=window,
        y=frame.y(high + above),
        width=max(frame.x(0) - window, 1.0),
        height=frame.y(low - above) - frame.y(high + above),
        class_="window",
    )
    past = frame.at((place - len(values) + 1, value) for place, value in enumerate(values))
    drawn = [shade, *frame.axes(whole=True), line(past, "line training")]
    if seen.forecast:
        drawn += _forecast(frame, values[-1], seen.forecast)
    return picture(WIDTH, HEIGHT, told(seen), *drawn)


def told(seen: SeenSeries) -> str:
    """In words what a chart of a series shows."""
    said = f"the last {len(seen.rows)} rows of {seen.column}; the model sees {seen.window}"
    if not seen.forecast:
        return said
    values = ", ".join(f"{value:.5g}" for value in seen.forecast[:5])
    return f"{said} and says that {values} follows {float(seen.rows[-1]):.5g}"


def _forecast(frame: Frame, last: float, values: Sequence[float]) -> list[Markup]:
    points = frame.at([(0, last), *enumerate(values, 1)])
    dots = [
        circle(point, 4, "dot held-out", f"{value:.5g}")
        for point, value in zip(points[1:], values, strict=True)
    ]
    return [line(points, "line held-out"), *dots]
