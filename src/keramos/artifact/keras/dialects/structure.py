"""Models of any generation -> Network: Sequential, Functional, nested, shared. Layers are
translated by a dialect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from keramos.artifact.keras.dialects.classes import BRANCHED, CALLS
from keramos.artifact.keras.dialects.entries import (
    ACTIVATION_KEYS,
    INNER_KEYS,
    class_of,
    clean,
    config_of,
    is_entry,
)
from keramos.artifact.keras.dialects.identity import is_model
from keramos.artifact.keras.dialects.nodes import (
    Node,
    moved,
    moved_ref,
    order,
    read_ends,
    read_node,
    read_structure,
)
from keramos.errors import (
    CorruptModelError,
    UnsafeModelError,
    UnsupportedModelError,
    located,
    quoted,
)
from keramos.keras_layers.index import LISTS, RECURRENT, TEXTUAL
from keramos.keras_layers.registry import LAYERS
from keramos.types.attributes import items
from keramos.types.network import Call, Layer, Network, TensorRef, refs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from keramos.artifact.keras.dialects.entries import (
        Entry,
        Translated,
    )
    from keramos.types.network import Config

    Translate = Callable[[Entry, Config], Translated]
    """A class and its cleaned config -> the layer in words of current Keras."""


def network(entry: Entry, translate: Translate) -> Network:
    """The model in a config, without its weights; a Sequential need not say the shape of its input.

    Raises:
        CorruptModelError: the config contradicts itself or lacks something.
        UnsupportedModelError: it is not a Functional or Sequential model.
    """
    kind = class_of(entry)
    if describes_itself(entry):
        if kind == "Sequential":
            return _sequential(_sequential_parts(entry), translate)
        return _functional(config_of(entry), translate)
    raise UnsupportedModelError(
        "the model is of its author's own class, whose code is not in the file; only Sequential "
        "and Functional models describe themselves completely",
        received=f"class {kind}",
        remedy="Build it with keras.Sequential or keras.Model(inputs, outputs) and save it again; "
        "keramos inspect lists its arrays",
    )


def describes_itself(entry: Entry) -> bool:
    """Whether a config names all layers of its model: one of Keras' own classes of models."""
    if not is_model(entry):
        return False
    ends = {"layers", "output_layers", "input_layers"}
    return class_of(entry) == "Sequential" or ends <= config_of(entry).keys()


def _is_model(entry: Entry) -> bool:
    config = entry.get("config")
    bare = class_of(entry) == "Sequential" and isinstance(config, list)
    return is_model(entry) and (bare or (isinstance(config, dict) and "layers" in config))


def layer(entry: Entry, translate: Translate) -> Layer:
    """One layer without its weights; wrapped layers and nested models below it."""
    if _is_model(entry):
        inner_network = network(entry, translate)
        name = str(entry.get("name") or inner_network.name)
        kind = "Sequential" if inner_network.sequential else "Functional"
        return Layer(name, kind, network=replace(inner_network, name=name))
    config = config_of(entry)
    stated = entry.get("name") or config.get("name") or ""
    if not isinstance(stated, str):
        raise CorruptModelError(
            "the name of the layer is not text",
            layer_kind=class_of(entry),
            received=str(stated)[:80],
        )
    name = stated
    if class_of(entry) in CALLS:
        from keramos.artifact.keras.dialects.operations import operation  # noqa: PLC0415 (start-up time)

        return Layer(name, *operation(class_of(entry), config))
    wrapped = [part for key in INNER_KEYS if is_entry(part := config.get(key))]
    listed = config.get(LISTS.get(class_of(entry), ""))
    inner = [layer(part, translate) for part in (_entries(listed, name) if listed else wrapped)]
    with located(layer=name, layer_kind=class_of(entry)):
        found = _translated(entry, config, translate)
    if found.kind == "Bidirectional" and len(inner) == 1:
        inner = _directions(inner[0])
    return Layer(
        name,
        found.kind,
        found.config,
        inner=tuple(inner),
        legacy=found.legacy,
        doubt=found.doubt,
    )


def _translated(entry: Entry, config: Config, translate: Translate) -> Translated:
    """A layer in current words; an activation may be a whole layer of the same generation."""
    found = translate(entry, clean(config))
    legacy = found.legacy
    kept = {**found.config, **_stray_layers(entry, found.kind, config)}
    for key in ACTIVATION_KEYS:
        part = kept.get(key)
        if is_entry(part) and isinstance(part.get("config"), dict):
            inside = _translated(part, config_of(part), translate)
            kept = {**kept, key: {"class_name": inside.kind, "config": inside.config}}
            if inside.legacy.hard_sigmoid_keras2:
                legacy = replace(legacy, hard_sigmoid_keras2=True)
    return replace(found, config=kept, legacy=legacy)


def _stray_layers(entry: Entry, kind: str, config: Config) -> Config:
    """Layers under keys that hold none in this class, which are refused as unknown options."""
    spec = LAYERS.get(kind)
    if spec is None or class_of(entry) == BRANCHED:
        return {}
    own = {*spec.inner, spec.inner_list}
    keys = {*INNER_KEYS, *LISTS.values()} - own
    return {key: config[key] for key in sorted(keys & config.keys()) if config[key] is not None}


