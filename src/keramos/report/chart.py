"""Small charts made of text; ``Screen.drawn`` turns them into ASCII."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_LEVELS = "▁▂▃▄▅▆▇█"
_PARTS = " ▏▎▍▌▋▊▉█"


def bar(share: float, width: int) -> str:
    """A horizontal bar, ``width`` wide for a share of 1; a share above 0 is always visible."""
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    if share > 0:
        eighths = max(eighths, 1)
    whole, part = divmod(eighths, 8)
    return "█" * whole + (_PARTS[part] if part else "")


def diverging(share: float, half: int) -> str:
    """A bar to the right of a line for shares above 0, to the left for those below."""
    length = round(abs(share) * half) or (1 if share else 0)
    left = "█" * length if share < 0 else ""
    right = "█" * length if share > 0 else ""
    return f"{left:>{half}}│{right}"


def gauge(score: float, threshold: float, width: int) -> str:
    """A score between 0 and 1 as a bar, with a line at the threshold."""
    filled = round(min(max(score, 0.0), 1.0) * width)
    mark = min(round(threshold * width), width - 1)
    return "".join("┃" if at == mark else "█" if at < filled else "·" for at in range(width))


def spark(values: Sequence[float], width: int = 24) -> str:
    """One character for each value, thinned to ``width`` values: a blank for 0, else a bar."""
    shown = _thinned(values, width)
    top = max(shown, default=0.0)
    if top <= 0:
        return " " * len(shown)
    return "".join(_LEVELS[min(int(value / top * 8), 7)] if value > 0 else " " for value in shown)


def _thinned(values: Sequence[float], width: int) -> list[float]:
    """The largest of each group of neighbours."""
    if len(values) <= width:
        return list(values)
    edges = [round(at * len(values) / width) for at in range(width + 1)]
    return [max(values[low:high]) for low, high in pairwise(edges)]


def lines(
    series: Sequence[tuple[str, Sequence[float]]], width: int = 100, height: int = 8
) -> list[str]:
    """Several series over the same steps as a chart of text.

    The first letter of a series marks its values, ``*`` marks values of two series. Steps are
    thinned to what fits ``width``.
    """
    steps = max(len(points) for _, points in series)
    taken = _steps(steps, max((width - 10) // 3, 2))
    values = [points[step] for _, points in series for step in taken]
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    grid = [[" "] * (3 * len(taken)) for _ in range(height)]
    for name, points in series:
        for place, step in enumerate(taken):
            row = grid[round((high - points[step]) / span * (height - 1))]
            row[3 * place + 1] = name[0] if row[3 * place + 1] == " " else "*"
    labels = [f"{high - span * row / (height - 1):8.4g} |" for row in range(height)]
    drawn = [(label + "".join(row)).rstrip() for label, row in zip(labels, grid, strict=True)]
    every = 1 if steps < 100 else 2  # noqa: PLR2004 (three digits need more room)
    ticks = " " * 10 + "".join(f"{step + 1:^{3 * every}}" for step in taken[::every])
    return [*drawn, " " * 9 + "+" + "---" * len(taken), ticks.rstrip()]


def _steps(count: int, most: int) -> list[int]:
    """At most ``most`` evenly spread steps, with the first and the last."""
    if count <= most:
        return list(range(count))
    return sorted({round(at * (count - 1) / (most - 1)) for at in range(most)})
