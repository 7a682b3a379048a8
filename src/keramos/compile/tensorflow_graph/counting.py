"""What is known of a loop before it is compiled: what it leaves as it is, how long it runs, and
which lists it fills.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keramos.compile.operations.values import cast_to
from keramos.compile.tensorflow_graph.operands import Known, TensorList, as_value
from keramos.types.operation_graph import ARGUMENT, CONSTANT, pruned

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keramos.compile.onnx.graph import Graph, Value
    from keramos.compile.tensorflow_graph.operands import Operand
    from keramos.types.operation_graph import Edge, GraphNode, OperationGraph

    Compute = Callable[[OperationGraph, Sequence[Operand]], list[Operand]]

_SMALL = 64
_LIST, _PLACE, _ITEM = 0, 1, 2
"""Inputs of TensorListSetItem."""


class Bound(NamedTuple):
    """A counter: it begins at ``start`` and goes on by ``step`` while it is below ``end``, or above
    it where ``step`` is negative; ``reached``: it may be ``end`` too.
    """

    argument: int
    start: Operand
    step: int
    end: Operand
    reached: bool = False

    def trips(self, g: Graph) -> Known | Value:
        """How often the loop runs, at most: a scalar of int64."""
        first, last = _whole(self.start), _whole(self.end)
        width, more = abs(self.step), self.reached
        if first is not None and last is not None:
            distance = (last - first if self.step > 0 else first - last) + more
            return Known.of(np.array(max(0, -(-distance // width)), "int64"))
        start, end = (cast_to(g, as_value(g, one), "int64") for one in (self.start, self.end))
        pair = (end, start) if self.step > 0 else (start, end)
        far = g.op("Max", g.op("Add", g.op("Sub", *pair), int(more)), 0)
        steps = g.op("Div", g.op("Add", far, width - 1), width)
        return g.op("Reshape", steps, np.empty(0, "int64"))


def _whole(item: Operand) -> int | None:
    """A whole number that is known."""
    if isinstance(item, Known) and item.whole and item.array.size == 1:
        return int(item.array.ravel()[0])
    return None


def lifted(g: Graph, item: Operand) -> Operand:
    """A large array as a tensor outside of a loop, so that the loop does not hold it again."""
    if isinstance(item, Known) and item.whole and item.array.size > _SMALL:
        return item.value(g)
    return item


def _argument(graph: OperationGraph, edge: Edge) -> int | None:
    """The argument that an edge is."""
    node = graph.nodes[edge.node]
    index = node.attributes.get("index")
    return index if node.op == ARGUMENT and isinstance(index, int) else None


def unchanged(body: OperationGraph) -> set[int]:
    """The arguments that a body hands on as they are."""
    return {i for i, edge in enumerate(body.outputs) if _argument(body, edge) == i}


def bound_of(
    condition: OperationGraph,
    body: OperationGraph,
    kept: set[int],
    arguments: Sequence[Operand],
    run: Compute,
) -> Bound | None:
    """The counter that ends a loop; None where no condition is such a counter."""
    found = []
    for node in _all_of(condition):
        for counter, end, sign in _COMPARED.get(node.op, ()):
            place = _argument(condition, node.inputs[counter])
            step = None if place is None else _step(body, place, kept, arguments)
            if place is None or not step or step * sign < 0:
                continue
            last = _outside(condition, node.inputs[end], kept, arguments, run)
            if last is not None:
                found.append(Bound(place, arguments[place], step, last, node.op.endswith("Equal")))
    known = [one for one in found if _whole(one.end) is not None]
    return next(iter([*known, *found]), None)


_UP, _DOWN = (0, 1, 1), (0, 1, -1)
_COMPARED = {
    **dict.fromkeys(("Less", "LessEqual"), (_UP, (1, 0, -1))),
    **dict.fromkeys(("Greater", "GreaterEqual"), (_DOWN, (1, 0, 1))),
}
"""Comparison -> which inputs may be the counter and its bound, and where the counter goes."""


def _all_of(condition: OperationGraph) -> list[GraphNode]:
    """The conditions that all have to hold."""
    waiting, found = [condition.outputs[0]], []
    while waiting:
        node = condition.nodes[waiting.pop().node]
        if node.op == "LogicalAnd":
            waiting += reversed(node.inputs)
        else:
            found.append(node)
    return found


def _step(
    body: OperationGraph, counter: int, kept: set[int], arguments: Sequence[Operand]
) -> int | None:
    """By how much a body moves a counter: a whole number that is known."""
    node = body.nodes[body.outputs[counter].node]
    if node.op not in ("Add", "AddV2", "Sub"):
        return None
    pairs = (node.inputs, node.inputs[::-1]) if node.op != "Sub" else (node.inputs,)
    for one, other in pairs:
        added = _taken(body, other, kept, arguments)
        if _argument(body, one) == counter and isinstance(added, Known):
            step = _whole(added) if added.dtype.startswith("int") else None
            return step if step is None or node.op != "Sub" else -step
    return None


def _taken(
    graph: OperationGraph, edge: Edge, kept: set[int], arguments: Sequence[Operand]
) -> Operand | None:
    """A constant, or what the loop takes from outside and does not change."""
    node = graph.nodes[edge.node]
    if node.op == CONSTANT:
        return Known.of(np.asarray(node.attributes["value"]))
    index = _argument(graph, edge)
    return arguments[index] if index is not None and index in kept else None


def _outside(
    graph: OperationGraph,
    edge: Edge,
    kept: set[int],
    arguments: Sequence[Operand],
    run: Compute,
) -> Operand | None:
    """What a loop takes from outside, or computes from nothing else."""
    found = _taken(graph, edge, kept, arguments)
    if found is not None:
        return found
    part = pruned(graph.nodes, [edge])
    needed = {one.node for node in part.nodes for one in node.inputs} | {part.outputs[0].node}
    for place in needed:
        node = part.nodes[place]
        if node.op == ARGUMENT and node.attributes.get("index") not in kept:
            return None
    return run(part, arguments)[0]


def filled_places(
    body: OperationGraph, kept: set[int], arguments: Sequence[Operand], bound: Bound
) -> dict[int, Edge]:
    """Argument -> what each step puts into it, for lists that have a place for each step and get
    it in the order of steps, and nothing else.
    """
    uses = [edge for node in body.nodes for edge in node.inputs] + list(body.outputs)
    found = {}
    for place, (given, edge) in enumerate(zip(arguments, body.outputs, strict=True)):
        node = body.nodes[edge.node]
        if not isinstance(given, TensorList) or given.stacked is not None:
            continue
        if node.op != "TensorListSetItem" or _argument(body, node.inputs[_LIST]) != place:
            continue
        counter = _argument(body, node.inputs[_PLACE])
        if (
            uses.count(node.inputs[_LIST]) == 1
            and counter is not None
            and _step(body, counter, kept, arguments) == bound.step == 1
            and not bound.reached
            and _whole(arguments[counter]) == _whole(bound.start) == 0
            and _same(given.count, bound.end)
        ):
            found[place] = node.inputs[_ITEM]
    return found


def _same(one: Operand | None, other: Operand) -> bool:
    """Whether two numbers are surely the same."""
    if one is other:
        return True
    if not isinstance(one, Known) or not isinstance(other, Known):
        return False
    a, b = one.array.ravel(), other.array.ravel()
    return a.size == b.size == 1 and (a[0] is b[0] or (one.whole and other.whole and a[0] == b[0]))
