"""Regular expressions of RE2, which TensorFlow uses, in time linear in the text.

What backtracks can be made to hang by an expression from a file, so none does: plain expressions
become Python's own, others run as an automaton.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from keramos.errors import UnsupportedModelError
from keramos.runtime.expression_syntax import (
    WORD,
    Group,
    Letters,
    Parser,
    Place,
    Repeat,
    Row,
    Ways,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keramos.runtime.expression_syntax import Expression

_MOST_STEPS = 1_000


class _Step(NamedTuple):
    """One step of an automaton: ``set`` takes a letter, ``split`` goes two ways, ``save`` notes a
    place, ``at`` asks about it, ``match`` ends.
    """

    kind: str
    first: int = 0
    second: int = 0
    ranges: tuple[tuple[int, int], ...] = ()
    name: str = ""


class _Writer:
    """Expression -> the steps of its automaton."""

    def __init__(self, expression: Expression) -> None:
        self.steps: list[_Step] = []
        self._add(_Step("save", 0))
        self._put(expression)
        self._add(_Step("save", 1))
        self._add(_Step("match"))

    def _add(self, step: _Step) -> int:
        if len(self.steps) >= _MOST_STEPS:
            raise UnsupportedModelError(
                f"the regular expression becomes more than {_MOST_STEPS:,} steps", option="pattern"
            )
        self.steps.append(step)
        return len(self.steps) - 1

    def _put(self, part: Expression) -> None:
        match part:
            case Letters(ranges):
                self._add(_Step("set", ranges=tuple(ranges)))
            case Place(name):
                self._add(_Step("at", name=name))
            case Row(parts):
                for one in parts:
                    self._put(one)
            case Group(inner, number):
                self._add(_Step("save", 2 * number))
                self._put(inner)
                self._add(_Step("save", 2 * number + 1))
            case Ways(ways):
                self._put_ways(ways)
            case Repeat():
                self._put_repeat(part)

    def _put_ways(self, ways: Sequence[Expression]) -> None:
        ends = []
        for way in ways[:-1]:
            split = self._add(_Step("split"))
            self._put(way)
            ends.append(self._add(_Step("jump")))
            self.steps[split] = _Step("split", split + 1, len(self.steps))
        self._put(ways[-1])
        for end in ends:
            self.steps[end] = _Step("jump", len(self.steps))

    def _put_repeat(self, part: Repeat) -> None:
        for _ in range(part.least):
            self._put(part.part)
        splits = []
        for _ in range(1 if part.most is None else part.most - part.least):
            splits.append(self._add(_Step("split")))
            self._put(part.part)
        if part.most is None:
            self._add(_Step("jump", splits[0]))
        after = len(self.steps)
        for split in splits:
            ways = (split + 1, after) if part.greedy else (after, split + 1)
            self.steps[split] = _Step("split", *ways)


def _is_word(text: str, at: int) -> bool:
    return 0 <= at < len(text) and any(a <= ord(text[at]) <= b for a, b in WORD)


_AT: dict[str, Callable[[str, int], bool]] = {
    "start": lambda _, at: at == 0,
    "end": lambda text, at: at == len(text),
    "word": lambda text, at: _is_word(text, at - 1) != _is_word(text, at),
}

Places = tuple[int, ...]


class Automaton:
    """An expression that runs along a text once, with all its ways at the same time."""

    def __init__(self, pattern: str) -> None:
        """Compile an expression.

        Raises:
            UnsupportedModelError: it uses what is not supported.
        """
        parser = Parser(pattern)
        self.expression = parser.parse()
        self.groups = parser.groups
        self._steps = _Writer(self.expression).steps
        self._taken: dict[tuple[int, str], bool] = {}

    def search(self, text: str, start: int, *, whole: bool = False) -> Places | None:
        """Where the first match begins and ends, and its groups; ``whole``: of the whole text."""
        blank = (-1,) * (2 * self.groups + 2)
        found: Places | None = None
        threads: list[tuple[int, Places]] = []
        for at in range(start, len(text) + 1):
            seen: set[int] = set()
            now: list[tuple[int, Places]] = []
            for step, places in threads:
                self._follow(step, places, text, at, seen, now)
            if found is None and (at == start or not whole):
                self._follow(0, blank, text, at, seen, now)
            threads = []
            for step, places in now:
                if self._steps[step].kind == "match":
                    if whole and at < len(text):
                        continue
                    found = places
                    break  # ways of a lower rank end here
                if at < len(text) and self._takes(step, text[at]):
                    threads.append((step + 1, places))
            if not threads and (found is not None or whole):
                break
        return found

    def _takes(self, step: int, letter: str) -> bool:
        key = step, letter
        if key not in self._taken:
            code = ord(letter)
            self._taken[key] = any(a <= code <= b for a, b in self._steps[step].ranges)
        return self._taken[key]

    def _follow(
        self,
        step: int,
        places: Places,
        text: str,
        at: int,
        seen: set[int],
        now: list[tuple[int, Places]],
    ) -> None:
        """Every step that is reached without taking a letter, by rank."""
        waiting = [(step, places)]
        while waiting:
            step, places = waiting.pop()
            if step in seen:
                continue
            seen.add(step)
            found = self._steps[step]
            if found.kind == "jump":
                waiting.append((found.first, places))
            elif found.kind == "split":
                waiting += [(found.second, places), (found.first, places)]
            elif found.kind == "save":
                kept = (*places[: found.first], at, *places[found.first + 1 :])
                waiting.append((step + 1, kept))
            elif found.kind == "at":
                if _AT[found.name](text, at):
                    waiting.append((step + 1, places))
            else:
                now.append((step, places))


def _plain(expression: Expression) -> str | None:
    """The same for Python, where no text can make that slow: letters in a row, or one of some that
    repeats; None for others.
    """
    match expression:
        case Letters(ranges) if ranges:
            return "[" + "".join(f"\\U{a:08x}-\\U{b:08x}" for a, b in ranges) + "]"
        case Repeat(Letters() as part, 1, None, True):
            return f"{_plain(part)}+"
        case Row([one]):
            return _plain(one)
        case Row(parts) if parts and all(isinstance(one, Letters) and one.ranges for one in parts):
            return "".join(str(_plain(one)) for one in parts)
    return None


def replacer(pattern: str, rewrite: str, *, every: bool) -> Callable[[str], str]:
    r"""What replaces the matches of an expression; ``\1`` in ``rewrite`` is a group.

    Raises:
        UnsupportedModelError: the expression or what replaces it is not supported.
    """
    automaton = Automaton(pattern)
    pieces = _pieces(rewrite, automaton.groups)
    plain = _plain(automaton.expression)
    if plain is not None and all(isinstance(one, str) for one in pieces):
        compiled, text = re.compile(plain), "".join(map(str, pieces))
        return lambda given: compiled.sub(lambda _: text, given, count=0 if every else 1)
    return lambda given: _replaced(automaton, pieces, given, every=every)


def _pieces(rewrite: str, groups: int) -> list[str | int]:
    found: list[str | int] = []
    for text, escape in re.findall(r"([^\\]+)|\\(.?)", rewrite, re.DOTALL):
        if text:
            found.append(text)
        elif escape.isdecimal() and int(escape) <= groups:
            found.append(int(escape))
        elif escape == "\\":
            found.append("\\")
        else:
            raise UnsupportedModelError(
                "the replacement is not supported", option="rewrite", received=repr(rewrite[:80])
            )
    return found


def _replaced(automaton: Automaton, pieces: list[str | int], text: str, *, every: bool) -> str:
    made, at, last = [], 0, -1
    while at <= len(text):
        found = automaton.search(text, at)
        if found is None:
            break
        begin, end = found[0], found[1]
        made.append(text[at:begin])
        if begin == end == last:  # nothing is replaced behind a match
            made.append(text[begin : begin + 1])
            at = begin + 1
            continue
        for piece in pieces:
            group = () if isinstance(piece, str) else found[2 * piece : 2 * piece + 2]
            made.append(piece if isinstance(piece, str) else _of(text, group))
        at = last = end
        if not every:
            break
    return "".join(made) + text[at:]


def _of(text: str, group: Sequence[int]) -> str:
    """The text of a group; nothing where it took no part."""
    return text[group[0] : group[1]] if group[0] >= 0 else ""
