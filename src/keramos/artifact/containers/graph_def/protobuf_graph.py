"""GraphDef messages as definitions: nodes and functions are parsed when they are asked for."""

from __future__ import annotations

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
from keramos.errors import CorruptModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keramos.artifact.containers.graph_def.definitions import Node
    from keramos.artifact.limits import Limits
    from keramos.artifact.protobuf import Message

_INPUT, _ATTRIBUTE = 3, 5


class ProtobufGraph:
    """``Definitions`` of a GraphDef."""

    def __init__(self, graph: Message, limits: Limits) -> None:
        """``graph`` is the message."""
        self._graph = graph
        self._limits = limits
        self._read: dict[str, Function] = {}

    @cached_property
    def nodes(self) -> Mapping[str, Node]:
        """The nodes of the main graph by name."""
        return named([self._node(one) for one in self._graph.messages(1)])

    @cached_property
    def _library(self) -> dict[str, Message]:
        found: dict[str, Message] = {}
        for function in self._graph.message(2).messages(1):
            name = function.message(1).text(1)
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
            self._read[name] = self._function(self._library[name])
        return self._read[name]

    def _function(self, message: Message) -> Function:
        signature = message.message(1)
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
        read = partial(_attributes, message, self._limits)
        return node_of(message.text(1), message.text(2), message.texts(_INPUT), read)


def _attributes(node: Message, limits: Limits) -> dict[str, object]:
    found = node.mapped(_ATTRIBUTE)
    return {name: _value(value, limits) for name, value in found.items() if name[:1] != "_"}


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
    found += np.frombuffer(b"".join(items.many(4)), "<f4").tolist() if items.has(4) else []
    found += [bool(one) for one in items.numbers(5)]
    found += [_type(one) for one in items.numbers(6)]
    found += [shape_of(one) for one in items.messages(7)]
    found += [tensor_array(one, limits) for one in items.messages(8)]
    found += [FunctionName(one.text(1)) for one in items.messages(9)]
    return found
