"""Paragraphs, pairs and tables of text that fit a screen of any width."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from keramos.report.screen import cells

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from keramos.report.screen import Screen
    from keramos.types.view import Pair

_GAP = "  "
_LEAST = 24  # of a column that wraps; below it a line of its own reads better
_LABEL = 12
HELD = "\N{NO-BREAK SPACE}"
"""A blank at which no line breaks."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table. ``right``: numbers; ``wraps``: may take several lines, or lines of its
    own beneath.
    """

    title: str
    right: bool = False
    wraps: bool = False


def heading(screen: Screen, title: str) -> str:
    """The title of a section."""
    return screen.styled(screen.clean(title), "head")


def paragraph(screen: Screen, text: str, first: str = "", rest: str = "") -> list[str]:
    """A text as lines, the first after ``first``, the others after ``rest``."""
    room = screen.width - max(cells(first), cells(rest))
    lines = wrapped(screen.clean(text), room)
    return [(rest if place else first) + line for place, line in enumerate(lines)]


def pairs(
    screen: Screen, items: Iterable[Pair], indent: str = "", label: int = _LABEL
) -> list[str]:
    """Names on the left, values beside them; values beneath where there is no room beside."""
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
    """A table as wide as it needs to be; where a window is narrower, texts wrap, then rows
    stack.
    """
    columns = [replace(column, title=screen.clean(column.title)) for column in columns]
    clean = [[screen.clean(cell) for cell in row] for row in rows]
    widths = [
        max([cells(column.title), *(cells(row[at]) for row in clean)])
        for at, column in enumerate(columns)
    ]
    room = screen.width - cells(indent)
    if screen.piped or _total(widths) <= room:
        return _beside(screen, columns, clean, widths, indent)
    shrunk = _shrunk(columns, widths, room)
    if shrunk is not None:
        return _beside(screen, columns, clean, shrunk, indent)
    kept = [at for at, column in enumerate(columns) if not column.wraps]
    if len(kept) > 1 and _total([widths[at] for at in kept]) <= room:
        return _beneath(screen, columns, clean, widths, indent)
    return _stacked(screen, columns, clean, indent)


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def _shrunk(columns: Sequence[Column], widths: Sequence[int], room: int) -> list[int] | None:
    """Widths that fit, taken from the columns that wrap, the widest first; None where those would
    become too small.
    """
    found, able = (
        list(widths),
        [at for at, column in enumerate(columns) if column.wraps and widths[at] > _LEAST],
    )
    while _total(found) > room:
        widest = max(able, key=lambda at: found[at], default=None)
        if widest is None or found[widest] <= _LEAST:
            return None
        found[widest] -= 1
    return found


def _beside(
    screen: Screen,
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    widths: Sequence[int],
    indent: str,
) -> list[str]:
    lines = [_head(screen, columns, widths, indent)]
    for row in rows:
        parts = [wrapped(cell, width) for cell, width in zip(row, widths, strict=True)]
        lines += [
            indent + _line(columns, [part[at] if at < len(part) else "" for part in parts], widths)
            for at in range(max(map(len, parts)))
        ]
    return lines


def _beneath(
    screen: Screen,
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    widths: Sequence[int],
    indent: str,
) -> list[str]:
    """Texts under the numbers of their row."""
    kept = [at for at, column in enumerate(columns) if not column.wraps]
    narrow, sizes = [columns[at] for at in kept], [widths[at] for at in kept]
    lines = [_head(screen, narrow, sizes, indent)]
    for row in rows:
        lines.append(indent + _line(narrow, [row[at] for at in kept], sizes))
        said = [
            (column.title, row[at]) for at, column in enumerate(columns) if column.wraps and row[at]
        ]
        text = said[0][1] if len(said) == 1 else "; ".join(" ".join(pair) for pair in said)
        lines += paragraph(screen, text, f"{indent}    ", f"{indent}    ") if text else []
    return lines


def _stacked(
    screen: Screen, columns: Sequence[Column], rows: Sequence[Sequence[str]], indent: str
) -> list[str]:
    """Each row as its first cell, and beneath it what the others say."""
    lines = []
    for first, *others in rows:
        said = [
            f"{column.title} {cell}"
            for column, cell in zip(columns[1:], others, strict=True)
            if cell
        ]
        lines += paragraph(screen, first, indent, f"{indent}  ")
        lines += paragraph(screen, "; ".join(said), f"{indent}  ", f"{indent}  ") if said else []
    return lines


def _head(screen: Screen, columns: Sequence[Column], widths: Sequence[int], indent: str) -> str:
    return indent + screen.styled(
        _line(columns, [column.title for column in columns], widths), "soft"
    )


def _line(columns: Sequence[Column], parts: Sequence[str], widths: Sequence[int]) -> str:
    return _GAP.join(
        padded(part, width, right=column.right)
        for column, part, width in zip(columns, parts, widths, strict=True)
    ).rstrip()


def padded(text: str, width: int, *, right: bool = False) -> str:
    """A text on as many columns, or on its own where it is wider."""
    blank = " " * max(width - cells(text), 0)
    return blank + text if right else text + blank


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most ``width`` columns, broken at blanks; only words longer than a line are
    broken inside.
    """
    width = max(width, 2)  # a wide character needs two
    if cells(text) <= width:
        return [text.replace(HELD, " ")]
    lines, line = [], ""
    for word in text.split(" "):
        piece = word
        if line and cells(line) + 1 + cells(piece) <= width:
            line = f"{line} {piece}"
            continue
        lines += [line] if line else []
        while cells(piece) > width:
            fits = _fitting(piece, width)
            lines.append(piece[:fits])
            piece = piece[fits:]
        line = piece
    return [found.replace(HELD, " ") for found in ([*lines, line] if line else lines or [""])]


def _fitting(text: str, width: int) -> int:
    """So many characters fit."""
    taken = 0
    for place, character in enumerate(text):
        taken += cells(character)
        if taken > width:
            return place
    return len(text)
