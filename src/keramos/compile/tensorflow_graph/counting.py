"""What is known of a loop before it is compiled: what it leaves as it is, how long it runs, and
which lists it fills.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keramos.compile.operations.values import cast_to
from keramos.compile.tensorflow_graph.operands import Known, TensorList, as_value
from keramos.types.operation_graph import ARGUMENT, CONSTANT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.compile.onnx.graph import Graph, Value
    from keramos.compile.tensorflow_graph.operands import Operand
    from keramos.types.operation_graph import Edge, GraphNode, OperationGraph

_SMALL = 64
_LIST, _PLACE, _ITEM = 0, 1, 2
"""Inputs of TensorListSetItem."""


class Bound(NamedTuple):
    """A counter: it begins at ``start`` and grows by ``step`` while it is below ``end``."""

    argument: int
    start: Operand
    step: int
    end: Operand

    def trips(self, g: Graph) -> Known | Value:
        """How often the loop runs, at most: a scalar of int64."""
        first, last = _whole(self.start), _whole(self.end)
        if first is not None and last is not None:
            return Known.of(np.array(max(0, -((first - last) // self.step)), "int64"))
        start, end = (cast_to(g, as_value(g, one), "int64") for one in (self.start, self.end))
        distance = g.op("Max", g.op("Sub", end, start), 0)
        steps = g.op("Div", g.op("Add", distance, self.step - 1), self.step)
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
) -> Bound | None:
    """The counter that ends a loop; None where no condition is such a counter."""
    found = []
    for node in _all_of(condition):
        if node.op != "Less":
            continue
        counter = _argument(condition, node.inputs[0])
        step = None if counter is None else _step(body, counter, kept, arguments)
        end = _outside(condition, node.inputs[1], kept, arguments)
        if counter is not None and step and end is not None:
            found.append(Bound(counter, arguments[counter], step, end))
    known = [one for one in found if _whole(one.end) is not None]
    return next(iter([*known, *found]), None)


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
    """By how much a body lets a counter grow: a number above 0 that is known."""
    node = body.nodes[body.outputs[counter].node]
    if node.op not in ("Add", "AddV2"):
        return None
    for one, other in (node.inputs, node.inputs[::-1]):
        added = _outside(body, other, kept, arguments)
        if _argument(body, one) == counter and isinstance(added, Known):
            step = _whole(added) if added.dtype.startswith("int") else None
            return step if step is not None and step > 0 else None
    return None


def _outside(
    condition: OperationGraph, edge: Edge, kept: set[int], arguments: Sequence[Operand]
) -> Operand | None:
    """What a part of a loop takes from outside: a constant, or what the loop does not change."""
    node = condition.nodes[edge.node]
    if node.op == CONSTANT:
        return Known.of(np.asarray(node.attributes["value"]))
    index = _argument(condition, edge)
    return arguments[index] if index is not None and index in kept else None


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
