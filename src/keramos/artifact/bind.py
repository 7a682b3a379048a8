"""Give each layer of a Network its weights, by the two ways Keras stores them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from keramos.artifact.places import inner_folders, numbered, own_folders
from keramos.artifact.roles import roles
from keramos.errors import MismatchError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from keramos.types.network import Layer, Network

    Array = NDArray[np.generic]


def bind_places(network: Network, arrays_in: Callable[[str], tuple[Array, ...]], folder: str = "") -> Network:
    """Weights by place: ``arrays_in`` gives the arrays of a folder's ``vars`` in order (``.keras``)."""
    layers = {
        layer.name: _bind_place(layer, arrays_in, f"{folder}layers/{name}") for name, layer in numbered(network.layers)
    }
    return replace(network, layers=layers)


def _bind_place(layer: Layer, arrays_in: Callable[[str], tuple[Array, ...]], folder: str) -> Layer:
    if layer.network is not None:
        return replace(layer, network=bind_places(layer.network, arrays_in, f"{folder}/"))
    weights = tuple(array for own in own_folders(layer, folder) for array in arrays_in(own))
    inner = tuple(_bind_place(part, arrays_in, below) for below, part in inner_folders(layer, folder))
    return replace(layer, weights=weights, inner=inner or layer.inner)


class Slot(NamedTuple):
    """A weight's place in a layer's flat list: the path of the layer that owns it, and its role there."""

    owner: tuple[str, ...]
    role: str
    trainable: bool


def slots(layer: Layer, path: tuple[str, ...] = (), *, trainable: bool = True) -> Iterator[Slot]:
    """Every weight of a layer and of what it holds, in the order in which Keras builds them."""
    free = trainable and layer.config.get("trainable", True) is not False
    here = (*path, layer.name)
    if layer.network is not None:
        for part in layer.network.layers.values():
            yield from slots(part, here, trainable=free)
        return
    for role in roles(layer.kind, layer.config):
        yield Slot(here, role.name, role.trainable and free)
    for place, part in enumerate(layer.inner):
        yield from slots(part, (*here, str(place)), trainable=free)


def flat_order(layer: Layer) -> list[Slot]:
    """The order of legacy files: all trainable weights, then all others."""
    found = list(slots(layer))
    return [slot for slot in found if slot.trainable] + [slot for slot in found if not slot.trainable]


def bind_flat(layer: Layer, arrays: Sequence[Array], where: str) -> Layer:
    """A layer with the weights of its group in a legacy file (``.h5``).

    Raises:
        MismatchError: there are more or fewer arrays than the config has places for.
    """
    wanted = flat_order(layer)
    if len(wanted) != len(arrays):
        names = ", ".join(slot.role for slot in wanted) or "none"
        raise MismatchError(
            f"{where}: layer '{layer.name}' ({layer.kind}) needs {len(wanted)} weights ({names}), "
            f"the file holds {len(arrays)}"
        )
    owned: dict[tuple[str, ...], dict[str, Array]] = {}
    for slot, array in zip(wanted, arrays, strict=True):
        owned.setdefault(slot.owner, {})[slot.role] = array
    return _fill(layer, owned, ())


def _fill(layer: Layer, owned: dict[tuple[str, ...], dict[str, Array]], path: tuple[str, ...]) -> Layer:
    here = (*path, layer.name)
    if layer.network is not None:
        layers = {name: _fill(part, owned, here) for name, part in layer.network.layers.items()}
        return replace(layer, network=replace(layer.network, layers=layers))
    mine = owned.get(here, {})
    weights = tuple(mine[role.name] for role in roles(layer.kind, layer.config))
    inner = tuple(_fill(part, owned, (*here, str(place))) for place, part in enumerate(layer.inner))
    return replace(layer, weights=weights, inner=inner)
