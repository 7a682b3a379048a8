"""Paragraphs, pairs and tables of text that fit a screen of any width."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING

from keramos.report.screen import cells

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from keramos.report.screen import Screen
    from keramos.types.view import Pair

_GAP = "  "
_LEAST = 24  # narrowest wrapped column; narrower text is written on lines beneath the row
_LABEL = 12
HELD = "\N{NO-BREAK SPACE}"
"""A blank at which lines do not break."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table. ``right`` aligns numbers; ``wraps`` allows several lines, or lines
    beneath the row.
    """

    title: str
    right: bool = False
    wraps: bool = False


@dataclass(frozen=True, slots=True)
class _Grid:
    """The columns of a table on a screen, with their widths in characters."""

    screen: Screen
    columns: Sequence[Column]
    widths: Sequence[int]
    indent: str

    @property
    def width(self) -> int:
        return sum(self.widths) + len(_GAP) * (len(self.widths) - 1)

    def head(self) -> str:
        titles = self.line([column.title for column in self.columns])
        return self.indent + self.screen.styled(titles, "soft")

    def line(self, parts: Sequence[str]) -> str:
        return _GAP.join(
            padded(cell, width, right=column.right)
            for column, cell, width in zip(self.columns, parts, self.widths, strict=True)
        ).rstrip()


def heading(screen: Screen, title: str) -> str:
    """The title of a section."""
    return screen.styled(screen.clean(title), "head")


def paragraph(screen: Screen, text: str, first: str = "", rest: str = "") -> list[str]:
    """A text as lines, the first after ``first``, the others after ``rest``."""
    lines = wrapped(screen.clean(text), screen.width - max(cells(first), cells(rest)))
    return [(rest if place else first) + line for place, line in enumerate(lines)]


def pairs(
    screen: Screen, items: Iterable[Pair], indent: str = "", label: int = _LABEL
) -> list[str]:
    """Names with their values beside them; a value goes beneath a name that is too wide."""
    shown = [(screen.clean(name), value) for name, value in items]
    most = max((cells(name) for name, _ in shown), default=0)
    short = all(
        most + 1 + cells(screen.clean(value)) <= screen.width - cells(indent) for _, value in shown
    )
    beside = max(label, most if short else min(most, screen.width // 4))
    lines = []
    for name, value in shown:
        if cells(name) > beside:
            lines += paragraph(screen, name, indent, indent)
            lines += paragraph(screen, value, f"{indent}  ", f"{indent}  ")
            continue
        blank = indent + " " * (beside + 1)
        lines += (
            paragraph(screen, value, f"{indent}{padded(name, beside)} ", blank)
            if value
            else [indent + name]
        )
    return lines


def table(
    screen: Screen, columns: Sequence[Column], rows: Iterable[Sequence[object]], indent: str = ""
) -> list[str]:
    """A table. In a narrower terminal texts wrap, then go beneath their row, then rows stack."""
    columns = [replace(column, title=screen.clean(column.title)) for column in columns]
    clean = [[screen.clean(cell) for cell in row] for row in rows]
    widths = [
        max([cells(column.title), *(cells(row[at]) for row in clean)])
        for at, column in enumerate(columns)
    ]
    most, grid = screen.width - cells(indent), _Grid(screen, columns, widths, indent)
    if screen.piped or grid.width <= most:
        return _beside(grid, clean)
    shrunk = _shrunk(grid, most)
    if shrunk is not None:
        return _beside(shrunk, clean)
    kept = [at for at, column in enumerate(columns) if not column.wraps]
    narrow = _Grid(screen, [columns[at] for at in kept], [widths[at] for at in kept], indent)
    if len(kept) > 1 and narrow.width <= most:
        return _beneath(narrow, kept, columns, clean)
    return _stacked(grid, clean)


def _shrunk(grid: _Grid, most: int) -> _Grid | None:
    """A grid of at most ``most`` characters: the widest column that wraps gives way first.

    None where such a column would become narrower than ``_LEAST``.
    """
    widths = list(grid.widths)
    able = [at for at, column in enumerate(grid.columns) if column.wraps and widths[at] > _LEAST]
    for _ in range(grid.width - most):
        widest = max(able, key=lambda at: widths[at], default=None)
        if widest is None or widths[widest] <= _LEAST:
            return None
        widths[widest] -= 1
    return replace(grid, widths=widths)


def _beside(grid: _Grid, rows: Iterable[Sequence[str]]) -> list[str]:
    """Each row as one line, or as several where a cell wraps."""
    lines = [grid.head()]
    for row in rows:
        parts = [wrapped(cell, width) for cell, width in zip(row, grid.widths, strict=True)]
        lines += [grid.indent + grid.line(part) for part in zip_longest(*parts, fillvalue="")]
    return lines


def _beneath(
    narrow: _Grid, kept: Sequence[int], columns: Sequence[Column], rows: Iterable[Sequence[str]]
) -> list[str]:
    """The columns ``kept`` of each row as one line, and its texts beneath."""
    lines = [narrow.head()]
    indent = f"{narrow.indent}    "
    for row in rows:
        lines.append(narrow.indent + narrow.line([row[at] for at in kept]))
        texts = [
            (column.title, cell)
            for column, cell in zip(columns, row, strict=True)
            if column.wraps and cell
        ]
        text = texts[0][1] if len(texts) == 1 else "; ".join(map(" ".join, texts))
        lines += paragraph(narrow.screen, text, indent, indent) if text else []
    return lines


def _stacked(grid: _Grid, rows: Iterable[Sequence[str]]) -> list[str]:
    """Each row as its first cell, with the titles and texts of the others beneath."""
    lines, indent = [], f"{grid.indent}  "
    for first, *others in rows:
        cells_of_row = zip(grid.columns[1:], others, strict=True)
        text = "; ".join(f"{column.title} {cell}" for column, cell in cells_of_row if cell)
        lines += paragraph(grid.screen, first, grid.indent, indent)
        lines += paragraph(grid.screen, text, indent, indent) if text else []
    return lines


def padded(text: str, width: int, *, right: bool = False) -> str:
    """A text filled up with blanks to ``width`` columns; a wider one as it is."""
    blank = " " * max(width - cells(text), 0)
    return blank + text if right else text + blank


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most ``width`` columns, broken at blanks; a word is broken only where it is
    longer than a line.
    """
    width = max(width, 2)  # a wide character needs two
    if cells(text) <= width:
        return [text.replace(HELD, " ")]
    lines, line = [], ""
    for piece in text.split(" "):
        if line and cells(line) + 1 + cells(piece) <= width:
            line = f"{line} {piece}"
            continue
        lines += [line] if line else []
        line = piece
        while cells(line) > width:
            fits = _fitting(line, width)
            lines.append(line[:fits])
            line = line[fits:]
    return [found.replace(HELD, " ") for found in ([*lines, line] if line else lines or [""])]


def _fitting(text: str, width: int) -> int:
    """How many characters of a text fit into ``width`` columns."""
    taken = 0
    for place, character in enumerate(text):
        taken += cells(character)
        if taken > width:
            return place
    return len(text)
