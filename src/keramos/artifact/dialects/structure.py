"""Models of any generation -> Network: Sequential, Functional, nested, shared. Layers are translated by a dialect."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from keramos.artifact.dialects.branches import BRANCHED, spliced
from keramos.artifact.dialects.entries import INNER_KEYS, class_of, clean, config_of, is_entry
from keramos.artifact.dialects.nodes import Node, moved, order, read_ends, read_node, refs
from keramos.artifact.dialects.operations import OPERATIONS, operation
from keramos.errors import CorruptModelError, UnsupportedModelError
from keramos.types.network import Call, Layer, Network, TensorRef

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from keramos.artifact.dialects.entries import Entry
    from keramos.types.network import Config

    Translate = Callable[[Entry, Config], tuple[str, Config]]
    """A class and its cleaned config -> kind and config of current Keras 3."""

_MODELS = frozenset({"Functional", "Model", "Sequential", "Container", "Network"})
_RECURRENT = frozenset({"RNN", "LSTM", "GRU", "SimpleRNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "Bidirectional"})
_CAUSAL = frozenset({"Attention", "AdditiveAttention"})


def network(entry: Entry, translate: Translate) -> Network:
    """The model in a config, without its weights.

    Raises:
        CorruptModelError: the config contradicts itself or lacks something.
        UnsupportedModelError: it is not a Functional or Sequential model.
    """
    kind = class_of(entry)
    if kind == "Sequential":
        return _sequential(_sequential_parts(entry), translate)
    if kind in _MODELS and {"layers", "output_layers", "input_layers"} <= config_of(entry).keys():
        return _functional(config_of(entry), translate)
    raise UnsupportedModelError(
        f"the model is a {kind}, a class of its author's own whose code is not in the file; "
        "only Sequential and Functional models describe themselves completely"
    )


def _is_model(entry: Entry) -> bool:
    config = entry.get("config")
    bare = class_of(entry) == "Sequential" and isinstance(config, list)
    return bare or (class_of(entry) in _MODELS and isinstance(config, dict) and "layers" in config)


def layer(entry: Entry, translate: Translate) -> Layer:
    """One layer without its weights; wrapped layers and nested models below it."""
    if _is_model(entry):
        inner_network = network(entry, translate)
        name = str(entry.get("name") or inner_network.name)
        kind = "Sequential" if inner_network.sequential else "Functional"
        return Layer(name, kind, network=replace(inner_network, name=name))
    config = config_of(entry)
    name = str(entry.get("name") or config.get("name") or "")
    if class_of(entry) in OPERATIONS:
        return Layer(name, *operation(class_of(entry), config))
    wrapped = [cast("Entry", config[key]) for key in INNER_KEYS if is_entry(config.get(key))]
    cells = config.get("cells")
    inner = [layer(part, translate) for part in (cells if isinstance(cells, list) else wrapped)]
    kind, kept = translate(entry, clean(config))
    if kind == "Bidirectional" and len(inner) == 1:
        inner = _directions(inner[0])
    return Layer(name, kind, kept, inner=tuple(inner))


def _directions(inner: Layer) -> list[Layer]:
    """Before Keras 3 a Bidirectional layer states only one direction; the other is its mirror image."""
    mirrored = {**inner.config, "go_backwards": not inner.config.get("go_backwards", False)}
    return [
        replace(inner, name=f"forward_{inner.name}"),
        replace(inner, name=f"backward_{inner.name}", config=mirrored),
    ]


def _entries(value: object, model: str) -> list[Entry]:
    if not isinstance(value, list) or not all(is_entry(item) for item in value):
        raise CorruptModelError(f"model '{model}': its layers are not a list of objects with class_name")
    return cast("list[Entry]", value)


def _sequential_parts(entry: Entry) -> tuple[str, list[Entry], object]:
    """Name, layers and recorded input shape; until Keras 2.2.2 a Sequential is a bare list of layers."""
    config = entry.get("config")
    if isinstance(config, list):
        return str(entry.get("name") or "sequential"), _entries(config, "sequential"), None
    config = config_of(entry)
    name = str(config.get("name") or entry.get("name") or "sequential")
    return name, _entries(config.get("layers"), name), config.get("build_input_shape")


def _sequential(parts: tuple[str, list[Entry], object], translate: Translate) -> Network:
    name, entries, shape = parts
    if not entries:
        raise CorruptModelError(f"Sequential '{name}' has no layers")
    if class_of(entries[0]) == BRANCHED and "layers" in config_of(entries[0]):
        return spliced(name, [layer(entry, translate) for entry in entries], _branches(entries[0], translate))
    layers = [layer(entry, translate) for entry in entries]
    if layers[0].kind != "InputLayer":
        layers.insert(0, _input_for(entries[0], layers[0], shape, name))
    _check_names(layers, name)
    here = TensorRef(layers[0].name)
    calls = []
    for item in layers[1:]:
        calls.append(Call(item.name, (here,)))
        here = TensorRef(item.name)
    by_name = {item.name: item for item in layers}
    return Network(name, by_name, tuple(calls), (TensorRef(layers[0].name),), (here,), sequential=True)


def _branches(entry: Entry, translate: Translate) -> list[Layer]:
    return [layer(branch, translate) for branch in _entries(config_of(entry)["layers"], "Merge")]


def _input_for(entry: Entry, first: Layer, shape: object, model: str) -> Layer:
    """The input that a Sequential model without an InputLayer has: as its first layer says, batch size included."""
    shape, dtype = _first_shape(entry) or shape, _first_dtype(entry)
    if first.network is not None:
        source = first.network.layers[first.network.inputs[0].layer]
        shape, dtype = source.config.get("batch_shape"), source.config.get("dtype", dtype)
    if not isinstance(shape, list):
        raise CorruptModelError(f"Sequential '{model}' does not say the shape of its input; build it before saving")
    return Layer(f"{first.name}_input", "InputLayer", {"batch_shape": shape, "dtype": dtype})


def _first_shape(entry: Entry) -> object:
    """A wrapper may leave the shape to what it wraps, counted without the wrapper's own axis; only its own counts."""
    config = entry.get("config")
    if not isinstance(config, dict):
        return None
    return config.get("batch_input_shape") or config.get("batch_shape")


