"""The syntax of regular expressions of RE2. Source: github.com/google/re2/wiki/Syntax."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from keramos.errors import UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    Expression: TypeAlias = "Letters | Place | Row | Ways | Repeat | Group"

Ranges = list[tuple[int, int]]

_LAST = 0x10FFFF
_MOST_REPEATS, _DEEPEST = 1_000, 50
_DIGITS: Ranges = [(48, 57)]
WORD: Ranges = [(48, 57), (65, 90), (95, 95), (97, 122)]
_SPACE: Ranges = [(9, 10), (12, 13), (32, 32)]
_CLASSES: dict[str, Ranges] = {"d": _DIGITS, "s": _SPACE, "w": WORD}
_POSIX: dict[str, Ranges] = {
    "alnum": [(48, 57), (65, 90), (97, 122)],
    "alpha": [(65, 90), (97, 122)],
    "digit": _DIGITS,
    "lower": [(97, 122)],
    "punct": [(33, 47), (58, 64), (91, 96), (123, 126)],
    "space": [(9, 13), (32, 32)],
    "upper": [(65, 90)],
    "word": WORD,
    "xdigit": [(48, 57), (65, 70), (97, 102)],
}
_ESCAPES = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_REPEATS = {"*": (0, None), "+": (1, None), "?": (0, 1)}


class Letters(NamedTuple):
    """One letter of some ranges."""

    ranges: Ranges


class Place(NamedTuple):
    """A place between letters: start, end, or word (a boundary of one)."""

    name: str


class Row(NamedTuple):
    """Parts behind each other."""

    parts: Sequence[Expression]


class Ways(NamedTuple):
    """One of several; the first that matches counts."""

    ways: Sequence[Expression]


class Repeat(NamedTuple):
    """A part several times; without ``most`` any number of times."""

    part: Expression
    least: int
    most: int | None
    greedy: bool


class Group(NamedTuple):
    """A part whose text is kept, by number."""

    part: Expression
    number: int


def _without(ranges: Ranges) -> Ranges:
    """All letters but those of some ranges."""
    found: Ranges = []
    start = 0
    for first, last in sorted(ranges):
        if first > start:
            found.append((start, first - 1))
        start = max(start, last + 1)
    return [*found, (start, _LAST)] if start <= _LAST else found


class Parser:
    """Text -> expression."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._fold = False
        self.groups = 0

    def parse(self) -> Expression:
        """The whole expression."""
        found = self._any(0)
        if self._at < len(self._text):
            raise self._refused()
        return found

    def _refused(self) -> UnsupportedModelError:
        return UnsupportedModelError(
            "the regular expression uses what is not supported",
            option="pattern",
            received=f"{self._text[:80]!r}, place {self._at}",
        )

    def _next(self) -> str:
        if self._at >= len(self._text):
            raise self._refused()
        self._at += 1
        return self._text[self._at - 1]

    def _take(self, word: str) -> bool:
        found = self._text.startswith(word, self._at)
        self._at += len(word) if found else 0
        return found

    def _any(self, depth: int) -> Expression:
        if depth > _DEEPEST:
            raise self._refused()
        ways = [self._all(depth)]
        while self._take("|"):
            ways.append(self._all(depth))
        return Ways(ways) if len(ways) > 1 else ways[0]

    def _all(self, depth: int) -> Expression:
        parts: list[Expression] = []
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            parts.append(self._repeated(self._one(depth)))
        return Row(parts)

    def _repeated(self, part: Expression) -> Expression:
        bounds = self._bounds()
        if bounds is None:
            return part
        lazy = self._take("?")
        if self._bounds() is not None:
            raise self._refused()
        return Repeat(part, *bounds, not lazy)

    def _bounds(self) -> tuple[int, int | None] | None:
        letter = self._text[self._at : self._at + 1]
        if letter in _REPEATS and letter:
            self._at += 1
            return _REPEATS[letter]
        found = re.compile(r"\{(\d{1,4})(,(\d{0,4}))?\}").match(self._text, self._at)
        if found is None:
            return None
        self._at = found.end()
        least = int(found[1])
        most = least if found[2] is None else int(found[3]) if found[3] else None
        if max(least, most or 0) > _MOST_REPEATS or (most is not None and most < least):
            raise self._refused()
        return least, most

    def _one(self, depth: int) -> Expression:
        letter = self._next()
        if letter == "(":
            return self._group(depth)
        if letter == "[":
            return Letters(self._set())
        if letter == ".":
            return Letters(_without([(10, 10)]))
        if letter in "^$":
            return Place("start" if letter == "^" else "end")
        if letter == "\\":
            return self._escape()
        if letter in "*+?":
            raise self._refused()
        return Letters(self._folded([(ord(letter), ord(letter))]))

    def _group(self, depth: int) -> Expression:
        if self._take("?i)"):
            self._fold = True
            return Row([])
        number = 0
        if not self._take("?:"):
            if self._take("?"):
                raise self._refused()
            self.groups += 1
            number = self.groups
        part = self._any(depth + 1)
        if not self._take(")"):
            raise self._refused()
        return Group(part, number) if number else part

    def _escape(self) -> Expression:
        letter = self._next()
        if letter in "Azb":
            return Place({"A": "start", "z": "end", "b": "word"}[letter])
        return Letters(self._folded(self._letters(letter)))

    def _letters(self, letter: str) -> Ranges:
        """What an escape stands for."""
        if letter.lower() in _CLASSES:
            ranges = _CLASSES[letter.lower()]
            return ranges if letter.islower() else _without(ranges)
        if letter == "x":
            found = re.compile(r"([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\}").match(
                self._text, self._at
            )
            if found is None:
                raise self._refused()
            self._at = found.end()
            code = int(found[1] or found[2], 16)
        elif letter in _ESCAPES:
            code = _ESCAPES[letter]
        elif letter.isalnum():
            raise self._refused()
        else:
            code = ord(letter)
        return [(code, code)]

    def _set(self) -> Ranges:
        negated, first = self._take("^"), True
        ranges: Ranges = []
        while first or not self._take("]"):
            first = False
            ranges += self._member()
        ranges = self._folded(ranges)
        return _without(ranges) if negated else ranges

    def _member(self) -> Ranges:
        if self._take("[:"):
            word, _, rest = self._text[self._at :].partition(":]")
            name = word.removeprefix("^")
            if name not in _POSIX or not (rest or self._text.endswith(":]")):
                raise self._refused()
            self._at += len(word) + 2
            return _POSIX[name] if name == word else _without(_POSIX[name])
        start = self._code()
        if len(start) > 1 or start[0][0] != start[0][1]:
            return start
        following = self._text[self._at + 1 : self._at + 2]
        if self._text[self._at : self._at + 1] != "-" or following in ("]", ""):
            return start
        self._at += 1
        end = self._code()
        if len(end) > 1 or end[0][0] != end[0][1] or end[0][0] < start[0][0]:
            raise self._refused()
        return [(start[0][0], end[0][0])]

    def _code(self) -> Ranges:
        letter = self._next()
        return self._letters(self._next()) if letter == "\\" else [(ord(letter), ord(letter))]

    def _folded(self, ranges: Ranges) -> Ranges:
        """Ranges with the other case of their letters."""
        if not self._fold:
            return ranges
        more = list(ranges)
        for low, shift in ((65, 32), (97, -32)):
            for first, last in ranges:
                a, b = max(first, low), min(last, low + 25)
                more += [(a + shift, b + shift)] if a <= b else []
        return more
