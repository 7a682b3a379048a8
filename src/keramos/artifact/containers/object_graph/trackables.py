"""The objects of a checkpoint: what each one holds, and under which key a variable lies.

Source: tensorflow/core/protobuf/trackable_object_graph.proto. Nodes are numbered; node 0 is the
root. One node may be reached in several ways, and ways may lead in circles.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from keramos.artifact.containers.object_graph.parsed import Parsed
from keramos.artifact.protobuf import Budget, Message
from keramos.errors import CorruptModelError, LimitExceededError, UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from keramos.artifact.limits import Limits
    from keramos.artifact.tensor_bundle import Bundle

_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
_VALUE = "VARIABLE_VALUE"
_CHILD, _ATTRIBUTE, _NAME, _FULL_NAME, _KEY = 1, 2, 1, 2, 3
_NUMBER, _PART_NAME = 1, 2
_HEAD = re.compile(rb"\x08([\x80-\xff]{0,4}[\0-\x7f])\x12([\0-\x7f])")
"""What comes before a part's name: its number, and the length of the name."""


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


def read_trackables(bundle: Bundle, limits: Limits) -> Sequence[Trackable]:
    """All objects of a checkpoint; each is parsed when it is asked for.

    Raises:
        UnsupportedModelError: the checkpoint has none, as those of TensorFlow 1.
        CorruptModelError: there are none; or, when one is asked for, it contradicts itself.
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
    if not nodes:
        raise CorruptModelError("the checkpoint has no objects", path=bundle.where)
    budget = Budget(limits, bundle.where)
    return Parsed(nodes, lambda node: _trackable(Message(node, budget), len(nodes), bundle.where))


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
    for data in node.many(_CHILD):
        number, name = _usual(data) or _any(Message(data, node.budget))
        if name in found or number >= total:
            raise CorruptModelError(
                f"an object of {total:,} has two parts of one name, or a part that does not exist",
                received=f"{name[:80]!r}, number {number:,}",
                path=where,
            )
        found[name] = number
    return found


def _usual(data: bytes) -> tuple[int, str] | None:
    """Number and name of a part as every writer puts them, at a fraction of the time that a
    message takes; models have thousands. None for other orders and fields.
    """
    head = _HEAD.match(data)
    name = b"" if head is None else data[head.end() :]
    if head is None or head[2][0] != len(name) or not name.isascii():
        return None
    number = 0
    for place, byte in enumerate(head[1]):
        number |= (byte & 0x7F) << 7 * place
    return number, name.decode()


def _any(part: Message) -> tuple[int, str]:
    return part.number(_NUMBER), part.text(_PART_NAME)


class Places(Mapping[int, int]):
    """Node of one graph -> node of the other that the same ways lead to, from both roots.

    They are looked for as far as somebody asks: what answers need is near the roots. Parts with
    the names ``without`` are not entered.
    """

    def __init__(
        self,
        children: Callable[[int], Mapping[str, int]],
        other: Sequence[Trackable],
        without: Collection[str] = (),
    ) -> None:
        """``children`` gives the parts of a node of the one graph; ``other`` may be empty."""
        self._children = children
        self._other = other
        self._without = without
        self._found = {0: 0} if other else {}
        self._back = dict(self._found)
        self._waiting = deque(self._found)

    def back(self, there: int) -> int | None:
        """The node of the one graph that a node of the other is; None where it has none."""
        while there not in self._back and self._waiting:
            self._step()
        return self._back.get(there)

    def _step(self) -> None:
        """The parts of one more node."""
        here = self._waiting.popleft()
        there = self._other[self._found[here]].children
        for name, child in self._children(here).items() if there else ():
            if child not in self._found and name in there and name not in self._without:
                self._found[child] = there[name]
                self._back.setdefault(there[name], child)
                self._waiting.append(child)

    def __getitem__(self, node: int) -> int:
        """The node of the other graph."""
        while node not in self._found and self._waiting:
            self._step()
        return self._found[node]

    def __iter__(self) -> Iterator[int]:
        """Nodes of the one graph that the other has too."""
        while self._waiting:
            self._step()
        return iter(self._found)

    def __len__(self) -> int:
        """How many nodes both have."""
        return len(list(iter(self)))