def _first_dtype(entry: Entry) -> object:
    config = entry.get("config")
    dtype = (config.get("input_dtype") or config.get("dtype")) if isinstance(config, dict) else None
    return dtype if isinstance(dtype, str) and not dtype.startswith("mixed_") else "float32"


def _check_names(layers: Sequence[Layer], model: str) -> None:
    seen: set[str] = set()
    for item in layers:
        if item.name in seen or not item.name:
            raise CorruptModelError(f"model '{model}' has two layers named '{item.name}'")
        seen.add(item.name)


def _functional(config: Config, translate: Translate) -> Network:
    name = str(config.get("name") or "functional")
    entries = _entries(config["layers"], name)
    layers = [layer(entry, translate) for entry in entries]
    _check_names(layers, name)
    by_name = {item.name: item for item in layers}
    nodes = {item.name: _nodes(entry, by_name) for item, entry in zip(layers, entries, strict=True)}
    ends = config["output_layers"]
    outputs = read_ends(ends)
    nodes, outputs = _from_zero(nodes, outputs, by_name)
    for ref in outputs:
        if ref.layer not in by_name:
            raise CorruptModelError(f"model '{name}' has an output of layer '{ref.layer}', which it does not have")
    nodes = {layer_name: [_current(by_name[layer_name], node) for node in calls] for layer_name, calls in nodes.items()}
    calls = order(nodes, by_name, name)
    names = tuple(str(key) for key in ends) if isinstance(ends, dict) and len(ends) == len(outputs) else ()
    layers_kept = {key: _without_causal(item) for key, item in by_name.items()}
    return Network(name, layers_kept, calls, read_ends(config["input_layers"]), outputs, output_names=names)


def _nodes(entry: Entry, names: Mapping[str, Layer]) -> list[Node]:
    found = entry.get("inbound_nodes", [])
    if not isinstance(found, list):
        raise CorruptModelError(f"layer '{entry.get('name')}': inbound_nodes is not a list")
    return [read_node(node, names, keep_list=class_of(entry) in OPERATIONS) for node in found]


def _from_zero(
    nodes: dict[str, list[Node]], outputs: tuple[TensorRef, ...], layers: Mapping[str, Layer]
) -> tuple[dict[str, list[Node]], tuple[TensorRef, ...]]:
    """Call numbers that start at 0. A nested model carries the call by which it was built, so Keras counts its calls
    from 1: everywhere before Keras 3, and among a model's outputs in Keras 3.
    """
    inside = _lowest([ref for calls in nodes.values() for node in calls for ref in refs(list(node))], layers)
    outside = {name: max(low, inside.get(name, 0)) for name, low in _lowest(outputs, layers).items()}
    for name in outside.keys() & inside.keys():
        inside[name] = min(inside[name], outside[name])
        outside[name] = min(1, outside[name]) if len(nodes[name]) > 1 else outside[name]
    shifted = {
        name: [Node(cast("tuple[object, ...]", tuple(moved(list(node.args), inside))), _shift(node, inside))  # type: ignore[arg-type]
               for node in calls]
        for name, calls in nodes.items()
    }
    return shifted, tuple(cast("TensorRef", moved(ref, outside)) for ref in outputs)
