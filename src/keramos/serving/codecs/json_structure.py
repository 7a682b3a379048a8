"""The structure of a JSON text, found without decoding it: how many containers and values it has,
how deep it goes, and where it may be cut.

numpy looks at blocks of bytes, so that a text of any size is measured at a flat cost of memory and
other threads run meanwhile. A text that is not JSON has a structure too; decoding finds the fault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import RequestError
from keramos.serving.core.limits import MAX_CONTAINERS, MAX_DEPTH, MAX_VALUES

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCK = 1 << 18
"""Bytes that are looked at together, and about as many as are decoded together."""

_QUOTE, _COMMA, _COLON = b'",:'
_LETTER_CASE = 0x20
_OPEN, _CLOSE = b"{}"  # and, without the bit of letter case, [ and ]


class Structure:
    """The structure of a text up to the end of its first value.

    Attributes:
        containers: lists and objects.
        values: values and keys, at most: one for each comma, colon and container.
        strings: strings, keys among them.
        keys: keys of objects.
        end: position after the first value.
        block: bytes that were looked at together.
        cuts: for each depth, the first and the last comma of each block at that depth, in order.
            Between two neighbours that are more than a block apart is one value.
    """

    def __init__(self, text: bytes, block: int = BLOCK) -> None:
        """Measure a text.

        Raises:
            RequestError: it has more containers or values than one request may have, or is nested
                too deep.
        """
        self.containers = self.values = self.strings = self.keys = 0
        self.end = len(text)
        self.cuts: list[list[int]] = [[] for _ in range(MAX_DEPTH + 1)]
        self._depth = 0
        self._quoted = False
        self._escaped = False
        self.block = block
        for begin in range(0, len(text), block):
            if self._block(text[begin : begin + block], begin):
                break
        self.strings //= 2

    def memory(self) -> int:
        """Bytes that the decoded values take, about: sizes of Python's objects and of the pointers
        to them.
        """
        return 88 * self.containers + 32 * self.values + 24 * self.strings + 16 * self.keys

    def _block(self, block: bytes, begin: int) -> bool:
        """Count one block; true where the first value ends in it."""
        codes = np.frombuffer(self._without_escapes(block), np.uint8)
        quotes = codes == _QUOTE
        outside = ~np.logical_xor.accumulate(quotes)
        if self._quoted:
            outside = ~outside
        folded = codes | _LETTER_CASE
        opens = (folded == _OPEN) & outside
        closes = (folded == _CLOSE) & outside
        places = np.flatnonzero(opens | closes | ((codes == _COMMA) & outside))
        steps = opens[places].astype(np.int8) - closes[places]
        depths = np.cumsum(steps, dtype=np.int32) + self._depth
        over = np.flatnonzero((depths <= 0) & (steps < 0))
        if over.size:
            stop = int(over[0]) + 1
            self.end = begin + int(places[stop - 1]) + 1
            places, steps, depths = places[:stop], steps[:stop], depths[:stop]
        self._depth = int(depths[-1]) if depths.size else self._depth
        self._quoted ^= bool(quotes.sum() & 1)
        self.strings += int(quotes.sum())
        self._count(steps, depths, int(((codes == _COLON) & outside).sum()))
        self._cut(places[steps == 0] + begin, depths[steps == 0])
        return bool(over.size)

    def _without_escapes(self, block: bytes) -> bytes:
        """The block with escaped characters of strings blanked out."""
        if self._escaped:
            block = b"_" + block[1:]
        if b"\\" in block:
            block = block.replace(b"\\\\", b"__").replace(b'\\"', b"__")
        self._escaped = block.endswith(b"\\")
        return block

    def _count(self, steps: NDArray[np.int8], depths: NDArray[np.int32], colons: int) -> None:
        opened = int((steps > 0).sum())
        self.containers += opened
        self.keys += colons
        self.values += opened + colons + int((steps == 0).sum())
        if self.containers > MAX_CONTAINERS or self.values > MAX_VALUES + MAX_CONTAINERS:
            raise RequestError(
                f"the body holds more than {MAX_CONTAINERS} lists and objects, or more than "
                f"{MAX_VALUES} values: send it in parts, or as binary data"
            )
        if depths.size and int(depths.max()) > MAX_DEPTH:
            raise RequestError(
                f"JSON Parse error: nested too deep; {MAX_DEPTH} lists and objects inside one "
                "another are allowed"
            )

    def _cut(self, commas: NDArray[np.intp], depths: NDArray[np.int32]) -> None:
        levels, first = np.unique(depths, return_index=True)
        last = len(depths) - 1 - np.unique(depths[::-1], return_index=True)[1]
        for level, one, other in zip(levels.tolist(), first, last, strict=True):
            self.cuts[level].append(int(commas[one]))
            if other != one:
                self.cuts[level].append(int(commas[other]))
