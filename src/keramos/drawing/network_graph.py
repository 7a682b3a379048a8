"""A network -> nodes and edges, folded to what a person can look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.drawing.words import shape
from keramos.types.network import refs
from keramos.types.view import GraphNode, NetworkGraph

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from keramos.types.network import Call, Network
    from keramos.types.stored import LayerRow

_LONG = 40
"""Nodes beyond which runs of layers are folded."""
_RUN = 3
"""Layers that are a run at least."""
_MOST = 150
"""Nodes of a drawing; a network that has more when it is folded is not drawn."""


def network_graph(network: Network, rows: Iterable[LayerRow]) -> NetworkGraph | None:
    """The network with what is known of its layers; None where it has none, or too many."""
    found = _graph(network, {row.name: row for row in rows}, "")
    return found if found and 0 < len(found.nodes) <= _MOST else None


def _graph(network: Network, rows: Mapping[str, LayerRow], prefix: str) -> NetworkGraph | None:
    places: dict[tuple[str, int], int] = {}
    edges: dict[tuple[int, int], None] = {}
    names = [layer.name for layer in network.layers.values() if layer.kind == "InputLayer"]
    for name in (*names, *(call.layer for call in network.calls)):
        calls = sum(one == name for one, _ in places)
        places[name, calls] = len(places)
        if len(places) > _MOST * _LONG:
            return None
    for place, call in enumerate(network.calls, len(names)):
        edges |= dict.fromkeys((before, place) for before in _before(call, places))
    nodes = tuple(_node(network, name, rows, prefix) for name, _ in places)
    return folded(NetworkGraph(nodes, tuple(edges)))


def _before(call: Call, places: Mapping[tuple[str, int], int]) -> list[int]:
    """The nodes whose outputs a call takes."""
    keys = [(ref.layer, ref.node) for ref in refs([*call.args, *call.kwargs.values()])]
    return [places[key] for key in keys if key in places]


def _node(network: Network, name: str, rows: Mapping[str, LayerRow], prefix: str) -> GraphNode:
    layer, row = network.layers[name], rows.get(f"{prefix}{name}")
    inner = _graph(layer.network, rows, f"{prefix}{name}/") if layer.network else None
    below = f"{prefix}{name}/"
    parameters = sum(one.parameters for key, one in rows.items() if key.startswith(below))
    if row is None:
        return GraphNode(name, layer.kind, "", parameters, inner)
    output = "" if row.output is None else shape(row.output)
    return GraphNode(name, row.kind, output, parameters + row.parameters, inner)


def folded(graph: NetworkGraph) -> NetworkGraph:
    """Runs of layers, each of which feeds the next alone, as one node each; where there are few
    nodes, all of them.
    """
    if len(graph.nodes) <= _LONG:
        return graph
    runs = _runs(graph)
    place = {node: number for number, run in enumerate(runs) for node in run}
    edges = dict.fromkeys((place[one], place[other]) for one, other in graph.edges)
    nodes = tuple(_one([graph.nodes[node] for node in run]) for run in runs)
    return NetworkGraph(nodes, tuple((one, other) for one, other in edges if one != other))


def _runs(graph: NetworkGraph) -> list[list[int]]:
    """The nodes in runs, in an order in which inputs come first; short runs are taken apart."""
    after: dict[int, list[int]] = {node: [] for node in range(len(graph.nodes))}
    before: dict[int, list[int]] = {node: [] for node in range(len(graph.nodes))}
    for one, other in graph.edges:
        after[one].append(other)
        before[other].append(one)
    found: dict[int, list[int]] = {}
    for node, sources in before.items():
        alone = len(sources) == 1 and len(after[sources[0]]) == 1
        run = found[sources[0]] if alone and not graph.nodes[node].inner else []
        run.append(node)
        found[node] = run
    runs = {id(run): run for run in found.values()}.values()
    parts = [[run] if len(run) >= _RUN else [[node] for node in run] for run in runs]
    return sorted((run for part in parts for run in part), key=lambda run: run[-1])


def _one(nodes: list[GraphNode]) -> GraphNode:
    """One node for a run."""
    if len(nodes) == 1:
        return nodes[0]
    name = f"{nodes[0].name} to {nodes[-1].name}"
    parameters = sum(node.parameters for node in nodes)
    count = sum(node.folded for node in nodes)
    return GraphNode(name, f"{count} layers", nodes[-1].output, parameters, None, count)