def _directions(inner: Layer) -> list[Layer]:
    """Before Keras 3 a Bidirectional layer states only one direction; the other is its mirror
    image.
    """
    mirrored = {**inner.config, "go_backwards": not inner.config.get("go_backwards", False)}
    return [
        replace(inner, name=f"forward_{inner.name}"),
        replace(inner, name=f"backward_{inner.name}", config=mirrored),
    ]


def _entries(value: object, model: str) -> list[Entry]:
    found = [item for item in value if is_entry(item)] if isinstance(value, list) else []
    if not isinstance(value, list) or len(found) < len(value):
        raise CorruptModelError(
            f"the layers of model {quoted(model)} are not a list of objects with class_name",
        )
    return found


def _sequential_parts(entry: Entry) -> tuple[str, list[Entry], object]:
    """Name, layers and recorded input shape; until Keras 2.2.2 a Sequential is a bare list of
    layers.
    """
    config = entry.get("config")
    if isinstance(config, list):
        return str(entry.get("name") or "sequential"), _entries(config, "sequential"), None
    config = config_of(entry)
    name = str(config.get("name") or entry.get("name") or "sequential")
    return name, _entries(config.get("layers"), name), config.get("build_input_shape")


def _sequential(parts: tuple[str, list[Entry], object], translate: Translate) -> Network:
    name, entries, shape = parts
    if not entries:
        raise CorruptModelError(f"Sequential {quoted(name)} has no layers")
    if class_of(entries[0]) == BRANCHED and "layers" in config_of(entries[0]):
        from keramos.artifact.keras.dialects.branches import spliced  # noqa: PLC0415 (start-up time)

        return spliced(
            name, [layer(entry, translate) for entry in entries], _branches(entries[0], translate)
        )
    layers = [layer(entry, translate) for entry in entries]
    if layers[0].kind != "InputLayer":
        layers.insert(0, _input_for(entries[0], layers[0], shape))
    _check_names(layers, name)
    here = TensorRef(layers[0].name)
    calls = []
    for item in layers[1:]:
        calls.append(Call(item.name, (here,)))
        here = TensorRef(item.name)
    by_name = {item.name: item for item in layers}
    return Network(
        name, by_name, tuple(calls), (TensorRef(layers[0].name),), (here,), sequential=True
    )


def _branches(entry: Entry, translate: Translate) -> list[Layer]:
    return [layer(branch, translate) for branch in _entries(config_of(entry)["layers"], "Merge")]


def _input_for(entry: Entry, first: Layer, shape: object) -> Layer:
    """The input that a Sequential model without an InputLayer has: as its first layer says, batch
    size included; its shape is None where nothing says it.
    """
    shape, dtype = _first_shape(entry) or shape, _first_dtype(entry)
    if first.network is not None:
        source = first.network.layers[first.network.inputs[0].layer]
        shape, dtype = source.config.get("batch_shape"), source.config.get("dtype", dtype)
    return Layer(f"{first.name}_input", "InputLayer", {"batch_shape": shape, "dtype": dtype})


def _first_shape(entry: Entry) -> object:
    """A wrapper may leave the shape to what it wraps, counted without the wrapper's own axis; only
    its own counts.
    """
    config = entry.get("config")
    if not isinstance(config, dict):
        return None
    return config.get("batch_input_shape") or config.get("batch_shape")


def _first_dtype(entry: Entry) -> object:
    config = entry.get("config")
    dtype = (config.get("input_dtype") or config.get("dtype")) if isinstance(config, dict) else None
    if class_of(entry) in TEXTUAL:
        return "string"
    return dtype if isinstance(dtype, str) and not dtype.startswith("mixed_") else "float32"


def _check_names(layers: Sequence[Layer], model: str) -> None:
    seen: set[str] = set()
    for item in layers:
        if item.name.startswith("/") or ".." in item.name.split("/"):
            raise UnsafeModelError(
                f"the name of a layer of model {quoted(model)} could lead out of a folder",
                layer=item.name,
            )
        if not item.name.isprintable():
            raise CorruptModelError(
                f"the name of a layer of model {quoted(model)} holds control characters",
                layer=item.name,
            )
        if item.kind.startswith("custom.") and not item.name:
            raise UnsupportedModelError(
                f"layer {len(seen) + 1} of model {quoted(model)} is a custom layer, not a built-in "
                "one of Keras: its code is not in the file",
                remedy="Give it a name when the model is made, so that replace= can say what it "
                "computes",
                layer_kind=item.kind.removeprefix("custom."),
            )
        if item.name in seen or not item.name:
            fault = (
                f"has two layers named '{item.name}'"
                if item.name
                else f"has a {item.kind} without a name"
            )
            raise CorruptModelError(f"model {quoted(model)} {fault}")
        seen.add(item.name)


