"""Networks in the words of TensorFlow.js: the classes and options that it has, in the config that
Keras 2 wrote.

Source: tfjs-layers 4.22, src/layers and src/engine/container.ts.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from keramos.artifact.keras.dialects.entries import ACTIVATION_KEYS, config_of
from keramos.artifact.keras.inline import inlined
from keramos.artifact.keras.tfjs_changes import CHANGES
from keramos.artifact.keras.upgrade import to_current_keras
from keramos.artifact.keras.write_config import model_config
from keramos.errors import LayerProblem, UnsupportedModelError
from keramos.keras_layers.registry import spec_of
from keramos.types.attributes import items, record
from keramos.types.network import refs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keramos.types.network import Config, Layer, Network, TensorRef

CLASSES = frozenset(
    (
        *("Activation", "Add", "AlphaDropout", "Average", "AveragePooling1D", "AveragePooling2D"),
        *("AveragePooling3D", "BatchNormalization", "Bidirectional", "Concatenate"),
        *("Conv1D", "Conv2D", "Conv2DTranspose", "Conv3D"),
        *("Conv3DTranspose", "ConvLSTM2D", "Cropping2D", "Dense", "DepthwiseConv2D", "Dot"),
        *("Dropout", "ELU", "Embedding", "Flatten", "GRU", "GRUCell", "GaussianDropout"),
        *("GaussianNoise", "GlobalAveragePooling1D", "GlobalAveragePooling2D"),
        *("GlobalMaxPooling1D", "GlobalMaxPooling2D", "InputLayer", "LSTM", "LSTMCell"),
        *("LayerNormalization", "LeakyReLU", "Masking", "MaxPooling1D", "MaxPooling2D"),
        *("MaxPooling3D", "Maximum", "Minimum", "Multiply", "PReLU", "Permute", "RNN", "ReLU"),
        *("RepeatVector", "Rescaling", "Reshape", "SeparableConv2D", "SimpleRNN"),
        *("SimpleRNNCell", "Softmax", "SpatialDropout1D", "StackedRNNCells", "ThresholdedReLU"),
        *("TimeDistributed", "UpSampling2D", "ZeroPadding2D"),
    )
)
"""Classes of layers that TensorFlow.js has. Its CenterCrop and CategoryEncoding overwrite the shape
of the layer before, so that a model refuses its own inputs; its Resizing fails on what a model
hands it.
"""

_ACTIVATIONS = {
    **{
        name: name
        for name in (
            *("elu", "selu", "relu", "relu6", "linear", "sigmoid", "hard_sigmoid", "softplus"),
            *("softsign", "tanh", "softmax", "gelu", "mish", "swish"),
        )
    },
    "log_softmax": "logSoftmax",
    "silu": "swish",
}
"""Keras' name of an activation -> that of TensorFlow.js."""

_LIMITS: tuple[tuple[str, str, frozenset[object]], ...] = (
    ("BatchNormalization", "axis", frozenset({None, -1})),
    ("DepthwiseConv2D", "data_format", frozenset({None, "channels_last"})),
    ("SeparableConv2D", "data_format", frozenset({None, "channels_last"})),
    ("AveragePooling1D", "data_format", frozenset({None, "channels_last"})),
    ("Bidirectional", "merge_mode", frozenset({"concat", "sum", "ave", "mul"})),
    ("Conv1D", "data_format", frozenset({None, "channels_last"})),
    ("Conv1D", "groups", frozenset({None, 1})),
    ("Conv1D", "padding", frozenset({"valid", "same"})),
    ("Conv2D", "groups", frozenset({None, 1})),
    ("Conv2DTranspose", "output_padding", frozenset({None})),
    ("Conv3D", "groups", frozenset({None, 1})),
    ("Conv3DTranspose", "output_padding", frozenset({None})),
    ("Dot", "normalize", frozenset({None, False})),
    ("GRU", "reset_after", frozenset({False})),
    ("GRUCell", "reset_after", frozenset({False})),
    ("GlobalAveragePooling1D", "data_format", frozenset({None, "channels_last"})),
    ("GlobalAveragePooling1D", "keepdims", frozenset({None, False})),
    ("GlobalAveragePooling2D", "keepdims", frozenset({None, False})),
    ("GlobalMaxPooling1D", "data_format", frozenset({None, "channels_last"})),
    ("GlobalMaxPooling1D", "keepdims", frozenset({None, False})),
    ("GlobalMaxPooling2D", "keepdims", frozenset({None, False})),
    ("MaxPooling1D", "data_format", frozenset({None, "channels_last"})),
    ("ReLU", "negative_slope", frozenset({None, 0})),
    ("ReLU", "threshold", frozenset({None, 0})),
    ("UpSampling2D", "interpolation", frozenset({None, "nearest", "bilinear"})),
)
"""Class, option, and the values that TensorFlow.js knows."""

_RENAMED = {
    ("ELU", "alpha"): "alpha",
    ("LeakyReLU", "negative_slope"): "alpha",
    ("InputLayer", "batch_shape"): "batch_input_shape",
}
_STARTS = ("_initializer", "_regularizer", "_constraint")
"""Options for training from the start; TensorFlow.js takes its own defaults."""
_STATED = frozenset({"shared_axes"})
"""Options that are written without a value too: a config without them is of another class."""


def to_tfjs(network: Network) -> Network:
    """The network as TensorFlow.js computes it.

    Raises:
        UnsupportedModelError: TensorFlow.js has no word for something in it; names all of it.
    """
    _check(list(_operations(network, "")))
    current = inlined(_changed(to_current_keras(network)), _lacks_shape)
    _check(list(_problems(current, "")))
    return current


