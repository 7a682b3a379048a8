"""Keras 3 configs -> Network. The vocabulary is already the current one; this only unwraps it.

Formats: ``keras.saving.serialize_keras_object`` and ``Functional.get_config`` of Keras 3.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from keramos.errors import CorruptModelError, UnsupportedModelError
from keramos.types.network import Call, Layer, Network, TensorRef

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keramos.types.network import Config

Entry = dict[str, object]
"""A serialised layer or model: class_name, config and, in a Functional model, inbound_nodes."""

_MODELS = {"Functional", "Model", "Sequential"}
_TRAINING_ENDINGS = ("_initializer", "_regularizer", "_constraint")
_TRAINING_KEYS = {"build_config", "build_input_shape", "compile_config", "activity_regularizer"}
_INNER_KEYS = {"layer": "layer", "backward_layer": "backward_layer", "cell": "cell"}


def network(entry: Entry, *, prefix: str = "") -> Network:
    """The model in a config, without its weights.

    Raises:
        CorruptModelError: the config contradicts itself or lacks something.
        UnsupportedModelError: it is not a Functional or Sequential model.
    """
    kind, config = _class(entry), _config(entry)
    if kind == "Sequential":
        return _sequential(config, prefix)
    if kind in _MODELS and "layers" in config and "output_layers" in config:
        return _functional(config, prefix)
    raise UnsupportedModelError(
        f"the model is a {kind}, a class of its author's own whose code is not in the file; "
        "only Sequential and Functional models describe themselves completely"
    )


def _class(entry: Entry) -> str:
    name = entry.get("class_name")
    if not isinstance(name, str):
        raise CorruptModelError(f"the config has an object without class_name; it has {sorted(entry)[:8]}")
    return name.rpartition(">")[2]


def _config(entry: Entry) -> Config:
    config = entry.get("config")
    if not isinstance(config, dict):
        raise CorruptModelError(f"the config of a {entry.get('class_name')} is not an object")
    return config


def layer(entry: Entry, path: str) -> Layer:
    """One layer without its weights; wrapped layers and nested models below it."""
    kind, config = _class(entry), _config(entry)
    name = str(config.get("name", entry.get("name", "")))
    if kind in _MODELS and "layers" in config:
        return Layer(name, kind, network=replace(network(entry, prefix=f"{path}/"), name=name))
    inner = tuple(layer(cast("Entry", config[key]), path) for key in _INNER_KEYS if _is_entry(config.get(key)))
    cells = config.get("cells")
    if isinstance(cells, list):
        inner = tuple(layer(cast("Entry", cell), path) for cell in cells)
    return Layer(name, _vocabulary(entry, kind), _clean(config), inner=inner)


def _vocabulary(entry: Entry, kind: str) -> str:
    """Operations of keras.ops get the prefix ``ops.``, classes from elsewhere ``custom.``."""
    module = str(entry.get("module") or "")
    if module.startswith(("keras.src.ops", "keras.ops")):
        return f"ops.{kind}"
    builtin = module in {"", "keras", "builtins"} or module.startswith(
        ("keras.", "tf_keras", "tensorflow.", "keras_core")
    )
    return kind if builtin and ">" not in str(entry["class_name"]) else f"custom.{kind}"


def _is_entry(value: object) -> bool:
    return isinstance(value, dict) and "class_name" in value


def _clean(config: Config) -> Config:
    """The config without what only training reads; dtype policies and serialised functions by name."""
    kept: Config = {}
    for key, value in config.items():
        if key in _TRAINING_KEYS or key.endswith(_TRAINING_ENDINGS) or key in {*_INNER_KEYS, "cells", "name"}:
            continue
        kept[key] = _policy(value) if key == "dtype" else _function(value)
    if kept.get("dtype") in ("float32", None):
        kept.pop("dtype", None)
    if kept.get("trainable") is True:
        del kept["trainable"]
    return kept


def _policy(value: object) -> object:
    return _config(cast("Entry", value)).get("name") if _is_entry(value) else value


def _function(value: object) -> object:
    """A built-in function is written by name or as {class_name: function, config: name}."""
    if isinstance(value, dict) and value.get("class_name") == "function" and isinstance(value.get("config"), str):
        return value["config"]
    return value


def _sequential(config: Config, prefix: str) -> Network:
    entries = cast("Sequence[Entry]", config.get("layers"))
    name = str(config.get("name", "sequential"))
    layers = [layer(entry, f"{prefix}layers[{i}]") for i, entry in enumerate(entries)]
    if not layers or layers[0].kind != "InputLayer":
        shape = config.get("build_input_shape")
        if not isinstance(shape, list):
            raise CorruptModelError(f"Sequential '{name}' does not say the shape of its input; build it before saving")
        layers.insert(0, Layer(f"{name}_input", "InputLayer", {"batch_shape": shape, "dtype": "float32"}))
    _check_names(layers, name)
    here = TensorRef(layers[0].name)
    calls = []
    for item in layers[1:]:
        calls.append(Call(item.name, (here,)))
        here = TensorRef(item.name)
    by_name = {item.name: item for item in layers}
    return Network(name, by_name, tuple(calls), (TensorRef(layers[0].name),), (here,), sequential=True)


def _check_names(layers: Sequence[Layer], model: str) -> None:
    names = [item.name for item in layers]
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise CorruptModelError(f"model '{model}' has two layers named '{twice}'")


def _functional(config: Config, prefix: str) -> Network:
    entries = cast("Sequence[Entry]", config["layers"])
    name = str(config.get("name", "functional"))
    layers = [layer(entry, f"{prefix}layers[{i}]") for i, entry in enumerate(entries)]
    _check_names(layers, name)
    by_name = {item.name: item for item in layers}
    nodes = {item.name: _nodes(entry) for item, entry in zip(layers, entries, strict=True)}
    calls = order(nodes, by_name, name)
    outputs = _leaves(config["output_layers"])
    shape = config["output_layers"]
    names = tuple(shape) if isinstance(shape, dict) else ()
    return Network(name, by_name, calls, _leaves(config["input_layers"]), outputs, output_names=names)


def _nodes(entry: Entry) -> list[tuple[tuple[object, ...], dict[str, object]]]:
    found = []
    for node in cast("Sequence[object]", entry.get("inbound_nodes", [])):
        if not isinstance(node, dict):
            raise CorruptModelError(f"layer '{entry.get('name')}' is connected in a way that Keras 3 does not write")
        args = tuple(_argument(item) for item in cast("Sequence[object]", node.get("args", [])))
        kwargs = {key: _argument(item) for key, item in cast("Mapping[str, object]", node.get("kwargs", {})).items()}
        found.append((args, {key: item for key, item in kwargs.items() if item is not None}))
    return found


def _argument(item: object) -> object:
    """A call argument with every ``__keras_tensor__`` as a TensorRef."""
    if isinstance(item, list):
        return [_argument(part) for part in item]
    if not isinstance(item, dict):
        return item
    if item.get("class_name") == "__keras_tensor__":
        return _ref(cast("Sequence[object]", _config(item)["keras_history"]))
    return {key: _argument(part) for key, part in item.items()}


def _ref(history: Sequence[object]) -> TensorRef:
    name, node, tensor = history[:3]
    good = isinstance(name, str) and isinstance(node, int) and isinstance(tensor, int)
    if not good or cast("int", node) < 0 or cast("int", tensor) < 0:
        raise CorruptModelError(f"a tensor is named {list(history)!r}; [layer, call, output] is needed")
    return TensorRef(str(name), cast("int", node), cast("int", tensor))


def _leaves(shape: object) -> tuple[TensorRef, ...]:
    """Input or output tensors of a model: one triple, a list, or a dict of them, nested in any way."""
    if isinstance(shape, list) and shape and isinstance(shape[0], str):
        return (_ref(shape),)
    parts = shape.values() if isinstance(shape, dict) else cast("Sequence[object]", shape)
    return tuple(ref for part in parts for ref in _leaves(part))


def order(
    nodes: Mapping[str, Sequence[tuple[tuple[object, ...], dict[str, object]]]], layers: Mapping[str, Layer], model: str
) -> tuple[Call, ...]:
    """All calls so that every tensor exists before it is used; calls of one layer keep their order.

    Raises:
        CorruptModelError: a tensor that nothing makes, or a loop.
    """
    done = {TensorRef(name) for name, item in layers.items() if item.kind == "InputLayer"}
    made = {(ref.layer, ref.node) for ref in done}
    waiting = [(name, node, args, kwargs) for name, calls in nodes.items() for node, (args, kwargs) in enumerate(calls)]
    calls: list[Call] = []
    while waiting:
        later = []
        for name, node, args, kwargs in waiting:
            needs = {(ref.layer, ref.node) for ref in refs((args, kwargs))}
            earlier = {(name, node - 1)} if node else set()
            if needs | earlier <= made:
                calls.append(Call(name, args, kwargs))
                made.add((name, node))
            else:
                later.append((name, node, args, kwargs))
        if len(later) == len(waiting):
            stuck = ", ".join(f"'{name}'" for name, *_ in later[:5])
            raise CorruptModelError(f"model '{model}': the layers {stuck} wait for each other or for a missing tensor")
        waiting = later
    return tuple(calls)


def refs(item: object) -> list[TensorRef]:
    """Every TensorRef in a call's arguments, in order."""
    match item:
        case TensorRef():
            return [item]
        case list() | tuple():
            return [ref for part in item for ref in refs(part)]
        case dict():
            return [ref for part in item.values() for ref in refs(part)]
    return []
