"""The attributes of nodes as plain values: AttrValue (tensorflow/core/framework/attr_value.proto).

A value is read when somebody asks for it: most attributes are types that nobody needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from keramos.artifact.containers.graph_def.definitions import FunctionName
from keramos.artifact.containers.graph_def.tensors import TYPE_NAMES, tensor_array
from keramos.artifact.protobuf import Message, entries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from keramos.artifact.limits import Limits
    from keramos.artifact.protobuf import Budget, Span

_UNREAD = frozenset(
    {"Tin", "Tout", "config", "config_proto", "executor_type", "output_shapes"}
    | {"parallel_iterations"}
)
"""Attributes of calls and loops that do not change what they compute."""

_SHORT = 64
"""Bytes of the values that are remembered."""

_LIST, _TENSOR = 1, 8
_PAIR, _MORE = 2, 0x80


class Attributes(Mapping[str, object]):
    """The attributes of one node, or of several with the same bytes."""

    __slots__ = ("_entries", "_parts", "_reader", "_values")

    def __init__(self, parts: Sequence[bytes | Span], reader: AttributeReader) -> None:
        """``parts`` are the entries of the map, unread."""
        self._parts = parts
        self._reader = reader
        self._entries: dict[str, bytes] | None = None
        self._values: dict[str, object] = {}

    def __call__(self) -> Attributes:
        """Itself: what a node gives when it is asked."""
        return self

    def __getitem__(self, name: str) -> object:
        """One value."""
        if name not in self._values:
            self._values[name] = self._reader.value(self._named()[name])
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        """Their names."""
        return iter(self._named())

    def __len__(self) -> int:
        """How many there are."""
        return len(self._named())

    def _named(self) -> dict[str, bytes]:
        if self._entries is None:
            found = entries(self._parts, self._reader.budget)
            self._entries = {
                name: data
                for name, data in found.items()
                if name[:1] != "_" and name not in _UNREAD
            }
        return self._entries


class AttributeReader:
    """Reads the attributes of one graph."""

    def __init__(self, budget: Budget, limits: Limits) -> None:
        """``budget`` counts the fields."""
        self.budget = budget
        self._limits = limits
        self._known: dict[bytes, object] = {}

    def value(self, data: bytes) -> object:
        """A plain value of an AttrValue; the short ones are read once."""
        if len(data) > _SHORT:
            return _value(data, self.budget, self._limits)
        if data not in self._known:
            self._known[data] = _value(data, self.budget, self._limits)
        return self._known[data]


def _value(data: bytes, budget: Budget, limits: Limits) -> object:
    """A plain value of an AttrValue; None where it is empty."""
    if len(data) == _PAIR and data[1] < _MORE and data[0] in _SMALL:
        budget.spend(1)
        return _SMALL[data[0]](data[1])
    value = Message(data, budget)
    for number, read in _READERS.items():
        if value.has(number):
            return read(value, number)
    if value.has(_TENSOR):
        return tensor_array(value.message(_TENSOR), limits)
    return _list(value.message(_LIST), limits) if value.has(_LIST) else None


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


_SMALL: dict[int, Callable[[int], object]] = {0x18: int, 0x28: bool, 0x30: _type}
"""The head of an AttrValue that is a number of one byte -> what that means."""

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
