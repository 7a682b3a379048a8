"""Put something that runs in place of layers that do not, before a network is compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from keramos.compile.lowering.options import nearest
from keramos.errors import UsageError
from keramos.types.network import Call, Layer, TensorRef, refs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from keramos.types.network import Network

    Replacement = str | Callable[..., object]

_LISTED = 20
"""Layers that a refusal lists."""


def replaced(network: Network, replacements: Mapping[str, Replacement]) -> Network:
    """The network with some layers replaced, by name; layers of nested models and wrapped layers
    count too.

    A text is an expression over the layer's input (see ``expression``). A function gets the
    ``LayerCall`` of each call, appends nodes there and returns their values; it must use all of the
    layer's weights.

    Raises:
        UsageError: no layer has such a name, or a replacement is neither.
    """
    names = list(_names(network))
    for name, found in replacements.items():
        if name not in names:
            raise UsageError(
                "replace= names a layer that does not exist",
                layer=name,
                remedy=f"The layers are {_listed(names)}{nearest(name, names)}",
            )
        if not isinstance(found, str) and not callable(found):
            raise UsageError(
                "a replacement is an expression or a function", received=found, layer=name
            )
    return _network(network, replacements)


def check_outputs(network: Network, call: Call, made: int) -> None:
    """Refuse a replacement that gives fewer tensors than the network takes from the layer.

    Raises:
        UsageError: it does.
    """
    layer = network.layers[call.layer]
    taken = [*network.outputs, *refs([[one.args, one.kwargs] for one in network.calls])]
    needed = 1 + max((ref.tensor for ref in taken if ref.layer == layer.name), default=0)
    if made < needed:
        raise UsageError(
            f"the model takes {needed} tensors from the layer; the replacement gives {made}",
            received=str(layer.replacement),
            layer=layer.name,
            remedy="Give several tensors as a list, as in [x[:, :1], x[:, 1:]]",
        )


def _listed(names: list[str]) -> str:
    return ", ".join([*names[:_LISTED], *(["..."] if len(names) > _LISTED else [])])


def _names(network: Network) -> Iterator[str]:
    for layer in network.layers.values():
        yield from _layer_names(layer)


def _layer_names(layer: Layer) -> Iterator[str]:
    yield layer.name
    for inner in layer.inner:
        yield from _layer_names(inner)
    if layer.network is not None:
        yield from _names(layer.network)


def _network(network: Network, replacements: Mapping[str, Replacement]) -> Network:
    layers = {name: _layer(layer, replacements) for name, layer in network.layers.items()}
    calls = tuple(_call(c) if c.layer in replacements else c for c in network.calls)
    return replace(network, layers=layers, calls=calls)


def _call(call: Call) -> Call:
    """The call without constants by name; tensors by name stay, and compiling refuses those that
    are not known.
    """
    return Call(
        call.layer, call.args, {key: item for key, item in call.kwargs.items() if _has_tensor(item)}
    )


def _has_tensor(item: object) -> bool:
    if isinstance(item, list | tuple):
        return any(_has_tensor(part) for part in item)
    return isinstance(item, TensorRef)


def _layer(layer: Layer, replacements: Mapping[str, Replacement]) -> Layer:
    found = replacements.get(layer.name)
    if isinstance(found, str):
        return Layer(layer.name, "replaced.Expression", replacement=found)
    if found is not None:
        return Layer(layer.name, "replaced.Function", weights=layer.weights, replacement=found)
    below = layer.network and _network(layer.network, replacements)
    return replace(
        layer, inner=tuple(_layer(inner, replacements) for inner in layer.inner), network=below
    )
