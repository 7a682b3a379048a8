"""Network -> the config that current Keras writes and reads
(``keras.saving.deserialize_keras_object``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from keramos.artifact.keras.dialects.entries import ACTIVATION_KEYS, config_of, is_entry
from keramos.artifact.keras.operation_modules import module_of
from keramos.keras_layers.registry import spec_of
from keramos.types.attributes import items
from keramos.types.network import TensorRef

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keramos.types.network import Call, Config, Layer, Network

KERAS_VERSION = "3.9.0"
"""The Keras whose file layout is written."""


def model_config(network: Network) -> Config:
    """A whole model as Keras serialises it."""
    kind = "Sequential" if network.sequential else "Functional"
    body = _sequential(network) if network.sequential else _functional(network)
    # Functional is public under no name of its own, so Keras writes where its class lives.
    module = "keras" if network.sequential else "keras.src.models.functional"
    return {"module": module, "class_name": kind, "config": body, "registered_name": kind}


def _entry(layer: Layer) -> Config:
    if layer.network is not None:
        return model_config(replace(layer.network, name=layer.name))
    return _object(
        layer.kind, {"name": layer.name, **layer.config, **_activations(layer), **_inner(layer)}
    )


def _object(name: str, config: Config) -> Config:
    kind, spec = name.rpartition(".")[2], spec_of(name)
    module = spec.module if spec else "keras.layers"
    if name.startswith("ops."):
        module = module_of(kind)
    package = f"{spec.package}>{kind}" if spec and spec.package else None
    return {"module": module, "class_name": kind, "config": config, "registered_name": package}


def _activations(layer: Layer) -> Config:
    """Layers as activations are written as layers are."""
    found = {key: part for key in ACTIVATION_KEYS if is_entry(part := layer.config.get(key))}
    return {key: _object(str(part["class_name"]), config_of(part)) for key, part in found.items()}


def _inner(layer: Layer) -> Config:
    """Inner layers go back under the key that Keras reads them from."""
    spec = spec_of(layer.kind)
    if spec is None:
        return {}
    if spec.inner_list:
        return {spec.inner_list: [_entry(part) for part in layer.inner]}
    return {key: _entry(part) for key, part in zip(spec.inner, layer.inner, strict=False)}


def _sequential(network: Network) -> Config:
    # Keras builds a nested Sequential without an input layer when it is called.
    stated = [
        part
        for part in network.layers.values()
        if part.kind != "InputLayer" or part.config["batch_shape"]
    ]
    return {"name": network.name, "trainable": True, "layers": [_entry(part) for part in stated]}


def _functional(network: Network) -> Config:
    nodes: dict[str, list[Config]] = {name: [] for name in network.layers}
    for call in network.calls:
        nodes[call.layer].append(_node(call))
    entries = []
    for name, layer in network.layers.items():
        entries.append({**_entry(layer), "name": name, "inbound_nodes": nodes[name]})
    return {
        "name": network.name,
        "trainable": True,
        "layers": entries,
        "input_layers": _ends(network, network.inputs, network.input_structure),
        "output_layers": _ends(network, network.outputs, network.output_structure),
    }


def _ends(network: Network, refs: Sequence[TensorRef], structure: object) -> object:
    ends = [_end(network, ref) for ref in refs]
    return _single(ends) if structure is None else _filled(structure, ends)


def _filled(structure: object, ends: list[list[object]]) -> object:
    match structure:
        case int(place):
            return ends[place]
        case dict():
            return {key: _filled(part, ends) for key, part in structure.items()}
    return [_filled(part, ends) for part in items(structure, "structure")]


def _end(network: Network, ref: TensorRef) -> list[object]:
    """Among the ends of a model, calls of a nested Functional model count from 1: Keras counts how
    it was built.
    """
    below = network.layers[ref.layer].network
    built = below is not None and not below.sequential
    return [ref.layer, ref.node + built, ref.tensor]


def _single(ends: list[list[object]]) -> list[object]:
    return ends[0] if len(ends) == 1 else [*ends]


def _node(call: Call) -> Config:
    return {
        "args": [_argument(item) for item in call.args],
        "kwargs": {key: _argument(item) for key, item in call.kwargs.items()},
    }


def _argument(item: object) -> object:
    match item:
        case TensorRef():
            # Keras rebuilds shape and dtype from the layers; only the history is looked up.
            history = [item.layer, item.node, item.tensor]
            config: Mapping[str, object] = {
                "shape": [None],
                "dtype": "float32",
                "keras_history": history,
            }
            return {"class_name": "__keras_tensor__", "config": config}
        case list() | tuple():
            return [_argument(part) for part in item]
        case dict():
            return {key: _argument(part) for key, part in item.items()}
    return item