def _functional(config: Config, translate: Translate) -> Network:
    name = str(config.get("name") or "functional")
    entries = _entries(config["layers"], name)
    layers = [layer(entry, translate) for entry in entries]
    _check_names(layers, name)
    by_name = {item.name: item for item in layers}
    nodes = {item.name: _nodes(entry, by_name) for item, entry in zip(layers, entries, strict=True)}
    inputs, outputs = _read_ends(config, name)
    nodes, outputs = _from_zero(nodes, outputs, by_name, current=_is_current(entries))
    current = {key: [_current(by_name[key], node) for node in made] for key, made in nodes.items()}
    calls = order(current, by_name, name)
    _check_ends((*inputs, *outputs), calls, by_name, name)
    _check_inputs(inputs, by_name, name)
    return Network(
        name,
        by_name,
        calls,
        inputs,
        outputs,
        input_structure=read_structure(config["input_layers"]),
        output_structure=read_structure(config["output_layers"]),
    )


def _read_ends(config: Config, model: str) -> tuple[tuple[TensorRef, ...], tuple[TensorRef, ...]]:
    """Tensors that a model takes and gives; it gives at least one."""
    with located(layer=model):
        inputs, outputs = read_ends(config["input_layers"]), read_ends(config["output_layers"])
    if not outputs:
        raise CorruptModelError(f"model {quoted(model)} has no outputs")
    return inputs, outputs


def _check_inputs(inputs: Sequence[TensorRef], layers: Mapping[str, Layer], model: str) -> None:
    for ref in inputs:
        if layers[ref.layer].kind != "InputLayer":
            raise CorruptModelError(
                f"model {quoted(model)} names a layer as an input that is not an InputLayer",
                layer=ref.layer,
                layer_kind=layers[ref.layer].kind,
            )
        if inputs.count(ref) > 1:
            raise CorruptModelError(
                f"model {quoted(model)} names its input {quoted(ref.layer)} twice"
            )


def _nodes(entry: Entry, names: Mapping[str, Layer]) -> list[Node]:
    found = entry.get("inbound_nodes", [])
    if not isinstance(found, list):
        raise CorruptModelError("inbound_nodes is not a list", layer=str(entry.get("name")))
    with located(layer=str(entry.get("name"))):
        return [read_node(node, names, keep_list=class_of(entry) in CALLS) for node in found]


def _is_current(entries: Sequence[Entry]) -> bool:
    """Whether nodes are written as Keras 3 does."""
    return any(
        isinstance(node, dict)
        for entry in entries
        for node in items(entry.get("inbound_nodes", []), "inbound_nodes")
    )


def _from_zero(
    nodes: dict[str, list[Node]],
    outputs: tuple[TensorRef, ...],
    layers: Mapping[str, Layer],
    *,
    current: bool,
) -> tuple[dict[str, list[Node]], tuple[TensorRef, ...]]:
    """Call numbers that start at 0.

    A nested model carries the call by which it was built, so its calls in the outer model count
    from 1: everywhere before Keras 3 (unless it was built by that very call), and only among the
    outputs in Keras 3.
    """
    nested = {name for name, item in layers.items() if item.network is not None}
    if current:
        late = {name: 1 for name in nested if layers[name].kind == "Functional"}
        ends = [moved_ref(ref, late if ref.node else {}) for ref in outputs]
        return nodes, tuple(ends)
    used = [
        ref for calls in nodes.values() for node in calls for ref in refs([node.args, node.kwargs])
    ]
    lowest: dict[str, int] = {}
    for ref in (*used, *outputs):
        if ref.layer in nested:
            lowest[ref.layer] = min(ref.node, lowest.get(ref.layer, ref.node))
    shifted = {name: [_moved_node(node, lowest) for node in calls] for name, calls in nodes.items()}
    return shifted, tuple(moved_ref(ref, lowest) for ref in outputs)


def _moved_node(node: Node, offsets: Mapping[str, int]) -> Node:
    args = tuple(moved(item, offsets) for item in node.args)
    return Node(args, {key: moved(item, offsets) for key, item in node.kwargs.items()})


def _check_ends(
    ends: Sequence[TensorRef], calls: Sequence[Call], layers: Mapping[str, Layer], model: str
) -> None:
    made: dict[str, int] = {}
    for call in calls:
        made[call.layer] = made.get(call.layer, 0) + 1
    for ref in ends:
        known = (
            1
            if ref.layer in layers and layers[ref.layer].kind == "InputLayer"
            else made.get(ref.layer, 0)
        )
        if ref.node >= known:
            raise CorruptModelError(
                f"model {quoted(model)} names call {ref.node} of layer {quoted(ref.layer)} as an "
                f"input or output; it has {known}",
            )


def _current(item: Layer, node: Node) -> Node:
    """A call in the words of Keras 3, where initial states are a keyword."""
    first = node.args[0] if node.args else None
    if item.kind in RECURRENT and isinstance(first, list) and len(first) > 1:
        return Node((first[0],), {"initial_state": first[1:], **node.kwargs})
    return node
