"""NodeDef messages as nodes, read in one pass: a graph has hundreds, and nearly all are alike.

Source: tensorflow/core/framework/node_def.proto. Writers put name, operation and inputs first, and
many nodes have the same bytes behind them: the attributes, which are taken apart once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.artifact.containers.graph_def.attributes import Attributes
from keramos.artifact.containers.graph_def.definitions import Node, node_of
from keramos.artifact.protobuf import Message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.artifact.containers.graph_def.attributes import AttributeReader
    from keramos.artifact.protobuf import Span

    Part = bytes | Span

_NAME, _OP, _INPUT, _DEVICE, _ATTRIBUTE, _DEBUG = range(1, 7)
_NAME_HEAD, _OP_HEAD, _INPUT_HEAD, _, _ATTRIBUTE_HEAD, _ = (
    number << 3 | 2 for number in range(_NAME, _DEBUG + 1)
)
_UNUSED = frozenset({_DEVICE << 3 | 2, _DEBUG << 3 | 2})
_MORE = 0x80
_REMEMBERED = 128
"""Bytes behind the inputs of a node that are remembered."""


class NodeReader:
    """Reads the nodes of one graph."""

    def __init__(self, attributes: AttributeReader) -> None:
        """``attributes`` reads those of nodes."""
        self._budget = attributes.budget
        self._attributes = attributes
        self._known: dict[bytes, Attributes] = {}

    def nodes(self, parts: Sequence[Part]) -> list[Node]:
        """The nodes of some messages.

        Raises:
            CorruptModelError: one is not a NodeDef.
        """
        return [self._node(one) for one in parts]

    def _node(self, part: Part) -> Node:
        try:
            found = self._usual(part) if isinstance(part, bytes) else None
        except (IndexError, UnicodeDecodeError):  # the reader of any message says what is wrong
            found = None
        return self._any(Message(part, self._budget)) if found is None else found

    def _usual(self, data: bytes) -> Node | None:
        """A node whose texts come first and are shorter than 128 bytes; None for others."""
        at = 2 + data[1]
        name = data[2:at]
        begin, size = at + 2, data[at + 1]
        if data[0] != _NAME_HEAD or data[1] >= _MORE or data[at] != _OP_HEAD:
            return None
        at = begin + size
        op, longest, texts, end = data[begin:at], size, [], len(data)
        while at < end and data[at] == _INPUT_HEAD:
            begin, size = at + 2, data[at + 1]
            at = begin + size
            texts.append(data[begin:at].decode())
            longest |= size
        if longest >= _MORE or at > end:
            return None
        rest = data[at:]
        values = self._known[rest] if rest in self._known else self._behind(rest)
        if values is None:
            return None
        self._budget.spend(len(texts) + _OP)
        if b"^" in data:
            return node_of(name.decode(), op.decode(), texts, values)
        return Node(name.decode(), op.decode(), tuple(texts), values)

    def _behind(self, rest: bytes) -> Attributes | None:
        """What reads the attributes among the last fields of a node; None where others stand."""
        parts: list[Part] = []
        at, end = 0, len(rest)
        while at < end:
            head, size = rest[at], rest[at + 1]
            at += 2
            if size >= _MORE:
                if rest[at] >= _MORE:
                    return None
                size, at = size & 0x7F | rest[at] << 7, at + 1
            if head == _ATTRIBUTE_HEAD:
                parts.append(rest[at : at + size])
            elif head not in _UNUSED:
                return None
            at += size
        if at > end:
            return None
        self._budget.spend(len(parts))
        values = Attributes(parts, self._attributes)
        if end <= _REMEMBERED:
            self._known[rest] = values
        return values

    def _any(self, node: Message) -> Node:
        values = Attributes(node.parts(_ATTRIBUTE), self._attributes)
        return node_of(node.text(_NAME), node.text(_OP), node.texts(_INPUT), values)
