"""Axes of charts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from keramos.drawing.svg import line, tag, tick_label, ticks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from markupsafe import Markup

WIDTH, HEIGHT = 360, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 12, 34


@dataclass(frozen=True, slots=True)
class Frame:
    """Two linear axes that turn numbers into pixels. ``across`` names the horizontal axis,
    ``along`` the vertical one.
    """

    left: float
    right: float
    bottom: float
    top: float
    across: str
    along: str

    def x(self, value: float) -> float:
        """The pixel of a number on the horizontal axis."""
        return _LEFT + (value - self.left) / (self.right - self.left) * (WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        """The pixel of a number on the vertical axis."""
        share = (value - self.bottom) / (self.top - self.bottom)
        return HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM)

    def at(self, points: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
        """The pixels of points."""
        return [(self.x(x), self.y(y)) for x, y in points]

    def axes(self, *, whole: bool = False) -> list[Markup]:
        """Grid lines with their numbers, and the names of both axes.

        ``whole`` leaves only whole numbers on the horizontal axis.
        """
        end, right = HEIGHT - _BOTTOM, WIDTH - _RIGHT
        drawn = []
        for value in ticks(self.bottom, self.top, 4):
            y = self.y(value)
            drawn.append(line([(_LEFT, y), (right, y)], "grid"))
            drawn.append(tag("text", tick_label(value), x=_LEFT - 6, y=y + 4, class_="tick end"))
        drawn += [
            tag("text", tick_label(value), x=self.x(value), y=end + 15, class_="tick middle")
            for value in ticks(self.left, self.right)
            if not whole or value == int(value)
        ]
        return [
            *drawn,
            line([(_LEFT, end), (right, end)], "axis"),
            tag("text", self.across, x=right, y=HEIGHT - 4, class_="axis-name end"),
            tag("text", self.along, x=_LEFT + 4, y=_TOP + 2, class_="axis-name"),
        ]
