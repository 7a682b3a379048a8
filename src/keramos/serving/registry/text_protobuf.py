"""Messages of protobuf in its text format, as TensorFlow Serving's configuration is written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from keramos.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

Message = dict[str, list["str | Message"]]
"""The values of each field, in order: text (of a number or word as it is written) or messages."""

_TOKEN = re.compile(
    r"""[\s,;]+ | \#[^\n]*
    | (?P<text> "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*')
    | (?P<word> [-+.\w/]+)
    | (?P<mark> [:{}<>\[\]])""",
    re.VERBOSE,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_ENDS = {"{": "}", "<": ">"}
_DEPTH = 16


def parse_text(text: str, file: str) -> Message:
    """The fields of a message.

    Raises:
        UsageError: the text is malformed; says in which line.
    """
    return _Reader(text, file).message("", 0)


class _Reader:
    def __init__(self, text: str, file: str) -> None:
        self._file = file
        self._line = 1
        self._tokens = self._read(text)
        self._next = next(self._tokens, ("", ""))

    def _read(self, text: str) -> Iterator[tuple[str, str]]:
        at = 0
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                raise self._malformed(repr(text[at : at + 20]))
            if found.lastgroup is not None:
                yield found.lastgroup, found.group()
            self._line += found.group().count("\n")
            at = found.end()

    def _take(self) -> tuple[str, str]:
        taken, self._next = self._next, next(self._tokens, ("", ""))
        return taken

    def _malformed(self, received: str) -> UsageError:
        return UsageError(
            f"the text format of protobuf is malformed near line {self._line}",
            file=self._file,
            received=received or "the end of the file",
        )

    def message(self, end: str, depth: int) -> Message:
        """Fields up to a mark, which is taken."""
        if depth > _DEPTH:
            raise self._malformed(f"messages nested {depth} deep")
        found: Message = {}
        while True:
            kind, name = self._take()
            if (kind, name) == ("mark" if end else "", end):
                return found
            if kind != "word":
                raise self._malformed(name)
            colon = self._next == ("mark", ":") and self._take()
            found.setdefault(name, []).extend(self._values(depth, scalar=bool(colon)))

    def _values(self, depth: int, *, scalar: bool) -> list[str | Message]:
        if self._next == ("mark", "[") and scalar:
            self._take()
            found: list[str | Message] = []
            while self._next != ("mark", "]"):
                found.append(self._value(depth, scalar=True))
            self._take()
            return found
        return [self._value(depth, scalar=scalar)]

    def _value(self, depth: int, *, scalar: bool) -> str | Message:
        kind, value = self._take()
        if kind == "mark" and value in _ENDS:
            return self.message(_ENDS[value], depth + 1)
        if kind == "word" and scalar:
            return value
        if kind != "text" or not scalar:
            raise self._malformed(value)
        parts = [_unquoted(value)]
        while self._next[0] == "text":  # texts that follow each other are one
            parts.append(_unquoted(self._take()[1]))
        return "".join(parts)


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), text[1:-1])
