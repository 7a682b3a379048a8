"""Loops and branches of TensorFlow 1 as those of TensorFlow 2: While and If with functions.

TensorFlow 1 writes a loop as nodes of one frame (Enter, Merge, LoopCond, Switch, NextIteration,
Exit) and a branch as Switch and Merge. Source: tensorflow/python/ops/control_flow_ops.py,
while_loop.py, cond.py. What does not have this structure stays as it is, to be refused by name.
"""

from __future__ import annotations

from collections import ChainMap
from typing import TYPE_CHECKING, NamedTuple

from keramos.artifact.containers.graph_def.definitions import (
    Function,
    FunctionName,
    Node,
    edge_of,
)
from keramos.errors import LimitExceededError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from keramos.artifact.containers.graph_def.definitions import Definitions
    from keramos.artifact.limits import Limits

_ENTER = frozenset({"Enter", "RefEnter"})
_EXIT = frozenset({"Exit", "RefExit"})
_MERGE = frozenset({"Merge", "RefMerge"})
_NEXT = frozenset({"NextIteration", "RefNextIteration"})
_SWITCH = frozenset({"Switch", "RefSwitch"})
_DEEPEST = 64


def structured(graph: Definitions, limits: Limits) -> Definitions:
    """The definitions of a graph with While and If in place of what TensorFlow 1 writes."""
    if not any(node.op in _MERGE for node in graph.nodes.values()):
        return graph
    found = _Structured(graph)
    _raise_loops(found)
    _Branches(found, 16 * limits.graph_nodes).put()
    return found


class _Structured:
    """``Definitions`` of a graph whose loops and branches are replaced."""

    def __init__(self, graph: Definitions) -> None:
        self._graph = graph
        self._own: dict[str, Function] = {}
        self.nodes: dict[str, Node] = dict(graph.nodes)

    def function(self, name: str) -> Function:
        """A function of the library, or the part of a loop or branch."""
        return self._own.get(name) or self._graph.function(name)

    def has_function(self, name: str) -> bool:
        """Whether there is a function of this name."""
        return name in self._own or self._graph.has_function(name)

    def add(self, name: str, function: Function) -> FunctionName:
        """Name a part."""
        name = f"{name} {len(self._own)}"
        self._own[name] = function
        return FunctionName(name)


class _Frame(NamedTuple):
    """The loop of one frame: its variables (where each enters, merges, switches, and goes on), and
    what it takes from outside without changing it.
    """

    name: str
    variables: list[_Variable]
    kept: list[Node]
    condition: str


class _Variable(NamedTuple):
    enter: Node
    merge: Node
    switch: Node
    next: Node


def _raise_loops(found: _Structured) -> None:
    """Put While in place of every complete frame."""
    nodes = found.nodes
    exits: dict[str, list[Node]] = {}
    for node in list(nodes.values()):
        if node.op in _EXIT:
            exits.setdefault(_source(node, 0), []).append(node)
    for frame in _frames(nodes):
        _put_loop(found, frame, exits)


def _put_loop(found: _Structured, frame: _Frame, exits: Mapping[str, Sequence[Node]]) -> None:
    names = [one.merge.name for one in frame.variables]
    kept = [one.name for one in frame.kept]
    inside = {one.switch.name: _both(one.switch, one.merge.name) for one in frame.variables}
    body = ChainMap(inside, found.nodes)
    following = [one.next.inputs[0] for one in frame.variables]
    arguments = (*names, *kept)
    parts = {
        "cond": found.add(f"{frame.name} cond", Function(arguments, (frame.condition,), body)),
        "body": found.add(f"{frame.name} body", Function(arguments, (*following, *kept), body)),
    }
    entered = [one.enter.inputs[0] for one in frame.variables]
    entered += [one.inputs[0] for one in frame.kept]
    name = f"{frame.name} while"
    found.nodes[name] = Node(name, "While", tuple(entered), lambda: parts)
    for place, one in enumerate(frame.variables):
        for left in exits.get(one.switch.name, ()):
            found.nodes[left.name] = _same(left, f"{name}:{place}")


def _frames(nodes: Mapping[str, Node]) -> Iterator[_Frame]:
    """The loops that have every part."""
    entered: dict[str, list[Node]] = {}
    for node in list(nodes.values()):
        if node.op in _ENTER and node.inputs:
            entered.setdefault(str(node.attributes().get("frame_name")), []).append(node)
    merged = _variables(nodes)
    for name, enters in entered.items():
        variables = [merged[one.name] for one in enters if one.name in merged]
        kept = [one for one in enters if one.name not in merged]
        conditions = {_source(one.switch, 1) for one in variables}
        condition = nodes.get(conditions.pop()) if len(conditions) == 1 else None
        if condition is not None and condition.op == "LoopCond" and condition.inputs:
            yield _Frame(name, variables, kept, condition.inputs[0])


