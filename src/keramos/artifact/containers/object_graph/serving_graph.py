"""What a SavedModel serves, by its graph: the operations from a signature's inputs to its outputs.

Variables are found in the checkpoint by the objects that a function captures (TensorFlow 2), else
by their names (TensorFlow 1).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from keramos.artifact.containers.graph_def.attributes import shape_of
from keramos.artifact.containers.graph_def.definitions import FunctionName, edge_of
from keramos.artifact.containers.graph_def.frames import structured
from keramos.artifact.containers.graph_def.graph_network import GraphInput, graph_network
from keramos.artifact.containers.graph_def.inline import Inliner, Weights
from keramos.artifact.containers.graph_def.protobuf_graph import ProtobufGraph
from keramos.artifact.containers.graph_def.tensors import TYPE_NAMES
from keramos.artifact.containers.object_graph.graph_tables import TABLES, GraphTables
from keramos.artifact.containers.object_graph.lookup_tables import LookupTables
from keramos.artifact.containers.object_graph.meta_graph import FILE
from keramos.artifact.containers.object_graph.trackables import Places
from keramos.errors import (
    CorruptModelError,
    MismatchError,
    UnsafeModelError,
    UnsupportedModelError,
    UsageError,
)
from keramos.types.artifact import Endpoints

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from keramos.artifact.containers.graph_def.definitions import Node
    from keramos.artifact.containers.object_graph.meta_graph import MetaGraph, SavedObject
    from keramos.artifact.containers.object_graph.trackables import Trackable
    from keramos.artifact.protobuf import Message
    from keramos.artifact.sources import ModelSource
    from keramos.artifact.tensor_bundle import Bundle
    from keramos.types.network import Network
    from keramos.types.operation_graph import GraphNode

_VARIABLES = frozenset({"VarHandleOp", "Variable", "VariableV2"})
_CALLS = frozenset({"PartitionedCall", "StatefulPartitionedCall"})
_HIDDEN = "__"
_PREFERRED = ("serving_default", "serve", "predict", "prediction")
_NAME, _DTYPE, _SHAPE = 1, 2, 3
_METHOD = 3


NO_PLACES = Places(lambda _: {}, ())


class Signature(NamedTuple):
    """What one signature takes and gives: edges of the main graph by name."""

    name: str
    inputs: Mapping[str, Message]
    outputs: Mapping[str, Message]
    method: str


class Stored(NamedTuple):
    """The values of a model: None for a frozen graph; ``nodes`` by ``places`` for TensorFlow 2."""

    bundle: Bundle | None
    nodes: Sequence[Trackable] = ()
    places: Places = NO_PLACES


def signatures_of(graph: MetaGraph) -> dict[str, Signature]:
    """The signatures that give something."""
    found = {
        name: Signature(name, one.mapped(1), one.mapped(2), one.text(_METHOD))
        for name, one in graph.signatures().items()
        if not name.startswith(_HIDDEN)
    }
    return {name: one for name, one in found.items() if one.inputs and one.outputs}


def signature_of(graph: MetaGraph, wanted: str | None) -> Signature:
    """The signature of a name, or the one that servers take.

    Raises:
        UnsupportedModelError: there is none, or several of which none has a usual name.
        UsageError: there is none of that name.
    """
    found = signatures_of(graph)
    if wanted is not None and wanted not in found:
        raise UsageError(
            f"the model has no such signature; there are {', '.join(found) or 'none'}",
            option="by",
            received=wanted,
        )
    names = (wanted,) if wanted else _PREFERRED if len(found) > 1 else tuple(found)
    name = next((one for one in names if one in found), None)
    if name is None:
        raise UnsupportedModelError(
            "the model has no signature that takes tensors and gives some"
            if not found
            else "the model has several signatures, and none with the name that servers use",
            received=", ".join(found)[:200] or "none",
            path=FILE,
            remedy="Name one: by='graph:NAME' (--by graph:NAME)"
            if found
            else "Save the model with a signature",
        )
    return found[name]


def endpoints_of(graph: MetaGraph, network: Callable[[str], Network]) -> Endpoints:
    """The signatures of a graph, and what reads the network of each."""
    found = signatures_of(graph)
    names = _PREFERRED if len(found) > 1 else tuple(found)
    usual = next((one for one in names if one in found), "")
    return Endpoints(usual, {name: one.method for name, one in found.items()}, network)


def serving_network(
    source: ModelSource,
    graph: MetaGraph,
    objects: Sequence[SavedObject],
    stored: Stored,
    wanted: str | None = None,
) -> Network:
    """The network that computes a signature.

    Raises:
        ModelError: the graph is damaged, or exceeds a limit.
    """
    signature = signature_of(graph, wanted)
    definitions = ProtobufGraph(graph.graph, graph.limits)
    _check_function(signature, definitions, objects)
    inputs, outputs = (
        list(ends) if graph.keeps_order else sorted(ends, key=_natural)
        for ends in (signature.inputs, signature.outputs)
    )
    weights = Weights()
    tables = _tables(source, graph, objects, stored, definitions)
    binder = _Binder(graph, stored, definitions, tables, weights)
    inliner = Inliner(structured(definitions, graph.limits), graph.limits, binder.kinds(), weights)
    flat = inliner.main(
        [_edge(signature.inputs[name], name) for name in inputs],
        [_edge(signature.outputs[name], name) for name in outputs],
    )
    ends = [_input(name, signature.inputs[name]) for name in inputs]
    return graph_network(signature.name, flat, weights.arrays, ends, outputs)


def _check_function(
    signature: Signature, definitions: ProtobufGraph, objects: Sequence[SavedObject]
) -> None:
    """TensorFlow Serving runs the main graph, and TensorFlow the function that the objects name.

    Raises:
        UnsafeModelError: these are two functions.
    """
    place = objects[0].children.get("signatures") if objects else None
    child = None if place is None else objects[place].children.get(signature.name)
    named = "" if child is None else objects[child].message.message(8).text(1)
    for info in signature.outputs.values() if named else ():
        node = definitions.nodes.get(edge_of(_edge(info, signature.name), {})[0])
        if node is None or node.op not in _CALLS:
            continue
        called = node.attributes().get("f")
        if isinstance(called, FunctionName) and called.name != named:
            raise UnsafeModelError(
                "the main graph and the objects of the model serve different functions",
                layer=signature.name,
                received=f"{called.name} and {named}",
                path=FILE,
                remedy="Do not trust the model; save it again",
            )


def _natural(name: str) -> list[object]:
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)]


def _edge(info: Message, name: str) -> str:
    found = info.text(_NAME)
    if not found:
        raise UnsupportedModelError(
            "the signature takes or gives tensors that are not dense", layer=name, path=FILE
        )
    return found


def _input(name: str, info: Message) -> GraphInput:
    sizes = shape_of(info.message(_SHAPE))
    shape = None if sizes is None else tuple(None if size < 0 else size for size in sizes)
    return GraphInput(name, TYPE_NAMES.get(info.number(_DTYPE), "unknown"), shape)


def _tables(
    source: ModelSource,
    graph: MetaGraph,
    objects: Sequence[SavedObject],
    stored: Stored,
    definitions: ProtobufGraph,
) -> GraphTables:
    held = LookupTables(source, graph, objects, (stored.bundle, stored.nodes), stored.places)
    return GraphTables(source, graph, definitions.nodes, held)


class _Binder:
    """Gives the values of nodes that hold variables."""

    def __init__(
        self,
        graph: MetaGraph,
        stored: Stored,
        definitions: ProtobufGraph,
        tables: GraphTables,
        weights: Weights,
    ) -> None:
        self._graph = graph
        self._weights = weights
        self._stored = stored
        self._definitions = definitions
        self._tables = tables
        self._captured = self._captures()
        self._bound: dict[str, GraphNode] = {}

    def _captures(self) -> Mapping[str, int]:
        """Node of the main graph -> object, for what calls of functions capture."""
        found: dict[str, int] = {}
        for node in self._definitions.nodes.values():
            if node.op not in _CALLS:
                continue
            name = node.attributes().get("f")
            bound = self._graph.bound_inputs(name.name if isinstance(name, FunctionName) else "")
            tail = node.inputs[len(node.inputs) - len(bound) :] if bound else ()
            for text, number in zip(tail, bound, strict=False):
                found[edge_of(text, {})[0]] = number
        return found

    def kinds(self) -> Mapping[str, Callable[[Node], GraphNode]]:
        """Operation -> what gives the value of such a node."""
        return {**dict.fromkeys(TABLES, self._table), **dict.fromkeys(_VARIABLES, self._variable)}

    def _table(self, node: Node) -> GraphNode:
        return self._tables.node(node, self._captured.get(node.name))

    def _variable(self, node: Node) -> GraphNode:
        """The weight that a variable is."""
        key = self._key(node)
        if key not in self._bound:
            self._bound[key] = self._weights.node(node.name, self._array(key, node))
        return self._bound[key]

    def _array(self, key: str, node: Node) -> NDArray[np.generic]:
        if self._stored.bundle is None or key not in self._stored.bundle:
            raise MismatchError("the checkpoint holds no value for a variable", layer=node.name)
        return self._stored.bundle.array(key)

    def _key(self, node: Node) -> str:
        """The key of a variable in the checkpoint."""
        in_main = self._definitions.nodes.get(node.name) is node
        number = self._captured.get(node.name) if in_main else None
        if number is not None:
            place = self._stored.places.get(number)
            variable = None if place is None else self._stored.nodes[place].variable
            if variable is None:
                raise CorruptModelError(
                    "a function captures an object that is no variable of the checkpoint",
                    layer=node.name,
                )
            return variable.key
        shared = node.attributes().get("shared_name")
        return str(shared) if shared else node.name
