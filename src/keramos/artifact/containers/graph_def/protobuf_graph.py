"""GraphDef messages as definitions: nodes and functions are parsed when they are asked for."""

from __future__ import annotations

import re
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

from keramos.artifact.containers.graph_def.definitions import (
    WHERE,
    Function,
    FunctionName,
    named,
    node_of,
)
from keramos.artifact.containers.graph_def.tensors import TYPE_NAMES, tensor_array
from keramos.artifact.protobuf import Message
from keramos.errors import CorruptModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keramos.artifact.containers.graph_def.definitions import Node
    from keramos.artifact.limits import Limits
    from keramos.artifact.protobuf import Budget, Span

_INPUT, _ATTRIBUTE = 3, 5
_HEAD = re.compile(rb"\n[\x80-\xff]{0,4}[\0-\x7f]\n([\0-\x7f])")
"""How a function begins: the length of its signature, and that of its name."""

_NAMED = 256  # bytes that hold such a name
_SHORT = 64
"""Bytes of the attributes that are remembered."""


class ProtobufGraph:
    """``Definitions`` of a GraphDef."""

    def __init__(self, graph: Message, limits: Limits) -> None:
        """``graph`` is the message."""
        self._graph = graph
        self._limits = limits
        self._read: dict[str, Function] = {}
        self._values: dict[bytes, object] = {}
        self._lists: dict[tuple[bytes | Span, ...], Mapping[str, object]] = {}

    @cached_property
    def nodes(self) -> Mapping[str, Node]:
        """The nodes of the main graph by name."""
        return named([self._node(one) for one in self._graph.messages(1)])

    @cached_property
    def _library(self) -> dict[str, bytes | Span]:
        """Name -> function, unread: most functions of a model are for training."""
        library = self._graph.message(2)
        found: dict[str, bytes | Span] = {}
        for function in library.parts(1):
            name = _function_name(function, library.budget)
            if name in found:
                raise CorruptModelError("two functions have one name", received=name, path=WHERE)
            found[name] = function
        return found

    def has_function(self, name: str) -> bool:
        """Whether the library has a function of this name."""
        return name in self._library

    def function(self, name: str) -> Function:
        """A function of the library.

        Raises:
            CorruptModelError: there is none of that name, or an output of it is not returned.
        """
        if name not in self._read:
            if name not in self._library:
                raise CorruptModelError(
                    "the graph has no such function", received=repr(name[:80]), path=WHERE
                )
            self._read[name] = self._function(name, self._library[name])
        return self._read[name]

    def _function(self, name: str, part: bytes | Span) -> Function:
        message = Message(part, self._graph.budget)
        signature = message.message(1)
        if signature.text(1) != name:  # it is stated again further on
            raise CorruptModelError("a function has two names", received=name[:80], path=WHERE)
        returned = {one.text(1): one.text(2) for one in message.messages(4)}
        outputs = [one.text(1) for one in signature.messages(3)]
        if lacking := [name for name in outputs if name not in returned]:
            raise CorruptModelError(
                "a function does not return its output", received=lacking[0][:80], path=WHERE
            )
        return Function(
            tuple(one.text(1) for one in signature.messages(2)),
            tuple(returned[name] for name in outputs),
            named([self._node(one) for one in message.messages(3)]),
        )

    def _node(self, message: Message) -> Node:
        read = partial(self._attributes, message)
        return node_of(message.text(1), message.text(2), message.texts(_INPUT), read)

    def _attributes(self, node: Message) -> Mapping[str, object]:
        """The attributes of a node; most nodes have those of many others, which are read once."""
        key = tuple(node.parts(_ATTRIBUTE))
        found = self._lists.get(key)
        if found is None:
            found = {
                name: self._value(data, node.budget)
                for name, data in node.entries(_ATTRIBUTE).items()
                if name[:1] != "_"
            }
            if sum(map(len, key)) < _SHORT:
                self._lists[key] = found
        return found

    def _value(self, data: bytes, budget: Budget) -> object:
        """A plain value of an AttrValue; the short ones are read once."""
        if len(data) > _SHORT:
            return _value(Message(data, budget), self._limits)
        if data not in self._values:
            self._values[data] = _value(Message(data, budget), self._limits)
        return self._values[data]


def _function_name(part: bytes | Span, budget: Budget) -> str:
    """The name of a function, which comes first as writers put it, or else is looked for."""
    head = part if isinstance(part, bytes) else part.whole[part.begin : part.begin + _NAMED]
    found = _HEAD.match(head)
    name = b"" if found is None else head[found.end() : found.end() + found[1][0]]
    if found is None or len(name) != found[1][0] or not name.isascii():
        return Message(part, budget).message(1).text(1)
    return name.decode()


def _value(value: Message, limits: Limits) -> object:
    """A plain value of an AttrValue; None where it is empty."""
    for number, read in _READERS.items():
        if value.has(number):
            return read(value, number)
    if value.has(8):
        return tensor_array(value.message(8), limits)
    return _list(value.message(1), limits) if value.has(1) else None


def _text(data: bytes) -> str | bytes:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data


def _type(number: int) -> str:
    return TYPE_NAMES.get(number, f"DataType {number}")


def _float(value: Message, number: int) -> float:
    bits = value.fixed32(number) or 0
    return float(np.uint32(bits).view("f4"))


def shape_of(message: Message) -> tuple[int, ...] | None:
    """Sizes of a TensorShapeProto, -1 for free ones; None where their number is free too."""
    if message.number(3):
        return None
    return tuple(dim.signed(1) for dim in message.messages(2))


_READERS: dict[int, Callable[[Message, int], object]] = {
    2: lambda value, number: _text(value.data(number)),
    3: lambda value, number: value.signed(number),
    4: _float,
    5: lambda value, number: bool(value.number(number)),
    6: lambda value, number: _type(value.number(number)),
    7: lambda value, number: shape_of(value.message(number)),
    10: lambda value, number: FunctionName(value.message(number).text(1)),
}
"""Field of an AttrValue -> what reads it."""


def _list(items: Message, limits: Limits) -> list[object]:
    found: list[object] = [_text(one) for one in items.many(2)]
    found += items.numbers(3)
    found += items.floats(4)
    found += [bool(one) for one in items.numbers(5)]
    found += [_type(one) for one in items.numbers(6)]
    found += [shape_of(one) for one in items.messages(7)]
    found += [tensor_array(one, limits) for one in items.messages(8)]
    found += [FunctionName(one.text(1)) for one in items.messages(9)]
    return found
