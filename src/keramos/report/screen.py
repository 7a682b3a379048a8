"""Where text goes: how wide that is and what it can show. Nothing in a text steers it."""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Mapping

PIPED_WIDTH = 100
"""Columns of text that nobody looks at in a window."""

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
"""What stands for each drawn character where the encoding lacks them."""

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories of Unicode that move the cursor, turn the direction of text or show nothing."""


@dataclass(frozen=True, slots=True)
class Screen:
    """``width`` in columns; ``piped``: no window, so tables are as wide as they are; ``encoding``
    of the stream.
    """

    width: int = PIPED_WIDTH
    piped: bool = True
    colour: bool = False
    encoding: str = "utf-8"

    @property
    def draws(self) -> bool:
        """Whether bars of text can be shown."""
        return not self._lacks("▁█│")

    def clean(self, value: object) -> str:
        """A text as one line in which every character shows; those that steer terminals appear as
        escapes.
        """
        text = "".join(_seen(character) for character in str(value))
        if not self._lacks(text):
            return text
        return (
            text.translate(_DRAWN).encode(self.encoding, "backslashreplace").decode(self.encoding)
        )

    def drawn(self, text: str) -> str:
        """A picture of characters, or the same in ASCII."""
        return text if self.draws else text.translate(_DRAWN)

    def styled(self, text: str, style: str) -> str:
        """The text in one of the styles, where colours are wanted."""
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self.colour and text else text

    def _lacks(self, text: str) -> bool:
        try:
            text.encode(self.encoding)
        except UnicodeEncodeError:
            return True
        return False


def screen_of(stream: TextIO, environment: Mapping[str, str] = os.environ) -> Screen:
    """What a stream can show. Colours: only in windows, and not where NO_COLOR is set
    (no-color.org).
    """
    encoding = stream.encoding or "ascii"
    if not stream.isatty():
        return Screen(encoding=encoding)
    plain = environment.get("NO_COLOR") or environment.get("TERM", "") in {"", "dumb"}
    return Screen(_width(stream, environment), piped=False, colour=not plain, encoding=encoding)


def _width(stream: TextIO, environment: Mapping[str, str]) -> int:
    said = environment.get("COLUMNS", "")
    if said.isdecimal() and int(said) > 0:
        return max(int(said), _NARROWEST)
    try:
        found = os.get_terminal_size(stream.fileno()).columns
    except OSError:
        found = 0
    return max(found or 80, _NARROWEST)


def _seen(character: str) -> str:
    if unicodedata.category(character) not in _UNSEEN:
        return character
    return {"\n": " ", "\t": " "}.get(character) or character.encode("unicode_escape").decode(
        "ascii"
    )


def cells(text: str) -> int:
    """Columns that a clean text takes: two for wide characters, none for those that combine
    (Unicode annex 11).
    """
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in {"W", "F"} else 1
        for c in text
    )
