"""The axes that charts are drawn in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from keramos.report.svg import path, say, tag, ticks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from markupsafe import Markup

WIDTH, HEIGHT = 360, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 12, 34


@dataclass(frozen=True, slots=True)
class Frame:
    """Two linear axes; numbers in, pixels out. ``across`` and ``along`` name the axes."""

    left: float
    right: float
    bottom: float
    top: float
    across: str
    along: str

    def x(self, value: float) -> float:
        """A number on the horizontal axis as a pixel."""
        return _LEFT + (value - self.left) / (self.right - self.left) * (WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        """A number on the vertical axis as a pixel."""
        return (
            HEIGHT
            - _BOTTOM
            - (value - self.bottom) / (self.top - self.bottom) * (HEIGHT - _TOP - _BOTTOM)
        )

    def at(self, points: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
        """Points as pixels."""
        return [(self.x(x), self.y(y)) for x, y in points]

    def axes(self, *, whole: bool = False) -> list[Markup]:
        """Grid lines, their numbers, and the names of both axes; ``whole``: only whole numbers
        across.
        """
        end = HEIGHT - _BOTTOM
        drawn = []
        for value in ticks(self.bottom, self.top, 4):
            y = self.y(value)
            drawn.append(tag("path", d=path([(_LEFT, y), (WIDTH - _RIGHT, y)]), class_="grid"))
            drawn.append(tag("text", say(value), x=_LEFT - 6, y=y + 4, class_="tick end"))
        shown = [
            value for value in ticks(self.left, self.right) if not whole or value == int(value)
        ]
        drawn += [
            tag("text", say(value), x=self.x(value), y=end + 15, class_="tick middle")
            for value in shown
        ]
        drawn.append(tag("path", d=path([(_LEFT, end), (WIDTH - _RIGHT, end)]), class_="axis"))
        drawn.append(
            tag("text", self.across, x=WIDTH - _RIGHT, y=HEIGHT - 4, class_="axis-name end")
        )
        drawn.append(tag("text", self.along, x=_LEFT + 4, y=_TOP + 2, class_="axis-name"))
        return drawn
