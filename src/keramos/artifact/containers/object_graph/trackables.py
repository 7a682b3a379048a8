"""The objects of a checkpoint: what each one holds, and under which key a variable lies.

Source: tensorflow/core/protobuf/trackable_object_graph.proto. Nodes are numbered; node 0 is the
root. One node may be reached in several ways, and ways may lead in circles.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keramos.artifact.protobuf import Budget, Message
from keramos.errors import CorruptModelError, LimitExceededError, UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keramos.artifact.limits import Limits
    from keramos.artifact.tensor_bundle import Bundle

_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
_VALUE = "VARIABLE_VALUE"
_CHILD, _ATTRIBUTE, _NAME, _FULL_NAME, _KEY = 1, 2, 1, 2, 3


class Variable(NamedTuple):
    """A variable's key in the checkpoint, and the name that it had in its program."""

    key: str
    name: str


class Trackable(NamedTuple):
    """One object: its parts by their local names, and its values in the checkpoint by theirs."""

    children: Mapping[str, int]
    values: Mapping[str, Variable]

    @property
    def variable(self) -> Variable | None:
        """The value of an object that is a variable."""
        return self.values.get(_VALUE)

    def listed(self) -> list[int]:
        """The items of an object that is a list, in order."""
        names = sorted((name for name in self.children if name.isdecimal()), key=int)
        return [self.children[name] for name in names]


def read_trackables(bundle: Bundle, limits: Limits) -> list[Trackable]:
    """All objects of a checkpoint.

    Raises:
        UnsupportedModelError: the checkpoint has none, as those of TensorFlow 1.
        CorruptModelError: they contradict themselves.
        LimitExceededError: there are more than ``objects``.
    """
    if _GRAPH not in bundle:
        raise UnsupportedModelError(
            "the checkpoint has no graph of objects: TensorFlow 1 wrote it, which kept variables "
            "by the names of its own graph",
            path=bundle.where,
            remedy="Load it with TensorFlow and save the model again",
        )
    (data, *_) = bundle.texts(_GRAPH) or [b""]
    nodes = Message(data, Budget(limits, bundle.where)).many(1)
    if len(nodes) > limits.objects:
        raise LimitExceededError(
            f"the checkpoint has more than {limits.objects:,} objects, the limit (objects)",
            received=f"{len(nodes):,}",
            path=bundle.where,
        )
    budget = Budget(limits, bundle.where)
    found = [_trackable(Message(node, budget), len(nodes), bundle.where) for node in nodes]
    if not found:
        raise CorruptModelError("the checkpoint has no objects", path=bundle.where)
    return found


def _trackable(node: Message, total: int, where: str) -> Trackable:
    values = {
        one.text(_NAME): Variable(one.text(_KEY), one.text(_FULL_NAME))
        for one in node.messages(_ATTRIBUTE)
    }
    return Trackable(children_of(node, total, where), values)


def children_of(node: Message, total: int, where: str) -> dict[str, int]:
    """Local name -> number of a node's parts; ``total`` counts all nodes.

    Raises:
        CorruptModelError: two parts have one name, or one does not exist.
    """
    found: dict[str, int] = {}
    for child in node.messages(_CHILD):
        number, name = child.number(1), child.text(2)
        if name in found or number >= total:
            raise CorruptModelError(
                f"an object of {total:,} has two parts of one name, or a part that does not exist",
                received=f"{name[:80]!r}, number {number:,}",
                path=where,
            )
        found[name] = number
    return found


def in_step(one: Sequence[Mapping[str, int]], other: Sequence[Trackable]) -> dict[int, int]:
    """Node of one graph -> node of the other that the same ways lead to, from both roots."""
    found = {0: 0}
    waiting = [0]
    while waiting:
        here = waiting.pop()
        there = other[found[here]].children
        for name, child in one[here].items():
            if child not in found and name in there:
                found[child] = there[name]
                waiting.append(child)
    return found