def _check(found: list[LayerProblem]) -> None:
    if found:
        raise UnsupportedModelError(
            f"TensorFlow.js has no word for {len(found)} thing(s) in this model",
            problems=found,
            remedy="Write a SavedModel, or run the file with keramos as it is",
        )


def _operations(network: Network, prefix: str) -> Iterator[LayerProblem]:
    """Layers that are operations of TensorFlow, or whole graphs of them."""
    for layer in network.layers.values():
        if layer.network is not None:
            yield from _operations(layer.network, f"{prefix}{layer.name}/")
        elif layer.kind.startswith("tf."):
            words = "a layers model holds no operations of TensorFlow, only layers"
            yield LayerProblem(f"{prefix}{layer.name}", layer.kind, words)


def _lacks_shape(layer: Layer) -> bool:
    """Whether it is a chain that does not say what it takes, as TensorFlow.js wants it to."""
    below = layer.network
    if below is None or not below.sequential:
        return False
    return not any(one.config.get("batch_shape") for one in below.layers.values())


def _changed(network: Network) -> Network:
    layers = {name: _layer(layer) for name, layer in network.layers.items()}
    return replace(network, layers=layers)


def _layer(layer: Layer) -> Layer:
    below = layer.network and _changed(layer.network)
    layer = replace(layer, network=below, inner=tuple(map(_layer, layer.inner)))
    for change in CHANGES:
        layer = change(layer)
    return layer


def _problems(network: Network, prefix: str) -> Iterator[LayerProblem]:
    for layer in network.layers.values():
        yield from _layer_problems(layer, f"{prefix}{layer.name}")
    for call in network.calls:
        odd = [key for key in call.kwargs if key not in ("initial_state", "mask", "training")]
        if odd and network.layers[call.layer].kind in CLASSES:
            kind = network.layers[call.layer].kind
            yield LayerProblem(f"{prefix}{call.layer}", kind, f"called with {', '.join(odd)}")


def _layer_problems(layer: Layer, name: str) -> Iterator[LayerProblem]:
    if layer.network is not None:
        yield from _problems(layer.network, f"{name}/")
        return
    for part in layer.inner:
        yield from _layer_problems(part, f"{name}/{part.name}")
    if layer.kind not in CLASSES:
        yield LayerProblem(name, layer.kind, "TensorFlow.js has no such class")
        return
    for kind, option, values in _LIMITS:
        value = layer.config.get(option)
        if kind == layer.kind and (isinstance(value, list | dict) or value not in values):
            words = f"TensorFlow.js knows no other {option} than {sorted(map(str, values))}"
            yield LayerProblem(name, layer.kind, words, received=f"{option}={value!r}")
    for key in ("activation", "recurrent_activation"):
        value = layer.config.get(key)
        if value is not None and (not isinstance(value, str) or value not in _ACTIVATIONS):
            words = f"TensorFlow.js has no such {key}"
            yield LayerProblem(name, layer.kind, words, received=repr(value)[:80])


def topology(network: Network) -> Config:
    """The ``model_config`` of a network that ``to_tfjs`` gave."""
    return _model(model_config(network), network)


def _entry(entry: object, layer: Layer | None) -> Config:
    """A layer of a config in the words of Keras 2."""
    known = record(entry, "layers")
    if layer is not None and layer.network is not None:
        return _model(known, layer.network)
    config = dict(config_of(known))
    inner = () if layer is None else layer.inner
    spec = spec_of(str(known["class_name"]))
    keys = spec.inner if spec else ()
    for key, part in zip(keys, inner, strict=False):
        config[key] = _entry(config[key], part)
    if spec is not None and spec.inner_list:
        cells = items(config[spec.inner_list], spec.inner_list)
        config[spec.inner_list] = [
            _entry(one, part) for one, part in zip(cells, inner, strict=True)
        ]
    return {
        "class_name": known["class_name"],
        "config": _options(str(known["class_name"]), config),
    }


def _options(kind: str, config: Config) -> Config:
    found = {}
    for key, value in config.items():
        if key.endswith(_STARTS) or (value is None and key not in _STATED):
            continue
        if key in ACTIVATION_KEYS and isinstance(value, str):
            value = _ACTIVATIONS.get(value, value)  # noqa: PLW2901 (the same option)
        if key == "dtype":
            value = _dtype(value)  # noqa: PLW2901 (the same option)
        found[_RENAMED.get((kind, key), key)] = value
    return found


def _dtype(value: object) -> object:
    """The dtype of a layer: TensorFlow.js computes in float32."""
    name = value if isinstance(value, str) else "float32"
    return name if name in ("float32", "int32", "bool", "string") else "float32"


def _model(entry: Config, network: Network) -> Config:
    config = config_of(entry)
    layers = []
    for given in items(config["layers"], "layers"):
        name = str(config_of(record(given, "layers"))["name"])
        one = _entry(given, network.layers[name])
        if not network.sequential:
            one |= {"name": name, "inbound_nodes": _inbound(network, name)}
        layers.append(one)
    made: Config = {"name": config["name"], "layers": layers}
    if not network.sequential:
        made["input_layers"] = [_reference(network, ref) for ref in network.inputs]
        made["output_layers"] = [_reference(network, ref) for ref in network.outputs]
    return {"class_name": entry["class_name"], "config": made}


def _inbound(network: Network, name: str) -> list[object]:
    """What each call of a layer takes; states of a recurrent layer follow its input."""
    nodes: list[object] = []
    for call in network.calls:
        if call.layer == name:
            taken = refs([list(call.args), dict(call.kwargs)])
            nodes.append([[*_reference(network, ref), {}] for ref in taken])
    return nodes


def _reference(network: Network, ref: TensorRef) -> list[object]:
    """Calls of a nested model count from 1: its own graph is its first."""
    nested = network.layers[ref.layer].network is not None
    return [ref.layer, ref.node + nested, ref.tensor]