def _variables(nodes: Mapping[str, Node]) -> dict[str, _Variable]:
    """Enter -> the variable of a loop that it begins."""
    switches = {_source(one, 0): one for one in nodes.values() if one.op in _SWITCH}
    found = {}
    for merge in nodes.values():
        if merge.op not in _MERGE or len(merge.inputs) != 2:  # noqa: PLR2004 (before, after a step)
            continue
        before, after = (nodes.get(_source(merge, i)) for i in (0, 1))
        switch = switches.get(merge.name)
        if before is None or after is None or switch is None or len(switch.inputs) < 2:  # noqa: PLR2004
            continue
        if before.op in _ENTER and after.op in _NEXT and after.inputs:
            found[before.name] = _Variable(before, merge, switch, after)
    return found


class _Branches:
    """Puts If in place of every Merge that joins the two sides of a condition."""

    def __init__(self, found: _Structured, most: int) -> None:
        """``most`` bounds how many nodes are looked at."""
        self._found = found
        self._nodes = found.nodes
        self._left = most
        self._depth = 0

    def put(self) -> None:
        """Replace all of them."""
        for node in list(self._nodes.values()):
            if node.op in _MERGE and self._nodes[node.name] is node:
                self._join(node)

    def _join(self, merge: Node) -> None:
        if len(merge.inputs) != 2 or any(self._is_next(merge, i) for i in (0, 1)):  # noqa: PLR2004
            return
        self._depth += 1
        if self._depth > _DEEPEST:
            raise LimitExceededError(f"branches are nested more than {_DEEPEST} deep")
        sides = [self._side(text) for text in merge.inputs]
        self._depth -= 1
        switches = {node.name: node for side in sides for node, _ in side}
        conditions = {self._root(node.inputs[1]) for node in switches.values()}
        ways = [{way for _, way in side} for side in sides]
        if len(conditions) != 1 or any(len(way) > 1 for way in ways) or ways[0] == ways[1]:
            return
        first = ways[0] or {1 - way for way in ways[1]}
        self._put(merge, conditions.pop(), list(switches.values()), first == {1})

    def _root(self, text: str) -> str:
        """The edge that others only hand on."""
        seen = set[str]()
        while text not in seen:
            seen.add(text)
            node = self._nodes.get(edge_of(text, {})[0])
            if node is not None and node.op == "Identity" and node.inputs:
                text = node.inputs[0]
        name, output = edge_of(text, {})
        return f"{name}:{output}"

    def _is_next(self, merge: Node, index: int) -> bool:
        node = self._nodes.get(_source(merge, index))
        return node is not None and node.op in _NEXT

    def _put(self, merge: Node, condition: str, switches: list[Node], swapped: bool) -> None:  # noqa: FBT001
        given = tuple(f"{one.name} of {merge.name}" for one in switches)
        inside = {
            one.name: _both(one, argument) for one, argument in zip(switches, given, strict=True)
        }
        body = ChainMap(inside, self._nodes)
        no, yes = reversed(merge.inputs) if swapped else merge.inputs
        parts = {
            "then_branch": self._found.add(f"{merge.name} then", Function(given, (yes,), body)),
            "else_branch": self._found.add(f"{merge.name} else", Function(given, (no,), body)),
        }
        name = f"{merge.name} if"
        inputs = (condition, *(one.inputs[0] for one in switches))
        self._nodes[name] = Node(name, "If", inputs, lambda: parts)
        self._nodes[merge.name] = _same(merge, name)

    def _side(self, text: str) -> list[tuple[Node, int]]:
        """The switches that one side of a condition depends on, each with its output."""
        found, seen, waiting = [], set[tuple[str, int]](), [edge_of(text, {})]
        while waiting:
            name, output = waiting.pop()
            node = self._nodes.get(name)
            if node is None or (name, output) in seen:
                continue
            seen.add((name, output))
            self._spend()
            if node.op in _SWITCH and len(node.inputs) == 2:  # noqa: PLR2004
                found.append((node, output))
                continue
            if node.op in _MERGE:
                self._join(node)
                node = self._nodes[name]
            ends = (*node.inputs, *(() if node.inputs else node.controls))
            waiting += [edge_of(one, {}) for one in ends]
        return found

    def _spend(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise LimitExceededError("the branches of the graph overlap too often to be told apart")


def _source(node: Node, index: int) -> str:
    return edge_of(node.inputs[index], {})[0] if index < len(node.inputs) else ""


def _same(node: Node, text: str) -> Node:
    return Node(node.name, "Identity", (text,), _nothing)


def _both(switch: Node, text: str) -> Node:
    """Both outputs of a switch, inside of the loop or branch that it leads to."""
    return Node(switch.name, "IdentityN", (text, text), _nothing)


def _nothing() -> Mapping[str, object]:
    return {}
