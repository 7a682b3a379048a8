"""Drawing with elements of SVG: the one place where text becomes markup, and everything given is
escaped.
"""

from __future__ import annotations

from math import floor, isfinite, log10
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Scalar = str | int | float


def tag(name: str, *children: str | Markup, **attributes: Scalar) -> Markup:
    """One element. Children and attribute values that are not markup are escaped.

    Names come from this package only; ``_`` in an attribute's name stands for ``-``, and one at the
    end for nothing.
    """
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_short(value))}"'
        for key, value in attributes.items()
    )
    inside = "".join(escape(child) for child in children)
    return Markup(f"<{name}{said}>{inside}</{name}>" if inside else f"<{name}{said}/>")  # noqa: S704 (escaped above)


def _short(value: Scalar) -> str:
    return point(value) if isinstance(value, float) else str(value)


def point(value: float) -> str:
    """A coordinate: a tenth of a pixel is enough."""
    return f"{value:.1f}".removesuffix(".0")


def picture(
    width: float, height: float, label: str, *children: Markup, class_: str = "chart"
) -> Markup:
    """A whole drawing; ``label`` says in words what it shows."""
    box = f"0 0 {point(width)} {point(height)}"
    return tag("svg", *children, viewBox=box, class_=class_, role="img", aria_label=label)


def path(points: Iterable[tuple[float, float]]) -> str:
    """The points joined by straight lines."""
    return "M" + "L".join(f"{point(x)} {point(y)}" for x, y in points)


def dots(points: Iterable[tuple[float, float]]) -> str:
    """The points as lines of no length, which round line ends turn into dots."""
    return "".join(f"M{point(x)} {point(y)}h0" for x, y in points)


def boxes(rows: Iterable[tuple[float, float, float, float]]) -> str:
    """Rectangles (x, y, width, height) as one path: a fraction of the size of many elements."""
    return "".join(
        f"M{point(x)} {point(y)}h{point(w)}v{point(h)}h{point(-w)}z" for x, y, w, h in rows
    )


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers between two numbers, at most ``most`` + 1 of them."""
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


def say(value: float) -> str:
    """A number at an axis."""
    if abs(value) >= 10_000:  # noqa: PLR2004 (longer numbers do not fit beside an axis)
        return f"{value / 1000:,.4g}k"
    return f"{value:.4g}"


def span(values: Sequence[float]) -> tuple[float, float]:
    """Smallest and largest, apart where all are equal."""
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, high + 0.5)
