"""The part of a graph that its outputs need, with every function in place of its calls.

Only what outputs depend on by value is taken. A call is copied each time, so that functions which
call functions twice would grow without end: nodes and calls together are bounded by
``graph_nodes``, and calls within each other by a depth.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keramos.artifact.containers.graph_def.definitions import (
    WHERE,
    FunctionName,
    edge_of,
)
from keramos.artifact.containers.graph_def.tensor_arrays import ARRAYS, on_lists
from keramos.errors import CorruptModelError, LimitExceededError, UnsupportedModelError
from keramos.types.operation_graph import (
    ARGUMENT,
    BRANCHES,
    CONSTANT,
    WEIGHT,
    Edge,
    GraphNode,
    pruned,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from keramos.artifact.containers.graph_def.definitions import Definitions, Function, Node
    from keramos.artifact.limits import Limits
    from keramos.types.operation_graph import OperationGraph

    Bind = Mapping[str, Callable[[Node], GraphNode]]

_CALLS = frozenset({"PartitionedCall", "StatefulPartitionedCall"})
_SAME = frozenset(
    {
        *("CheckNumerics", "Identity", "IdentityN", "PlaceholderWithDefault", "PreventGradient"),
        *("Snapshot", "StopGradient"),
    }
)
_IFS = frozenset({"If", "StatelessIf"})
_CHANGES = re.compile(r"(Assign(Add|Sub)?VariableOp|ResourceScatter\w+|ResourceApply\w+)")
_BRANCHED = frozenset({"While", "StatelessWhile", *_IFS, "Case", "StatelessCase"})
_DEEPEST = 64


class _Body(NamedTuple):
    """Nodes that are read together: the main graph, or one call of a function."""

    nodes: Mapping[str, Node]
    fed: Mapping[str, list[Edge]]
    made: dict[str, list[Edge] | Edge]


class Weights:
    """The arrays of a graph that become weights of the model."""

    def __init__(self) -> None:
        self.arrays: list[NDArray[np.generic]] = []

    def node(self, name: str, value: NDArray[np.generic]) -> GraphNode:
        """The node of one more array."""
        self.arrays.append(value)
        return GraphNode(name, WEIGHT, (), {"index": len(self.arrays) - 1})


class Inliner:
    """Builds one flat graph."""

    def __init__(self, graph: Definitions, limits: Limits, bind: Bind, weights: Weights) -> None:
        """``bind`` gives, by operation, what stands for a node that is not computed: a weight, a
        table. Large constants are added to ``weights``.
        """
        self._graph = graph
        self._limits = limits
        self._bind = bind
        self._weights = weights
        self._plain = set[str]()
        self._left = limits.graph_nodes
        self._depth = 0
        self._changed: dict[str, str] = {}

    def main(self, inputs: Sequence[str], outputs: Sequence[str]) -> OperationGraph:
        """The flat graph from ``inputs`` to ``outputs``, both names of edges of the main graph.

        Raises:
            ModelError: it is damaged, or exceeds a limit.
        """
        nodes: list[GraphNode] = []
        fed: dict[str, list[Edge]] = {}
        for index, name in enumerate(inputs):
            fed[edge_of(name, {})[0]] = [self._emit(nodes, _argument(name, index))]
        body = _Body(self._graph.nodes, fed, {})
        graph = pruned(nodes, self._resolved(nodes, body, outputs))
        self._check_changes(graph)
        return graph

    def _function(self, name: str) -> OperationGraph:
        """A function as a graph of its own: a condition, a branch, or the body of a loop."""
        nodes: list[GraphNode] = []
        arguments = self._graph.function(name).arguments
        given = [self._emit(nodes, _argument(one, i)) for i, one in enumerate(arguments)]
        return pruned(nodes, self._called(nodes, name, given))

    def _called(self, nodes: list[GraphNode], name: str, given: Sequence[Edge]) -> list[Edge]:
        function = self._graph.function(name)
        if len(given) != len(function.arguments):
            raise CorruptModelError(
                f"a function takes {len(function.arguments)} arguments",
                received=f"{len(given)}",
                path=f"function {name[:80]}",
            )
        self._spend()
        self._depth += 1
        if self._depth > _DEEPEST:
            raise LimitExceededError(
                f"functions call each other more than {_DEEPEST} deep", path=f"function {name[:80]}"
            )
        fed = {one: [edge] for one, edge in zip(function.arguments, given, strict=True)}
        self._note_changes(nodes, function, fed)
        found = self._resolved(nodes, _Body(function.nodes, fed, {}), function.returned)
        self._depth -= 1
        return found

    def _note_changes(
        self, nodes: list[GraphNode], function: Function, fed: Mapping[str, list[Edge]]
    ) -> None:
        """Remember the weights that a function assigns to, though no output depends on that."""
        for node in function.nodes.values():
            edges = fed.get(node.inputs[0], ()) if _CHANGES.fullmatch(node.op) else ()
            for edge in edges:
                target = nodes[edge.node]
                if target.op == WEIGHT:
                    self._changed[target.name] = node.op

    def _check_changes(self, graph: OperationGraph) -> None:
        """Refuse graphs whose answers depend on earlier requests.

        Raises:
            UnsupportedModelError: a weight that outputs depend on is assigned to.
        """
        for node in graph.nodes:
            if node.op == WEIGHT and node.name in self._changed:
                raise UnsupportedModelError(
                    "the graph changes a variable that its answers depend on, so that they depend "
                    "on earlier requests",
                    layer=node.name,
                    layer_kind=self._changed[node.name],
                )

    def _resolved(self, nodes: list[GraphNode], body: _Body, wanted: Sequence[str]) -> list[Edge]:
        ends = [edge_of(one, body.nodes) for one in wanted]
        for node, below in _in_order(body, ends):
            edges = [_edge(body, name, output) for name, output in below]
            body.made[node.name] = self._made(nodes, node, edges)
        return [_edge(body, name, output) for name, output in ends]

    def _made(self, nodes: list[GraphNode], node: Node, edges: list[Edge]) -> list[Edge] | Edge:
        """What stands for a node: edges, or the first output of the node that computes it."""
        if node.op not in self._plain:
            found = self._special(nodes, node, edges)
            if found is not None:
                return found
        return self._emit(nodes, self._computed(node, edges))

    def _special(
        self, nodes: list[GraphNode], node: Node, edges: list[Edge]
    ) -> list[Edge] | Edge | None:
        """What stands for a node that is not computed as it is written; None for others."""
        op = node.op
        if op in _SAME:
            return edges
        if op in self._bind:
            return self._emit(nodes, self._bind[op](node))
        if self._graph.has_function(op):
            return self._called(nodes, op, edges)
        if op in _CALLS or op in _IFS:
            called = self._function_of(nodes, node, edges)
            return None if called is None else self._called(nodes, *called)
        if op in ARRAYS:
            return on_lists(node, edges, node.attributes(), partial(self._emit, nodes))
        self._plain.add(op)
        return None

    def _function_of(
        self, nodes: list[GraphNode], node: Node, edges: list[Edge]
    ) -> tuple[str, list[Edge]] | None:
        """The function that takes the place of a call, with what it is given; None where a run
        chooses one.
        """
        attributes = node.attributes()
        if node.op in _CALLS:
            return _name(attributes.get("f"), node), edges
        taken = _taken(nodes[edges[0].node], attributes) if edges else None
        return None if taken is None else (_name(taken, node), edges[1:])

    def _computed(self, node: Node, edges: list[Edge]) -> GraphNode:
        """The node of an operation that a run computes."""
        attributes = node.attributes()
        if node.op == "Const":
            return self._constant(node.name, attributes)
        if node.op in _BRANCHED:
            inner = BRANCHES.intersection(attributes)
            graphs = {key: self._graphs(attributes[key], node) for key in sorted(inner)}
            attributes = {**attributes, **graphs}
        return GraphNode(node.name, node.op, tuple(edges), attributes)

    def _graphs(self, value: object, node: Node) -> object:
        if isinstance(value, list):
            return tuple(self._function(_name(one, node)) for one in value)
        return self._function(_name(value, node))

    def _constant(self, name: str, attributes: Mapping[str, object]) -> GraphNode:
        value = attributes.get("value")
        if not isinstance(value, np.ndarray):
            raise CorruptModelError("a constant has no value", path=name)
        # One value that stands for many counts as made; infinity is what masks add.
        listed = value.dtype.kind == "f" and value.ndim > 0 and 0 not in value.strides
        if listed and not np.isinf(value).any():
            return self._weights.node(name, value)
        return GraphNode(name, CONSTANT, (), {"value": value})

    def _emit(self, nodes: list[GraphNode], node: GraphNode) -> Edge:
        self._spend()
        nodes.append(node)
        return Edge(len(nodes) - 1)

    def _spend(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise LimitExceededError(
                "with its functions in place of their calls, the graph has more than "
                f"{self._limits.graph_nodes:,} operations, the limit (graph_nodes)",
                path=WHERE,
            )


def _taken(condition: GraphNode, attributes: Mapping[str, object]) -> object:
    """The branch that a constant condition takes; None where a run chooses."""
    value = condition.attributes.get("value")
    if condition.op != CONSTANT or not isinstance(value, np.ndarray) or value.ndim:
        return None
    return attributes.get("then_branch" if value.item() else "else_branch")


def _argument(name: str, index: int) -> GraphNode:
    return GraphNode(name, ARGUMENT, (), {"index": index})


def _name(value: object, node: Node) -> str:
    if not isinstance(value, FunctionName):
        raise CorruptModelError("the operation names no function", path=node.name, received=node.op)
    return value.name


def _edge(body: _Body, name: str, output: int) -> Edge:
    """The edge that an input names.

    Raises:
        CorruptModelError: there is none.
    """
    found = body.fed.get(name) or body.made.get(name)
    if isinstance(found, Edge):
        return Edge(found.node, output) if output else found
    if found is None or output >= len(found):
        received = repr(f"{name[:80]}:{output}")
        raise CorruptModelError("an input names no output", received=received, path=WHERE)
    return found[output]


def _in_order(
    body: _Body, wanted: Sequence[tuple[str, int]]
) -> list[tuple[Node, Sequence[tuple[str, int]]]]:
    """The nodes that are needed, each after its inputs, with the outputs that those name.

    Raises:
        CorruptModelError: a node needs itself, or one that does not exist.
    """
    found: list[tuple[Node, Sequence[tuple[str, int]]]] = []
    nodes, fed = body.nodes, body.fed
    state: dict[str, bool] = {}  # False while its inputs are looked at
    taken: dict[str, Sequence[tuple[str, int]]] = {}
    waiting = [one for one, _ in reversed(wanted) if one not in fed]
    while waiting:
        name = waiting[-1]
        seen = state.get(name)
        if seen is not None:
            waiting.pop()
            if not seen:
                state[name] = True
                found.append((nodes[name], taken[name]))
            continue
        if name not in nodes:
            raise CorruptModelError(
                "the graph has no such node", received=repr(name[:80]), path=WHERE
            )
        state[name] = False
        taken[name] = below = [edge_of(one, nodes) for one in nodes[name].inputs]
        for one, _ in reversed(below):
            seen = state.get(one)
            if seen is False:
                raise CorruptModelError(
                    "a node of the graph needs its own result", received=one[:80], path=WHERE
                )
            if seen is None and one not in fed:
                waiting.append(one)
    return found
