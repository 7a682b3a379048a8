"""A graph of TensorFlow operations as plain data: functions are inlined, names are numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keramos.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ARGUMENT, WEIGHT, CONSTANT, TABLE = "_Argument", "_Weight", "_Constant", "_Table"
"""Operations that only give a value: an argument of the graph by its attribute ``index``
(``scalar``: of a row of one value, that value); a weight of the layer by ``index``; the array
``value``; a lookup table of ``keys`` and ``values``.
"""


BRANCHES = frozenset({"cond", "body", "then_branch", "else_branch", "branches"})
"""Attributes that hold graphs, those of loops and branches."""

GIVEN = frozenset({ARGUMENT, WEIGHT, CONSTANT, TABLE})


class Edge(NamedTuple):
    """Output ``output`` of node ``node`` of a graph; both count from 0."""

    node: int
    output: int = 0


class GraphNode(Frozen, frozen=True, eq=False):
    """One operation. Its inputs are outputs of nodes before it.

    Attributes are numbers, texts, names of dtypes, shapes, arrays, and the graphs of loops and
    branches.
    """

    name: str
    op: str
    inputs: tuple[Edge, ...]
    attributes: Mapping[str, object]


class OperationGraph(Frozen, frozen=True, eq=False):
    """Operations in an order in which every input exists before it is used."""

    nodes: tuple[GraphNode, ...]
    outputs: tuple[Edge, ...]

    def every_node(self) -> Iterator[GraphNode]:
        """The nodes, those of loops and branches included."""
        for node in self.nodes:
            yield node
            for name in BRANCHES.intersection(node.attributes):
                value = node.attributes[name]
                for part in value if isinstance(value, tuple) else (value,):
                    if isinstance(part, OperationGraph):
                        yield from part.every_node()


def pruned(nodes: Sequence[GraphNode], outputs: Sequence[Edge]) -> OperationGraph:
    """The graph without what no output needs; arguments stay."""
    needed = {edge.node for edge in outputs}
    for place in range(len(nodes) - 1, -1, -1):
        if place in needed:
            needed.update(edge.node for edge in nodes[place].inputs)
    kept = [i for i, node in enumerate(nodes) if i in needed or node.op == ARGUMENT]
    if len(kept) == len(nodes):
        return OperationGraph(tuple(nodes), tuple(outputs))
    places = {old: new for new, old in enumerate(kept)}
    first = next(new for new, old in enumerate([*kept, len(nodes)]) if new != old)

    def moved(edges: Sequence[Edge]) -> tuple[Edge, ...]:
        return tuple([Edge(places[edge.node], edge.output) for edge in edges])

    def taken(node: GraphNode) -> GraphNode:
        if max([edge.node for edge in node.inputs], default=0) < first:
            return node
        return GraphNode(node.name, node.op, moved(node.inputs), node.attributes)

    return OperationGraph(tuple([taken(nodes[i]) for i in kept]), moved(outputs))
