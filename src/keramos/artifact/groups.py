"""Weights of legacy files: one group a layer, matched in order as Keras matches them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from keramos.artifact.bind import bind_flat, flat_order
from keramos.artifact.roles import ROLES
from keramos.errors import MismatchError, ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keramos.artifact.bind import Settle
    from keramos.artifact.hdf5 import Hdf5
    from keramos.types.network import Layer, Network

_ROOT = "model_weights"
_NOT_FOR_ANSWERS = ("StateVar", "seed_generator_state", "renorm_", "moving_stddev", "moving_mean_weight")
"""Parts of names of arrays that Keras saves with a layer though predictions never read them."""


def root_of(file: Hdf5) -> str | None:
    """Where the groups are: in a whole model in one group, in a file of weights at the top; None: in neither."""
    if _ROOT in file.names(""):
        return _ROOT
    return "" if file.text_list("", "layer_names") else None


def weight_names(file: Hdf5, root: str) -> dict[str, list[str]]:
    """Names of the arrays of each group that has any."""
    found = {}
    for group in file.text_list(root, "layer_names"):
        names = [name for name in file.text_list(f"{root}/{group}", "weight_names") if _counts(name)]
        if names:
            found[group] = names
    return found


def _counts(name: str) -> bool:
    return not any(part in name.rpartition("/")[2] for part in _NOT_FOR_ANSWERS)


def bind_groups(network: Network, file: Hdf5, root: str, settle: Settle) -> Network:
    """The network with its weights.

    Raises:
        MismatchError: layers and groups do not fit together.
    """
    groups = weight_names(file, root)
    owners = _owners(network, groups)
    layers: dict[str, Layer] = {}
    for name, layer in network.layers.items():
        group = owners.get(name)
        names = groups[group] if group is not None else []
        arrays = [file.array(f"{root}/{group}/{weight}") for weight in names]
        try:
            layers[name] = bind_flat(layer, names, arrays, settle)
        except ModelError as error:
            raise type(error)(f"{root or '/'}/{group or name}: {error}") from None
    return replace(network, layers=layers)


def _owners(network: Network, groups: Mapping[str, object]) -> dict[str, str]:
    """Layer name -> group. Names decide where they agree; files of weights alone may name layers otherwise, then the
    order does.
    """
    if groups.keys() <= network.layers.keys():
        in_file, in_config = list(groups), [name for name in network.layers if name in groups]
        if in_file != in_config:
            raise MismatchError(
                f"the layers' order in the weights ({', '.join(in_file)[:120]}) differs from the config's "
                f"({', '.join(in_config)[:120]}); refusing to guess which is right"
            )
        return {name: name for name in groups}
    weighted = [name for name, layer in network.layers.items() if _may_have_weights(layer)]
    if len(weighted) != len(groups):
        raise MismatchError(
            f"the config has {len(weighted)} layers with weights ({', '.join(weighted)[:200]}), "
            f"the weights are for {len(groups)} ({', '.join(groups)[:200]})"
        )
    return dict(zip(weighted, groups, strict=True))


def _may_have_weights(layer: Layer) -> bool:
    return bool(flat_order(layer)) or (layer.kind not in ROLES and layer.kind.startswith("custom."))
