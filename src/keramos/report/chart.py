"""Small charts made of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def bars(values: Sequence[float], width: int) -> list[str]:
    """One horizontal bar a value, the longest ``width`` wide."""
    top = max(values, default=0.0)
    return ["█" * max(1, round(value / top * width)) if top > 0 and value > 0 else "" for value in values]


def lines(series: Sequence[tuple[str, Sequence[float]]], height: int = 8) -> list[str]:
    """Several series over the same steps as points of text: the first letter of a series marks its values.

    Where two series meet, ``*`` stands.
    """
    values = [value for _, points in series for value in points]
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    steps = max(len(points) for _, points in series)
    grid = [[" "] * (3 * steps) for _ in range(height)]
    for name, points in series:
        for step, value in enumerate(points):
            row = round((high - value) / span * (height - 1))
            cell = grid[row][3 * step + 1]
            grid[row][3 * step + 1] = name[0] if cell == " " else "*"
    labels = [f"{high - span * row / (height - 1):8.4g} |" for row in range(height)]
    drawn = [(label + "".join(cells)).rstrip() for label, cells in zip(labels, grid, strict=True)]
    axis = " " * 8 + " +" + "---" * steps
    ticks = " " * 10 + "".join(f"{step + 1:^3}" for step in range(steps))
    return [*drawn, axis, ticks.rstrip()]
