"""``saved_model.pb``: the one graph that is served, its signatures and its objects.

Source: tensorflow/core/protobuf/saved_model.proto, meta_graph.proto and saved_object_graph.proto.
Functions and operations are parsed only where somebody asks for them.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from keramos.artifact.containers.object_graph.parsed import Parsed
from keramos.artifact.containers.object_graph.trackables import children_of
from keramos.artifact.protobuf import Budget, Message, entries
from keramos.errors import CorruptModelError, LimitExceededError, UnsafeModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from keramos.artifact.limits import Limits

FILE = "saved_model.pb"
_SERVE = "serve"
_KERAS = "_tf_keras_"
_INFO, _GRAPH, _SIGNATURES, _ASSETS, _OBJECTS = 1, 2, 5, 6, 7
_WRITER, _TAGS, _VERSION = 1, 4, 5
_USER_OBJECT, _IDENTIFIER, _METADATA = 4, 1, 3


class SavedObject(NamedTuple):
    """A node of the object graph."""

    children: Mapping[str, int]
    message: Message

    def metadata(self) -> str:
        """The text that Keras wrote with it before TensorFlow 2.5; "" where another made it."""
        user = self.message.message(_USER_OBJECT)
        return user.text(_METADATA) if user.text(_IDENTIFIER).startswith(_KERAS) else ""


class MetaGraph:
    """The graph with the tag ``serve``."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        """Find it in the bytes of ``saved_model.pb``.

        Raises:
            CorruptModelError: there is none.
            UnsafeModelError: there are several, so tools disagree on what the model is.
        """
        self.limits = limits
        self._message = _served(Message(data, Budget(limits, FILE)))

    @property
    def tensorflow(self) -> str:
        """The version of TensorFlow that wrote it."""
        return self._message.message(_INFO).text(_VERSION)

    @property
    def keeps_order(self) -> bool:
        """Whether keramos wrote it: then inputs and outputs are in Keras' order."""
        return self._message.message(_INFO).text(_WRITER).startswith("keramos")

    @cached_property
    def graph(self) -> Message:
        """The GraphDef."""
        return self._message.message(_GRAPH)

    def signatures(self) -> dict[str, Message]:
        """The SignatureDefs by name."""
        return self._message.mapped(_SIGNATURES)

    def assets(self) -> list[str]:
        """Names of the files in ``assets/``, in the order of their numbers."""
        return [asset.text(2) for asset in self._message.messages(_ASSETS)]

    def asset_files(self) -> dict[str, str]:
        """Node of the main graph that names an asset -> the file in ``assets/``."""
        assets = self._message.messages(_ASSETS)
        return {one.message(1).text(1).partition(":")[0]: one.text(2) for one in assets}

    def objects(self) -> Sequence[SavedObject]:
        """The nodes of the object graph, each parsed when it is asked for; none in what TensorFlow
        1 wrote.

        Raises:
            LimitExceededError: there are more than ``objects``.
            CorruptModelError: when a node is asked for: it has a part that does not exist.
        """
        nodes = self._objects.many(1)
        if len(nodes) > self.limits.objects:
            raise LimitExceededError(
                f"the model has more than {self.limits.objects:,} objects, the limit (objects)",
                received=f"{len(nodes):,}",
                path=FILE,
            )
        budget = Budget(self.limits, FILE)
        return Parsed(nodes, lambda node: _object(Message(node, budget), len(nodes)))

    def bound_inputs(self, function: str) -> list[int]:
        """The nodes whose values a function gets after its own arguments."""
        sought = function.encode()
        named = [one for one in self._functions if sought in one]
        found = entries(named, self._objects.budget).get(function)
        return [] if found is None else Message(found, self._objects.budget).numbers(2)

    @cached_property
    def _functions(self) -> list[bytes]:
        return self._objects.many(2)

    @cached_property
    def _objects(self) -> Message:
        return self._message.message(_OBJECTS)

    def function(self, name: str) -> Message:
        """A FunctionDef.

        Raises:
            CorruptModelError: there is none of that name.
        """
        return _named(self.graph.message(2), name, lambda one: one.message(1).text(1))

    def operations(self) -> set[str]:
        """The kinds of operations of the graph and of all its functions."""
        graph = self.graph
        nodes = [*graph.messages(1)]
        for function in graph.message(2).messages(1):
            nodes += function.messages(3)
        return {node.text(2) for node in nodes}

    def node(self, name: str) -> Message:
        """A NodeDef of the graph itself.

        Raises:
            CorruptModelError: there is none of that name.
        """
        return _named(self.graph, name, lambda one: one.text(1))


def _named(holder: Message, name: str, name_of: Callable[[Message], str]) -> Message:
    """The message in field 1 that has a name; only those whose bytes hold it are parsed."""
    sought = name.encode()
    for data in holder.many(1):
        if sought in data and name_of(one := Message(data, holder.budget)) == name:
            return one
    raise CorruptModelError(
        "the graph has no such node or function", received=repr(name[:80]), path=FILE
    )


def _served(model: Message) -> Message:
    graphs = list(model.messages(2))
    tagged = [one for one in graphs if _SERVE in one.message(_INFO).texts(_TAGS)]
    if len(tagged) > 1:
        raise UnsafeModelError(
            "the model has two graphs with the tag 'serve', so tools disagree on what it is",
            received=str(len(tagged)),
            path=FILE,
            remedy="Save the model again",
        )
    if not tagged:
        raise CorruptModelError(
            "the model has no graph with the tag 'serve'", received=str(len(graphs)), path=FILE
        )
    return tagged[0]


def _object(node: Message, total: int) -> SavedObject:
    return SavedObject(children_of(node, total, FILE), node)
