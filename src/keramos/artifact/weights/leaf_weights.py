"""Weights that are known for each layer by itself, however deep it is nested."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from keramos.artifact.weights.assign import bind_flat
from keramos.artifact.weights.keras3_weights import weight_at
from keramos.errors import located

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keramos.artifact.containers.container import LeafGroups, LeafWeights, WeightStore
    from keramos.artifact.weights.assign import Rules
    from keramos.types.network import Layer, Network

    Found = Mapping[tuple[str, ...], LeafWeights]


def bind_leaves(network: Network, store: WeightStore, groups: LeafGroups, rules: Rules) -> Network:
    """The network with the weights of each of its layers.

    Raises:
        MismatchError: a layer needs other weights than it has.
    """
    return _network(network, groups.of(network), store, rules, ())


def _network(
    network: Network, found: Found, store: WeightStore, rules: Rules, path: tuple[str, ...]
) -> Network:
    layers = {
        name: _layer(layer, found, store, rules, (*path, name))
        for name, layer in network.layers.items()
    }
    return replace(network, layers=layers)


def _layer(
    layer: Layer, found: Found, store: WeightStore, rules: Rules, path: tuple[str, ...]
) -> Layer:
    if layer.network is not None:
        return replace(layer, network=_network(layer.network, found, store, rules, path))
    leaf = found.get(path)
    if leaf is None:
        return bind_flat(layer, (), rules)
    layer = replace(layer, config={**layer.config, **leaf.options})
    with located(path="/".join(path)):
        weights = [weight_at(store, key, name) for key, name in leaf.weights]
        return bind_flat(layer, weights, rules, built=leaf.built)
