"""Histograms of columns: bars over an axis of numbers, or one bar a category under its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.drawing.svg import boxes, line, path, picture, tag, tick_label, ticks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markupsafe import Markup

    from keramos.types.view import Bars

_WIDE = 300.0
_LEFT, _TOP, _BOTTOM, _HIGH = 36.0, 8.0, 64.0, 84.0
_ROW, _BAR = 33.0, 8.0
_ROWS = 8
"""Categories with a bar of their own; the others share one."""
_LETTERS = 34


def histogram(bars: Bars, live: Sequence[int] = (), label: str = "") -> Markup | None:
    """Training rows as bars and live rows as an outline, each as shares of its own rows; None where
    the file records no counts.
    """
    if not bars.counts:
        return None
    label = label or f"histogram of {len(bars.counts)} bars"
    return _numbers(bars, live, label) if bars.edges else _categories(bars, live, label)


def _shares(counts: Sequence[int]) -> list[float]:
    total = sum(counts) or 1
    return [count / total for count in counts]


def _numbers(bars: Bars, live: Sequence[int], label: str) -> Markup:
    training, now = _shares(bars.counts), _shares(live) if sum(live) else []
    top = max([*training, *now]) or 1.0
    each = (_WIDE - _LEFT) / len(training)
    tall = [share / top * (_BOTTOM - _TOP) for share in training]
    columns = [
        (_LEFT + place * each + 0.5, _BOTTOM - high, max(each - 1, 1), high)
        for place, high in enumerate(tall)
        if high
    ]
    drawn = [*_axes(bars, top), tag("path", d=boxes(columns), class_="bar")]
    if now:
        drawn.append(line(_outline(now, top, each), "line live"))
    return picture(_WIDE, _HIGH, label, *drawn, class_="chart small")


def _axes(bars: Bars, top: float) -> Iterator[Markup]:
    """Shares of rows to the left, numbers below."""
    low, high = bars.edges[0], bars.edges[-1]
    yield tag("text", f"{top:.0%}", x=_LEFT - 5, y=_TOP + 4, class_="tick end")
    yield tag("text", "0", x=_LEFT - 5, y=_BOTTOM + 1, class_="tick end")
    yield line([(_LEFT, _TOP), (_WIDE, _TOP)], "grid")
    yield line([(_LEFT, _BOTTOM + 0.5), (_WIDE, _BOTTOM + 0.5)], "axis")
    span = (high - low) or 1.0
    for value in ticks(low, high, 4):
        x = _LEFT + (value - low) / span * (_WIDE - _LEFT)
        side = "end" if x > _WIDE - 16 else "middle"
        yield line([(x, _BOTTOM), (x, _BOTTOM + 4)], "axis")
        yield tag("text", tick_label(value), x=x, y=_BOTTOM + 16, class_=f"tick {side}")


def _outline(shares: Sequence[float], top: float, each: float) -> list[tuple[float, float]]:
    corners = []
    for place, share in enumerate(shares):
        y = _BOTTOM - share / top * (_BOTTOM - _TOP)
        corners += [(_LEFT + place * each, y), (_LEFT + (place + 1) * each, y)]
    return corners


def _categories(bars: Bars, live: Sequence[int], label: str) -> Markup:
    names, training = _few(bars.labels, _shares(bars.counts))
    _, now = _few(bars.labels, _shares(live)) if sum(live) else ((), [])
    top = max([*training, *now]) or 1.0
    drawn = []
    for place, (name, share) in enumerate(zip(names, training, strict=True)):
        y = place * _ROW
        wide = max(share / top * _WIDE, 1.0)
        drawn.append(tag("path", d=boxes([(0, y, wide, _BAR)]), class_="bar"))
        drawn.append(tag("text", _short(name), x=0, y=y + _BAR + 12, class_="tick"))
        drawn.append(tag("text", f"{share:.1%}", x=_WIDE, y=y + _BAR + 12, class_="tick end"))
    if now:
        ends = [(share / top * _WIDE, place * _ROW) for place, share in enumerate(now)]
        marks = "".join(path([(x, y - 1), (x, y + _BAR + 1)]) for x, y in ends)
        drawn.append(tag("path", d=marks, class_="line live"))
    return picture(_WIDE, len(names) * _ROW, label, *drawn, class_="chart small")


def _few(labels: Sequence[str], shares: Sequence[float]) -> tuple[Sequence[str], list[float]]:
    """The first categories, and all others as one."""
    if len(labels) <= _ROWS:
        return labels, list(shares)
    rest = len(labels) - _ROWS + 1
    kept = list(shares[: _ROWS - 1])
    return (*labels[: _ROWS - 1], f"{rest} others"), [*kept, sum(shares[_ROWS - 1 :])]


def _short(text: str) -> str:
    return text if len(text) <= _LETTERS else f"{text[: _LETTERS - 1]}…"
