"""A large JSON text, decoded piece by piece: no piece keeps other threads waiting for long."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING, cast

from keramos.errors import RequestError
from keramos.tabular.cell import Unreadable, show
from keramos.tabular.json_keys import TWICE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from keramos.serving.codecs.json_structure import Structure

_BLANK = b" \t\r\n"
_BEFORE = _BLANK + b"\xef\xbb\xbf"
_KEY = re.compile(rb'[ \t\r\n]*("(?:[^"\\]|\\.)*")[ \t\r\n]*:')


def decode_pieces(
    text: bytes, structure: Structure, decode: Callable[[bytes, int], object]
) -> object:
    """The first value of a text. ``decode`` gives the value of a piece, which begins at a position
    of the text.

    Raises:
        RequestError: the text is not JSON; also what ``decode`` raises.
    """
    begin = next((at for at in range(structure.end) if text[at] not in _BEFORE), structure.end)
    return _Pieces(text, structure, decode).value(begin, structure.end, 1)


class _Pieces:
    def __init__(
        self, text: bytes, structure: Structure, decode: Callable[[bytes, int], object]
    ) -> None:
        self._text, self._decode = text, decode
        self._cuts, self._long = structure.cuts, structure.block

    def value(self, begin: int, end: int, depth: int) -> object:
        """The value from one position up to another; commas inside it have ``depth``."""
        if end - begin <= self._long:
            return self._decode(self._text[begin:end], begin)
        while self._text[begin] in _BLANK:
            begin += 1
        while self._text[end - 1] in _BLANK:
            end -= 1
        match self._text[begin : begin + 1] + self._text[end - 1 : end]:
            case b"[]":
                return self._list(begin, end, depth)
            case b"{}":
                return self._object(begin, end, depth)
        return self._decode(self._text[begin:end], begin)

    def _list(self, begin: int, end: int, depth: int) -> list[object]:
        found: list[object] = []
        for at, until in self._groups(begin, end, depth):
            if until - at > self._long:
                found.append(self.value(at, until, depth + 1))
            else:
                piece = b"[%b]" % self._text[at:until]
                found += cast("list[object]", self._decode(piece, at - 1))
        return found

    def _object(self, begin: int, end: int, depth: int) -> dict[str, object]:
        found: dict[str, object] = {}
        for at, until in self._groups(begin, end, depth):
            if until - at > self._long:
                key = _KEY.match(self._text, at, until)
                if key is None:
                    raise RequestError(f"JSON Parse error: a key is expected at offset: {at}")
                name = cast("str", self._decode(key[1], key.start(1)))
                part = {name: self.value(key.end(), until, depth + 1)}
            else:
                piece = b"{%b}" % self._text[at:until]
                part = cast("dict[str, object]", self._decode(piece, at - 1))
            twice = found.keys() & part.keys()
            found |= part
            found |= {name: Unreadable(show(name), TWICE) for name in twice}
        return found

    def _groups(self, begin: int, end: int, depth: int) -> Iterator[tuple[int, int]]:
        """Where pieces of a container begin and end: some neighbouring items of a block together,
        or one longer item.
        """
        cuts = self._cuts[depth]
        inside = cuts[bisect_left(cuts, begin) : bisect_left(cuts, end)]
        if not inside and not self._text[begin + 1 : end - 1].strip(_BLANK):
            return
        start = last = begin
        for cut in [*inside, end - 1]:
            if cut - start > self._long and last > start:
                yield self._whole(start + 1, last)
                start = last
            last = cut
        yield self._whole(start + 1, end - 1)

    def _whole(self, at: int, until: int) -> tuple[int, int]:
        if not self._text[at:until].strip(_BLANK):
            raise RequestError(f"JSON Parse error: a value is expected at offset: {at}")
        return at, until
