"""Weights of legacy files: one group a layer, matched in order as Keras matches them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from keramos.artifact.weights.assign import bind_flat, flat_order
from keramos.artifact.weights.keras3_weights import weight_at
from keramos.artifact.weights.weight_specs import is_foreign
from keramos.errors import MismatchError, ModelError, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keramos.artifact.containers.container import LayerGroups, WeightStore
    from keramos.artifact.weights.assign import Rules
    from keramos.types.network import Layer, Network


def bind_groups(network: Network, store: WeightStore, groups: LayerGroups, rules: Rules) -> Network:
    """The network with the weights of its layers' groups.

    Raises:
        MismatchError: layers and groups do not fit together.
    """
    _check_crossed(groups.names)
    if (path := store.unlisted()) is not None:
        raise MismatchError(
            "the group holds weights, but the list of layers does not name it; no layer has them",
            path=path,
        )
    owners = _owners(network, groups.names)
    layers: dict[str, Layer] = {}
    for name, layer in network.layers.items():
        group = owners.get(name)
        names = groups.names[group] if group is not None else []
        try:
            weights = [weight_at(store, groups.path(group or "", own), own) for own in names]
            layers[name] = bind_flat(layer, weights, rules)
        except ModelError as error:
            error.at(path=f"{groups.root or '/'}/{group or name}")
            raise
    return replace(network, layers=layers)


def _check_crossed(groups: Mapping[str, Sequence[str]]) -> None:
    """Refuse two layers whose weights each bear the other's name: they were swapped.

    A name alone says little: some versions of TensorFlow counted layers and weights differently.
    """
    said = {group: names[0].partition("/")[0] for group, names in groups.items()}
    for group, name in said.items():
        if name != group and said.get(name) == group:
            raise MismatchError(
                f"the weights of {quoted(group)} are named as those of {quoted(name)} and the "
                "other way round; they were swapped",
                remedy="Save the model again",
            )


def _owners(network: Network, groups: Mapping[str, object]) -> dict[str, str]:
    """Layer name -> group. Names decide where they agree; files of weights alone may name layers
    otherwise, then the order does.
    """
    if groups.keys() <= network.layers.keys():
        in_file, in_config = list(groups), [name for name in network.layers if name in groups]
        if in_file != in_config:
            raise MismatchError(
                "the weights have another order of layers than the config "
                f"({', '.join(in_config)[:120]}); refusing to guess which is right",
                received=", ".join(in_file)[:120],
            )
        return {name: name for name in groups}
    weighted = [name for name, layer in network.layers.items() if _may_have_weights(layer)]
    if len(weighted) != len(groups):
        raise MismatchError(
            f"the config has {len(weighted)} layers with weights "
            f"({', '.join(weighted)[:200] or 'none'})",
            received=f"weights for {len(groups)} ({', '.join(groups)[:200]})",
        )
    return dict(zip(weighted, groups, strict=True))


def _may_have_weights(layer: Layer) -> bool:
    return bool(flat_order(layer)) or is_foreign(layer.kind)
