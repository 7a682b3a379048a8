"""A network as a drawing: nodes in ranks from inputs to outputs, shapes on the edges."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from keramos.drawing.svg import path, point, tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from markupsafe import Markup

    from keramos.types.view import GraphNode, NetworkGraph

_WIDE, _HIGH = 150.0, 40.0
_GAP, _BETWEEN = 22.0, 34.0  # beside nodes and below them
_THIN = 12.0  # of an edge that passes a rank
_LETTERS = 21  # of a name in its node
_SWEEPS = 4


@dataclass(slots=True)
class _Item:
    """A node in its rank, or the place where an edge passes one (``node`` is None)."""

    rank: int
    node: GraphNode | None
    before: list[_Item] = field(default_factory=list)
    after: list[_Item] = field(default_factory=list)
    x: float = 0.0

    @property
    def wide(self) -> float:
        return _WIDE if self.node else _THIN

    @property
    def top(self) -> float:
        return self.rank * (_HIGH + _BETWEEN) + 1

    @property
    def bottom(self) -> float:
        return self.top + _HIGH


def network_picture(graph: NetworkGraph) -> Markup:
    """The drawing, in its natural size."""
    ranks = _ranked(graph)
    for sweep in range(_SWEEPS):
        for rank in ranks if sweep % 2 == 0 else reversed(ranks):
            _settle(rank, from_above=sweep % 2 == 0)
    items = [item for rank in ranks for item in rank]
    left = min(item.x - item.wide / 2 for item in items) - 1
    for item in items:
        item.x -= left
    width = max(item.x + max(item.wide / 2, _letters(item)) for item in items) + 1
    height = max(item.bottom for item in items) + 1
    drawn = [_edge(one, other) for one in items for other in one.after]
    drawn += [part for item in items if item.node for part in _node(item, item.node)]
    return tag(
        "svg",
        *drawn,
        viewBox=f"0 0 {point(width)} {point(height)}",
        width=width,
        height=height,
        class_="network",
        role="img",
        aria_label=_told(graph),
    )


def _letters(item: _Item) -> float:
    """How far the shape on its edge reaches."""
    return 5 + 6.0 * len(item.node.output) if item.node and item.after else 0.0


def _told(graph: NetworkGraph) -> str:
    ends = {one for one, _ in graph.edges}
    last = [node.name for place, node in enumerate(graph.nodes) if place not in ends]
    starts = {other for _, other in graph.edges}
    first = [node.name for place, node in enumerate(graph.nodes) if place not in starts]
    count = sum(node.folded for node in graph.nodes)
    return f"{count} layers from {', '.join(first[:8])} to {', '.join(last[:8])}"


def _ranked(graph: NetworkGraph) -> list[list[_Item]]:
    """The items of each rank: a node stands below all that it takes, inputs close to their use."""
    depth = _depths(graph)
    items = [_Item(depth[place], node) for place, node in enumerate(graph.nodes)]
    ranks: list[list[_Item]] = [[] for _ in range(max(depth.values()) + 1)]
    for item in items:
        ranks[item.rank].append(item)
    for one, other in graph.edges:
        last = items[one]
        for rank in range(items[one].rank + 1, items[other].rank):
            passing = _Item(rank, None)
            ranks[rank].append(passing)
            _join(last, passing)
            last = passing
        _join(last, items[other])
    return ranks


def _join(one: _Item, other: _Item) -> None:
    one.after.append(other)
    other.before.append(one)


def _depths(graph: NetworkGraph) -> Mapping[int, int]:
    depth = dict.fromkeys(range(len(graph.nodes)), 0)
    for one, other in sorted(graph.edges, key=lambda edge: edge[1]):
        depth[other] = max(depth[other], depth[one] + 1)
    starts = set(depth) - {other for _, other in graph.edges}
    for node in starts:
        uses = [depth[other] for one, other in graph.edges if one == node]
        depth[node] = min(uses) - 1 if uses else 0
    return depth


def _settle(rank: list[_Item], *, from_above: bool) -> None:
    """Put the items of a rank below (or above) their neighbours, side by side."""
    for item in rank:
        beside = item.before if from_above else item.after
        if beside:
            item.x = sum(other.x for other in beside) / len(beside)
    rank.sort(key=lambda item: item.x)
    wanted = [item.x for item in rank]
    for left, right in pairwise(rank):
        right.x = max(right.x, left.x + (left.wide + right.wide) / 2 + _GAP)
    moved = sum(item.x - x for item, x in zip(rank, wanted, strict=True)) / max(len(rank), 1)
    for item in rank:
        item.x -= moved


def _edge(one: _Item, other: _Item) -> Markup:
    begin, end = (one.x, one.bottom), (other.x, other.top)
    middle = (begin[1] + end[1]) / 2
    through = [] if other.node else [(other.x, other.bottom)]
    curve = f"{path([begin])}C{_points((one.x, middle), (other.x, middle), end)}"
    straight = "".join(f"L{point(x)} {point(y)}" for x, y in through)
    return tag("path", d=f"{curve}{straight}", class_="edge")


def _points(*points: tuple[float, float]) -> str:
    return " ".join(f"{point(x)} {point(y)}" for x, y in points)


def _node(item: _Item, node: GraphNode) -> Iterable[Markup]:
    """The box of a layer with its name and class, and the shape that it gives on its edge."""
    left = item.x - _WIDE / 2
    kind = "node nested" if node.inner or node.folded > 1 else "node"
    count = f", {node.parameters:,} weights" if node.parameters else ""
    told = tag(
        "title", f"{node.name}: {node.kind}{count}; gives {node.output or 'what is unknown'}"
    )
    box = tag("rect", told, x=left, y=item.top, width=_WIDE, height=_HIGH, rx=8, class_=kind)
    name, below = _short(node.name), _short(node.kind)
    yield box
    yield tag("text", name, x=item.x, y=item.top + 17, class_="middle layer-name")
    yield tag("text", below, x=item.x, y=item.top + 32, class_="middle")
    if node.output and item.after:
        yield tag("text", node.output, x=item.x + 5, y=item.bottom + 14, class_="shape")


def _short(text: str) -> str:
    return text if len(text) <= _LETTERS else f"{text[: _LETTERS - 1]}…"
