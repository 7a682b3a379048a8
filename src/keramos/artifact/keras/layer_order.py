"""The order in which Keras 3 will list the layers of a Functional model, which decides where it
looks for weights.

Layers are sorted by depth (the longest way to an output, deepest first), then by when a depth-first
walk from the outputs meets them; what no output needs is left out, except inputs. Source:
``map_graph`` in keras.src.ops.function.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from keramos.types.network import TensorRef

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from keramos.types.network import Layer, Network

Place = tuple[str, int]
"""A call: layer name and number."""


def keras_order(network: Network) -> Network:
    """The same network with its layers, and those of models in it, in Keras' order."""
    layers = {name: _ordered_below(layer) for name, layer in network.layers.items()}
    if network.sequential:
        return replace(network, layers=layers)
    kept = {name: layers[name] for name in _sorted_names(network)}
    calls = tuple(call for call in network.calls if call.layer in kept)
    return replace(network, layers=kept, calls=calls)


def _ordered_below(layer: Layer) -> Layer:
    return layer if layer.network is None else replace(layer, network=keras_order(layer.network))


def _sorted_names(network: Network) -> list[str]:
    parents = _parents(network)
    walk = _walk(network, parents)
    depths: dict[Place, int] = {}
    layer_depths: dict[str, int] = {}
    for place in reversed(walk.finished):
        depth = max(depths.get(place, 0), layer_depths.get(place[0], 0))
        depths[place] = layer_depths[place[0]] = depth
        for parent in parents[place]:
            depths[parent] = max(depth + 1, depths.get(parent, 0))
    for ref in network.inputs:
        if ref.layer not in layer_depths:
            layer_depths[ref.layer], walk.met[ref.layer] = 0, -1
    return sorted(layer_depths, key=lambda name: (-layer_depths[name], walk.met[name]))


def _parents(network: Network) -> dict[Place, list[Place]]:
    """Call -> the calls whose outputs it takes, in the order of its arguments."""
    found: dict[Place, list[Place]] = {(ref.layer, 0): [] for ref in network.inputs}
    made: dict[str, int] = {}
    for call in network.calls:
        number = made.get(call.layer, 0)
        made[call.layer] = number + 1
        found[call.layer, number] = [
            (ref.layer, ref.node) for ref in _refs((call.args, call.kwargs))
        ]
    return found


def _refs(item: object) -> Iterator[TensorRef]:
    if isinstance(item, TensorRef):
        yield item
    elif isinstance(item, dict):
        for key in sorted(item):
            yield from _refs(item[key])
    elif isinstance(item, list | tuple):
        for part in item:
            yield from _refs(part)


class _Walk(NamedTuple):
    """Calls in the order in which the walk finished them, and when it first met each layer."""

    finished: list[Place]
    met: dict[str, int]


def _walk(network: Network, parents: Mapping[Place, list[Place]]) -> _Walk:
    """Depth first from the outputs, without recursion: models may be thousands of layers deep."""
    walk = _Walk([], {})
    done: set[Place] = set()
    for ref in network.outputs:
        stack = [((ref.layer, ref.node), False)]
        while stack:
            place, returning = stack.pop()
            if returning:
                walk.finished.append(place)
                continue
            if place in done:
                continue
            done.add(place)
            walk.met.setdefault(place[0], len(walk.met))
            stack.append((place, True))
            stack += [(parent, False) for parent in reversed(parents[place])]
    return walk
