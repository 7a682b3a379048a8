"""GraphDef messages as definitions: nodes and functions are parsed when they are asked for."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from keramos.artifact.containers.graph_def.attributes import AttributeReader
from keramos.artifact.containers.graph_def.definitions import WHERE, Function, named
from keramos.artifact.containers.graph_def.node_fields import NodeReader
from keramos.artifact.protobuf import Message
from keramos.errors import CorruptModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keramos.artifact.containers.graph_def.definitions import Node
    from keramos.artifact.limits import Limits
    from keramos.artifact.protobuf import Budget, Span

_HEAD = re.compile(rb"\n[\x80-\xff]{0,4}[\0-\x7f]\n([\0-\x7f])")
"""How a function begins: the length of its signature, and that of its name."""

_NAMED = 256  # bytes that hold such a name


class ProtobufGraph:
    """``Definitions`` of a GraphDef."""

    def __init__(self, graph: Message, limits: Limits) -> None:
        """``graph`` is the message."""
        self._graph = graph
        self._read: dict[str, Function] = {}
        self._reader = NodeReader(AttributeReader(graph.budget, limits))

    @cached_property
    def nodes(self) -> Mapping[str, Node]:
        """The nodes of the main graph by name."""
        return self._nodes(self._graph, 1)

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
        returned = message.entry_texts(4)
        outputs = signature.first_texts(3)
        if lacking := [name for name in outputs if name not in returned]:
            raise CorruptModelError(
                "a function does not return its output", received=lacking[0][:80], path=WHERE
            )
        return Function(
            tuple(signature.first_texts(2)),
            tuple([returned[name] for name in outputs]),
            self._nodes(message, 3),
        )

    def _nodes(self, holder: Message, field: int) -> Mapping[str, Node]:
        return named(self._reader.nodes(holder.parts(field)))


def _function_name(part: bytes | Span, budget: Budget) -> str:
    """The name of a function, which comes first as writers put it, or else is looked for."""
    head = part if isinstance(part, bytes) else part.whole[part.begin : part.begin + _NAMED]
    found = _HEAD.match(head)
    name = b"" if found is None else head[found.end() : found.end() + found[1][0]]
    if found is None or len(name) != found[1][0] or not name.isascii():
        return Message(part, budget).message(1).text(1)
    return name.decode()
