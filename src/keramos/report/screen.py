"""The stream that text is written to: its width, encoding and colours; control characters are
escaped.
"""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Mapping

PIPED_WIDTH = 100
"""Columns of text where the stream is not a terminal."""

_NARROWEST = 20
_STYLES = {"head": "1", "soft": "2", "good": "32", "bad": "31"}
"""Name of a style -> its code. Source: ECMA-48, select graphic rendition."""

_DRAWN: dict[int, str] = {
    **dict(
        zip(
            map(ord, "▁▂▃▄▅▆▇█▏▎▍▌▋▊▉│┃─·–×µ“”\N{NO-BREAK SPACE}"),
            '_.:-=+*########||---xu"" ',
            strict=True,
        )
    ),
    ord("→"): "->",
    ord("…"): "...",
}
"""Code point of a drawn character -> its ASCII substitute, for encodings that lack it."""

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that move the cursor, change the direction of text or show nothing."""


@dataclass(frozen=True, slots=True)
class Screen:
    """``width`` in columns; ``piped`` where the stream is not a terminal, so tables keep their
    full width; ``encoding`` of the stream.
    """

    width: int = PIPED_WIDTH
    piped: bool = True
    colour: bool = False
    encoding: str = "utf-8"

    @property
    def draws(self) -> bool:
        """Whether the encoding has the characters of charts."""
        return not self._lacks("▁█│")

    def clean(self, value: object) -> str:
        """A text as one line; control characters, and those that the encoding lacks, become
        escapes.
        """
        text = "".join(map(_visible, str(value)))
        if not self._lacks(text):
            return text
        text = text.translate(_DRAWN)
        return text.encode(self.encoding, "backslashreplace").decode(self.encoding)

    def drawn(self, text: str) -> str:
        """A chart of characters, in ASCII where the encoding lacks them."""
        return text if self.draws else text.translate(_DRAWN)

    def styled(self, text: str, style: str) -> str:
        """The text in one of the styles, where the screen has colours."""
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self.colour and text else text

    def _lacks(self, text: str) -> bool:
        try:
            text.encode(self.encoding)
        except UnicodeEncodeError:
            return True
        return False


def screen_of(stream: TextIO, environment: Mapping[str, str] = os.environ) -> Screen:
    """The screen of a stream. Colours need a terminal, and NO_COLOR turns them off
    (no-color.org).
    """
    encoding = stream.encoding or "ascii"
    if not stream.isatty():
        return Screen(encoding=encoding)
    plain = environment.get("NO_COLOR") or environment.get("TERM", "") in {"", "dumb"}
    return Screen(_width(stream, environment), piped=False, colour=not plain, encoding=encoding)


def _width(stream: TextIO, environment: Mapping[str, str]) -> int:
    columns = environment.get("COLUMNS", "")
    if columns.isdecimal() and int(columns) > 0:
        return max(int(columns), _NARROWEST)
    try:
        found = os.get_terminal_size(stream.fileno()).columns
    except OSError:
        found = 0
    return max(found or 80, _NARROWEST)


def _visible(character: str) -> str:
    if unicodedata.category(character) not in _UNSEEN:
        return character
    return " " if character in "\n\t" else character.encode("unicode_escape").decode("ascii")


def cells(text: str) -> int:
    """Columns that a clean text takes: two for a wide character, none for a combining one
    (Unicode annex 11).
    """
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in {"W", "F"} else 1
        for c in text
    )
