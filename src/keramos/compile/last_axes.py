"""Layers that TensorFlow.js computes for some ranks alone: those that normalise each channel, with
the channels last, and Flatten, with more than one axis.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from keramos.artifact.keras.upgrade import chain, part_of
from keramos.compile.emit import output_shapes
from keramos.errors import ModelError
from keramos.types.limits import LIMITS
from keramos.types.network import refs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keramos.types.limits import Limits
    from keramos.types.network import Layer, Network

_KINDS = ("BatchNormalization",)
_FLAT, _ROWS_AND_ONE = "Flatten", 2


def with_last_axes(network: Network, limits: Limits = LIMITS) -> Network:
    """The network with axis -1 where the axis of such a layer is the last, and with its axes in
    another order where it is not; without Flatten where nothing is to flatten. Layers in models
    that do not say what they take stay as they are.
    """
    layers = {
        name: layer
        if layer.network is None
        else replace(layer, network=with_last_axes(layer.network, limits))
        for name, layer in network.layers.items()
    }
    if any(layer.kind in (*_KINDS, _FLAT) for layer in layers.values()):
        try:
            shapes = output_shapes(network, limits)
        except ModelError:
            shapes = {}
        layers = {name: _turned(layer, len(shapes.get(name, ()))) for name, layer in layers.items()}
        layers |= {name: _nothing(layers[name]) for name in _flat_already(network, shapes)}
    return replace(network, layers=layers)


def _flat_already(network: Network, shapes: Mapping[str, Sequence[object]]) -> set[str]:
    """Layers that flatten what has one axis beside the rows, in every call."""
    ranks: dict[str, set[int]] = {}
    for call in network.calls:
        if network.layers[call.layer].kind == _FLAT:
            given = {len(shapes.get(ref.layer, ())) for ref in refs(list(call.args))}
            ranks.setdefault(call.layer, set()).update(given)
    return {name for name, found in ranks.items() if found == {_ROWS_AND_ONE}}


def _nothing(layer: Layer) -> Layer:
    return replace(layer, kind="Activation", config={"activation": "linear"})


def _turned(layer: Layer, rank: int) -> Layer:
    axis = layer.config.get("axis")
    axis = axis[0] if isinstance(axis, list) and len(axis) == 1 else axis
    if layer.kind not in _KINDS or not isinstance(axis, int) or not rank:
        return layer
    last = replace(layer, config={**layer.config, "axis": -1})
    if axis % rank == rank - 1:
        return last
    order = [*range(1, axis % rank), *range(axis % rank + 1, rank), axis % rank]
    back = [order.index(place) + 1 for place in range(1, rank)]
    turned = part_of("Permute", {"dims": order}), part_of("Permute", {"dims": back})
    return chain(layer, [turned[0], last, turned[1]])
