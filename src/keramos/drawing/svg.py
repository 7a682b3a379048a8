"""Elements of SVG. Text becomes markup only here, and every text is escaped."""

from __future__ import annotations

from math import floor, isfinite, log10
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Scalar = str | int | float


def tag(name: str, *children: str | Markup, **attributes: Scalar) -> Markup:
    """One element. Children and attribute values that are not markup are escaped.

    Names come from this package only. ``_`` in an attribute's name becomes ``-``; one at the end is
    removed.
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_short(value))}"'
        for key, value in attributes.items()
    )
    inside = "".join(escape(child) for child in children)
    return Markup(f"<{name}{given}>{inside}</{name}>" if inside else f"<{name}{given}/>")  # noqa: S704 (escaped above)


def _short(value: Scalar) -> str:
    return point(value) if isinstance(value, float) else str(value)


def point(value: float) -> str:
    """A coordinate, to a tenth of a pixel."""
    return f"{value:.1f}".removesuffix(".0")


def picture(
    width: float, height: float, label: str, *children: Markup, class_: str = "chart"
) -> Markup:
    """A drawing of ``width`` by ``height`` pixels; ``label`` describes it for screen readers."""
    box = f"0 0 {point(width)} {point(height)}"
    return tag("svg", *children, viewBox=box, class_=class_, role="img", aria_label=label)


def path(points: Iterable[tuple[float, float]]) -> str:
    """The points joined by straight lines."""
    return "M" + "L".join(f"{point(x)} {point(y)}" for x, y in points)


def line(points: Iterable[tuple[float, float]], class_: str) -> Markup:
    """The points joined by straight lines, as an element."""
    return tag("path", d=path(points), class_=class_)


def circle(
    centre: tuple[float, float], radius: float, class_: str, title: str = "", **attributes: Scalar
) -> Markup:
    """A circle; ``title`` is its tooltip."""
    inside = [tag("title", title)] if title else []
    cx, cy = centre
    return tag("circle", *inside, cx=cx, cy=cy, r=radius, class_=class_, **attributes)


def dots(points: Iterable[tuple[float, float]]) -> str:
    """The points as lines of length 0; round line ends show them as dots."""
    return "".join(f"M{point(x)} {point(y)}h0" for x, y in points)


def boxes(rows: Iterable[tuple[float, float, float, float]]) -> str:
    """Rectangles (x, y, width, height) as one path, which is shorter than one element each."""
    return "".join(
        f"M{point(x)} {point(y)}h{point(w)}v{point(h)}h{point(-w)}z" for x, y, w, h in rows
    )


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers between ``low`` and ``high``, at most ``most`` + 1 of them."""
    wide = high - low
    if not wide > 0 or not isfinite(wide):
        return [low]
    step = 10.0 ** floor(log10(wide / most))
    step *= next(factor for factor in (1, 2, 5, 10) if wide / (step * factor) <= most)
    first = -floor(-low / step)
    found = []
    while (value := first * step) <= high + step * 1e-9:
        found.append(round(value, 12))
        first += 1
    return found


def tick_label(value: float) -> str:
    """The text of a number beside an axis."""
    if abs(value) >= 10_000:  # noqa: PLR2004 (longer numbers do not fit beside an axis)
        return f"{value / 1000:,.4g}k"
    return f"{value:.4g}"


def span(values: Sequence[float]) -> tuple[float, float]:
    """Smallest and largest value; 0.5 to either side where all are equal."""
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, high + 0.5)
