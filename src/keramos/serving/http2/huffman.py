"""The Huffman code of HPACK (RFC 7541, appendix B), decoded four bits at a time."""

from __future__ import annotations

from functools import cache

_LENGTHS = (
    "ISXXXXXXXTZXXZXXXXXXXXZXXXXXXXXXBFFHIBDGFFDGDBBBAAABBBBBBBCDKBHF"
    "IBCCCCCCCCCCCCCCCCCCCCCCDCDIOIJBKABABABBBACCBBBABCBAABCCCCCKGJIX"
    "PRPPRRRSRSSSSSTSTTRSTSSSSQRSRSSTRQPRRSSQSRRTQRSSQQRQSRSSPRRRSRRS"
    "VVPORSRUVVVWWVTUOQVWWVWTQQVVXWWWPTPQRQQSRRUUTTVSVWVVWWWWWXWWWWWV"
    "Z"
)
"""Bits of the code of each byte, and of the end of a text, as letters: A is 5, Z is 30. The code is
canonical, so that its lengths are enough.
"""

_END = 256
_LEAST = ord("A") - 5
_PADDING = 7
"""Bits that may follow the last code: all ones, and no more than these."""

_Step = tuple[int, int] | None
"""The next state, and the byte that is complete there or -1; None where no code goes on so."""


def decoded(data: bytes) -> bytes | None:
    """The text of a Huffman-coded string; None where it is not one."""
    steps, ends = _machine()
    state, text = 0, bytearray()
    for octet in data:
        for half in (octet >> 4, octet & 15):
            step = steps[state][half]
            if step is None:
                return None
            state, symbol = step
            if symbol >= 0:
                text.append(symbol)
    return bytes(text) if state in ends else None


@cache
def _machine() -> tuple[list[list[_Step]], frozenset[int]]:
    """For each state (a node of the tree of codes) the steps by half a byte, and the states in
    which a text may end.
    """
    children = _tree()
    inner = [node for node, pair in enumerate(children) if pair is not None]
    steps: list[list[_Step]] = [[] for _ in children]
    for node in inner:
        steps[node] = [_step(children, node, half) for half in range(16)]
    ends, node = [0], 0
    for _ in range(_PADDING):
        pair = children[node]
        node = pair[1] if pair is not None else 0
        ends.append(node)
    return steps, frozenset(ends)


_Tree = list[list[int] | None]
"""The two children of each node; a leaf is the negative of its byte, less one."""


def _step(children: _Tree, node: int, half: int) -> _Step:
    """A byte takes five bits at least, so half a byte completes one at most."""
    symbol = -1
    for bit in (3, 2, 1, 0):
        pair = children[node]
        node = pair[half >> bit & 1] if pair is not None else 0
        if node < 0:
            symbol = -node - 1
            if symbol == _END:
                return None
            node = 0
    return node, symbol


def _tree() -> _Tree:
    """Codes of one length follow each other; the first goes on from the last of the length
    before.
    """
    children: _Tree = [[0, 0]]
    code = size = 0
    for length, symbol in sorted((ord(letter) - _LEAST, at) for at, letter in enumerate(_LENGTHS)):
        code <<= length - size
        size = length
        node = 0
        for bit in range(size - 1, 0, -1):
            node = _child(children, node, code >> bit & 1)
        pair = children[node]
        if pair is not None:
            pair[code & 1] = -symbol - 1
        code += 1
    return children


def _child(children: _Tree, node: int, bit: int) -> int:
    pair = children[node]
    if pair is None:
        return 0
    if not pair[bit]:
        children.append([0, 0])
        pair[bit] = len(children) - 1
    return pair[bit]
