"""Names that plain Keras accepts: it refuses a slash in a layer's name, which Keras 2 wrote."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from keramos.types.network import Call, TensorRef

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keramos.types.network import Layer, Network

_SLASH = re.compile("/")


def legal(network: Network, illegal: re.Pattern[str] = _SLASH) -> Network:
    """The same network with an underscore for everything in names that is illegal; numbered where
    that name is taken.
    """
    names: dict[str, str] = {}
    taken = set(network.layers)
    for name in network.layers:
        clean = illegal.sub("_", name)
        names[name] = name if clean == name else free_name(clean, taken)
        taken.add(names[name])
    return replace(
        network,
        layers={
            names[name]: _renamed(layer, names[name], illegal)
            for name, layer in network.layers.items()
        },
        calls=tuple(_call(call, names) for call in network.calls),
        inputs=tuple(_moved_ref(ref, names) for ref in network.inputs),
        outputs=tuple(_moved_ref(ref, names) for ref in network.outputs),
    )


def free_name(name: str, taken: set[str]) -> str:
    """The name, numbered where it is taken."""
    number = 0
    while name in taken:
        number += 1
        name = f"{name.rpartition('_')[0] if number > 1 else name}_{number}"
    return name


def _renamed(layer: Layer, name: str, illegal: re.Pattern[str]) -> Layer:
    inner = tuple(_renamed(part, illegal.sub("_", part.name), illegal) for part in layer.inner)
    below = None if layer.network is None else legal(layer.network, illegal)
    return replace(layer, name=name, inner=inner, network=below)


def _call(call: Call, names: Mapping[str, str]) -> Call:
    return Call(
        names[call.layer],
        tuple(_moved(item, names) for item in call.args),
        {key: _moved(item, names) for key, item in call.kwargs.items()},
    )


def _moved_ref(ref: TensorRef, names: Mapping[str, str]) -> TensorRef:
    return replace(ref, layer=names[ref.layer])


def _moved(item: object, names: Mapping[str, str]) -> object:
    match item:
        case TensorRef():
            return _moved_ref(item, names)
        case list():
            return [_moved(part, names) for part in item]
        case dict():
            return {key: _moved(part, names) for key, part in item.items()}
    return item
