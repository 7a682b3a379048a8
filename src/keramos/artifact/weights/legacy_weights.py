"""Weights of legacy files: one group a layer, matched in order as Keras matches them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from keramos.artifact.weights.assign import bind_flat, flat_order
from keramos.artifact.weights.keras3_weights import weight_at
from keramos.artifact.weights.weight_specs import is_foreign
from keramos.errors import MismatchError, ModelError, UnsafeModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keramos.artifact.hdf5 import Hdf5
    from keramos.artifact.weights.assign import Rules
    from keramos.types.network import Layer, Network

_ROOT = "model_weights"
_OWN = "top_level_model_weights"  # of models of their authors' own classes
_NOT_FOR_ANSWERS = (
    "StateVar",
    "seed_generator_state",
    "renorm_",
    "moving_stddev",
    "moving_mean_weight",
)
"""Parts of names of arrays that Keras saves with a layer though predictions never read them."""


def root_of(file: Hdf5) -> str | None:
    """Where the groups are: in a whole model in one group, in a file of weights at the top; None:
    in neither.
    """
    if _ROOT in file.names(""):
        return _ROOT
    return "" if file.text_list("", "layer_names") else None


def weight_names(file: Hdf5, root: str) -> dict[str, list[str]]:
    """Names of the arrays of each group that has any."""
    found = {}
    for group in _inside(file.text_list(root, "layer_names"), root):
        listed = _inside(file.text_list(f"{root}/{group}", "weight_names"), f"{root}/{group}")
        names = [name for name in listed if _counts(name)]
        if len(set(listed)) != len(listed):
            raise MismatchError(
                f"{root}/{group} lists one of its weights twice: {', '.join(listed)[:200]}"
            )
        if group in found:
            raise MismatchError(f"{root or '/'} lists the layer '{group}' twice")
        if names:
            found[group] = names
    return found


def _inside(names: list[str], owner: str) -> list[str]:
    """The names, none of which leads out of the group that they are looked up in.

    Raises:
        UnsafeModelError: one does.
    """
    for name in names:
        if name.startswith("/") or not {".", ".."}.isdisjoint(name.split("/")):
            raise UnsafeModelError(
                f"{owner or '/'} lists '{name}', a path that leads out of its group; the file "
                "was altered. "
                "Save the model again"
            )
    return names


def _counts(name: str) -> bool:
    return not any(part in name.rpartition("/")[2] for part in _NOT_FOR_ANSWERS)


def bind_groups(network: Network, file: Hdf5, root: str, rules: Rules) -> Network:
    """The network with its weights.

    Raises:
        MismatchError: layers and groups do not fit together.
    """
    groups = weight_names(file, root)
    _check_crossed(groups)
    _check_listed(file, root)
    owners = _owners(network, groups)
    layers: dict[str, Layer] = {}
    for name, layer in network.layers.items():
        group = owners.get(name)
        names = groups[group] if group is not None else []
        try:
            weights = [weight_at(file, f"{root}/{group}/{weight}", weight) for weight in names]
            layers[name] = bind_flat(layer, weights, rules)
        except ModelError as error:
            where = f"{root or '/'}/{group or name}"
            raise error if where in str(error) else type(error)(f"{where}: {error}") from None
    return replace(network, layers=layers)


def _check_listed(file: Hdf5, root: str) -> None:
    """Refuse weights of a whole model that stand in no list, so that no layer would ever get
    them.
    """
    listed = {name.partition("/")[0] for name in file.text_list(root, "layer_names")} | {_OWN}
    for name in file.names(root) if root else ():
        path = f"{root}/{name}"
        if name not in listed and (not file.is_group(path) or file.names(path)):
            raise MismatchError(
                f"{path} holds weights, but the list of layers does not name it; no layer has them"
            )


def _check_crossed(groups: Mapping[str, list[str]]) -> None:
    """Refuse two layers whose weights each bear the other's name: they were swapped.

    A name alone says little: some versions of TensorFlow counted layers and weights differently.
    """
    said = {group: names[0].partition("/")[0] for group, names in groups.items()}
    for group, name in said.items():
        if name != group and said.get(name) == group:
            raise MismatchError(
                f"the weights of '{group}' are named as those of '{name}' and the other way "
                "round; they were swapped. "
                "Save the model again"
            )


def _owners(network: Network, groups: Mapping[str, object]) -> dict[str, str]:
    """Layer name -> group. Names decide where they agree; files of weights alone may name layers
    otherwise, then the order does.
    """
    if groups.keys() <= network.layers.keys():
        in_file, in_config = list(groups), [name for name in network.layers if name in groups]
        if in_file != in_config:
            raise MismatchError(
                f"the layers' order in the weights ({', '.join(in_file)[:120]}) differs from the "
                "config's "
                f"({', '.join(in_config)[:120]}); refusing to guess which is right"
            )
        return {name: name for name in groups}
    weighted = [name for name, layer in network.layers.items() if _may_have_weights(layer)]
    if len(weighted) != len(groups):
        raise MismatchError(
            f"the config has {len(weighted)} layers with weights "
            f"({', '.join(weighted)[:200] or 'none'}), "
            f"the weights are for {len(groups)} ({', '.join(groups)[:200]})"
        )
    return dict(zip(weighted, groups, strict=True))


def _may_have_weights(layer: Layer) -> bool:
    return bool(flat_order(layer)) or is_foreign(layer.kind)
