"""Nested Sequential models as layers of the model around them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from keramos.artifact.keras.layer_names import free_name
from keramos.types.network import TensorRef, refs

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.types.network import Call, Layer, Network


def inlined(network: Network, is_meant: Callable[[Layer], bool]) -> Network:
    """The network with the layers of those nested models in their place that are meant."""
    found = _Inlined(network, is_meant)
    calls = tuple(one for call in network.calls for one in found.calls(call))
    outputs = tuple(found.moved_ref(ref) for ref in network.outputs)
    return replace(network, layers=found.layers, calls=calls, outputs=outputs)


class _Inlined:
    """Layers of a network, the names of those that came from nested models, and where their results
    are.
    """

    def __init__(self, network: Network, is_meant: Callable[[Layer], bool]) -> None:
        self.layers: dict[str, Layer] = {}
        self._nested: dict[str, tuple[Network, dict[str, str]]] = {}
        self._moved: dict[TensorRef, TensorRef] = {}
        self._count: dict[str, int] = {}
        taken = set(network.layers)
        for name, layer in network.layers.items():
            if layer.network is None:
                self.layers[name] = layer
                continue
            below = inlined(layer.network, is_meant)
            if not is_meant(layer):
                self.layers[name] = replace(layer, network=below)
                continue
            names: dict[str, str] = {}
            for part in below.layers.values():
                if part.kind != "InputLayer":
                    names[part.name] = free_name(part.name, taken)
                    taken.add(names[part.name])
                    self.layers[names[part.name]] = replace(part, name=names[part.name])
            self._nested[name] = below, names

    def moved_ref(self, ref: TensorRef) -> TensorRef:
        """A tensor of a nested model where it is now."""
        return self._moved.get(ref, ref)

    def moved(self, item: object) -> object:
        """An argument with the tensors of nested models where they are now."""
        match item:
            case TensorRef():
                return self.moved_ref(item)
            case list() | tuple():
                return type(item)(self.moved(part) for part in item)
            case dict():
                return {key: self.moved(part) for key, part in item.items()}
        return item

    def calls(self, call: Call) -> list[Call]:
        """A call of a nested model as calls of its layers."""
        args, kwargs = (self.moved(item) for item in (call.args, dict(call.kwargs)))
        now = replace(call, args=args, kwargs=kwargs)  # type: ignore[arg-type] # as before
        number = self._count.get(call.layer, 0)
        self._count[call.layer] = number + 1
        if call.layer not in self._nested:
            return [now]
        below, names = self._nested[call.layer]
        here = dict(zip(below.inputs, refs(list(now.args)), strict=True))
        made: list[Call] = []
        times: dict[str, int] = {}
        for inner in below.calls:
            taken = [here[ref] for ref in refs(list(inner.args))]
            name = names[inner.layer]
            made.append(replace(inner, layer=name, args=tuple(taken)))
            place = times.get(inner.layer, 0)
            times[inner.layer] = place + 1
            node = self._count.get(name, 0)
            self._count[name] = node + 1
            here[TensorRef(inner.layer, place)] = TensorRef(name, node)
        for tensor, ref in enumerate(below.outputs):
            self._moved[TensorRef(call.layer, number, tensor)] = here[ref]
        return made
