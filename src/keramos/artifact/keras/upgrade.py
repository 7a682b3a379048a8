"""A network in words that current Keras has: what older versions did otherwise is said in other
layers, or refused.

``hard_sigmoid`` was clip(0.2 x + 0.5, 0, 1) and is clip(x / 6 + 0.5, 0, 1): the same function of
1.2 x, so the weights before it grow by 1.2. Theano's paddings become layers that pad and crop.
Everything else that changed (masks of merged tensors, for one) is left to the proof that
``convert`` makes: it only shows where masks are used.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np

from keramos.artifact.keras.dialects.entries import ACTIVATION_KEYS, is_entry
from keramos.errors import UnsupportedModelError
from keramos.types.network import Call, Layer, Network, TensorRef

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from keramos.types.network import Config

    Weights = tuple[NDArray[np.generic], ...]

_NOTES = frozenset(
    {
        "auto_mask",
        "inner_mask",
        "keep_last_axis",
        "mask_rule",
        "masked_to_zero",
        "must_fit",
        "reverse_state_order",
        "when_predicting",
    }
)
"""Options that readers note and current Keras does not know; where they matter, the proof finds out
(``unsaid``).
"""

_GONE = frozenset(
    {
        "Highway",
        "LocallyConnected1D",
        "LocallyConnected2D",
        "MaxoutDense",
        "Merge",
        "ParametricSoftplus",
        "RandomFourierFeatures",
        "SReLU",
    }
)
_INTERPOLATIONS = ("area", "bicubic", "bilinear", "lanczos3", "lanczos5", "nearest")
_OLD, _NEW, _FACTOR = "hard_sigmoid_keras2", "hard_sigmoid", 1.2
_GATES = {"LSTM": (0, 1, 3), "LSTMCell": (0, 1, 3), "GRU": (0, 1), "GRUCell": (0, 1)}
"""Class -> places of the gates that ``recurrent_activation`` closes."""
_COUNTS = {"LSTM": 4, "LSTMCell": 4, "GRU": 3, "GRUCell": 3}
_CONV_LSTM = ("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
_LAST_WEIGHTS = {"SeparableConv1D": 1, "SeparableConv2D": 1}
"""Class -> weights that come before those next to the activation."""


def modern(network: Network) -> Network:
    """The network as current Keras would have it.

    Raises:
        UnsupportedModelError: something in it has no words there; names all of it.
    """
    found = list(_faults(network, ""))
    if found:
        listed = "\n".join(f"  - {fault}" for fault in found)
        raise UnsupportedModelError(
            f"current Keras has no words for {len(found)} thing(s) in this model:\n{listed}"
        )
    return _network(network)


def unsaid(network: Network, prefix: str = "") -> Iterator[str]:
    """What ``modern`` leaves out: older meanings that change the answers of some models and not of
    others.
    """
    for layer in network.layers.values():
        noted = sorted(_NOTES & layer.config.keys())
        if noted:
            yield f"layer '{prefix}{layer.name}' ({layer.kind}): {', '.join(noted)}"
        if layer.network is not None:
            yield from unsaid(layer.network, f"{prefix}{layer.name}/")


def _network(network: Network) -> Network:
    calls = tuple(
        replace(c, kwargs={k: v for k, v in c.kwargs.items() if k != "keras2_mask"})
        for c in network.calls
    )
    return replace(
        network, layers={name: _layer(layer) for name, layer in network.layers.items()}, calls=calls
    )


def _layer(layer: Layer) -> Layer:
    below = layer.network and _network(layer.network)
    layer = replace(layer, inner=tuple(_layer(part) for part in layer.inner), network=below)
    layer = replace(
        layer,
        config={
            key: _value(key, value) for key, value in layer.config.items() if key not in _NOTES
        },
    )
    for change in CHANGES:
        layer = change(layer)
    return layer


def _value(key: str, value: object) -> object:
    """A layer that stands as activation goes through the same changes."""
    if key not in ACTIVATION_KEYS or not is_entry(value):
        return value
    part = cast("Config", value)
    now = _layer(Layer(key, str(part["class_name"]), cast("Config", part["config"])))
    if now.network is not None:
        raise UnsupportedModelError(
            f"{key} {part['class_name']}={part['config']} would be several layers"
        )
    return {"class_name": now.kind, "config": now.config}


def _faults(network: Network, prefix: str) -> Iterator[str]:
    for layer in network.layers.values():
        yield from _layer_faults(layer, prefix)


def _layer_faults(layer: Layer, prefix: str) -> Iterator[str]:
    name = f"{prefix}{layer.name}"
    if layer.network is not None:
        yield from _faults(layer.network, f"{name}/")
    for part in layer.inner:
        yield from _layer_faults(part, f"{name}/")
    if layer.kind in _GONE or layer.kind.startswith("tf."):
        yield f"layer '{name}': the class {layer.kind} is gone"
    for option, value in layer.config.items():
        if not _sayable(layer, option, value):
            yield f"layer '{name}' ({layer.kind}): {option}={value!r}"


def _sayable(layer: Layer, option: str, value: object) -> bool:
    rule = _SAYABLE.get((layer.kind, option)) or _SAYABLE.get(("", option))
    return rule is None or rule(layer, value)


def _theano_sayable(layer: Layer, value: object) -> bool:
    """A convolution, and not one of even size with steps, whose number of places depends on the
    input.
    """
    if value != "same_theano":
        return True
    if not layer.kind.startswith("Conv") or "Transpose" in layer.kind:
        return False
    windows = _windows(layer)
    even = any(size % 2 == 0 for size in windows)
    return not (
        even and any(step > 1 for step in _numbers(layer.config.get("strides"), len(windows)))
    )


def _never(_layer: Layer, _value: object) -> bool:
    return False


_SAYABLE: dict[tuple[str, str], Callable[[Layer, object], bool]] = {
    ("", "activation"): lambda layer, value: (
        value != _OLD or layer.kind not in (*_GATES, *_CONV_LSTM)
    ),
    ("", "padding"): _theano_sayable,
    ("BatchNormalization", "axis"): lambda _, value: not isinstance(value, list) or len(value) == 1,
    ("BatchNormalization", "mode"): _never,
    **{(kind, "recurrent_padding"): _never for kind in _CONV_LSTM},
    **{(kind, "padding"): lambda _, value: value != "same_theano" for kind in _CONV_LSTM},
    **{
        (kind, "interpolation"): lambda _, value: value in _INTERPOLATIONS
        for kind in ("Resizing", "UpSampling2D")
    },
}
"""Class (or any) and option -> whether current Keras can say the value."""


def _scaled_gates(weights: Weights, gates: Sequence[int], count: int) -> Weights:
    """Columns of some gates times 1.2, in every weight."""
    grown = []
    for array in weights:
        units = array.shape[-1] // count
        factors = np.ones(array.shape[-1], array.dtype)
        for gate in gates:
            factors[gate * units : (gate + 1) * units] = _FACTOR
        grown.append(np.multiply(array, factors))
    return tuple(grown)


def _recurrent_hard_sigmoid(layer: Layer) -> Layer:
    if layer.config.get("recurrent_activation") != _OLD:
        return layer
    count = _COUNTS.get(layer.kind, 4)
    weights = _scaled_gates(layer.weights, _GATES.get(layer.kind, (0, 1, 3)), count)
    return replace(layer, weights=weights, config={**layer.config, "recurrent_activation": _NEW})


def _hard_sigmoid(layer: Layer) -> Layer:
    """A layer of weights grows by 1.2; one without gets a factor before it."""
    if layer.config.get("activation") != _OLD:
        return layer
    config: Config = {**layer.config, "activation": _NEW}
    if not layer.weights:
        return _chain(
            layer,
            [_part("Rescaling", {"scale": _FACTOR, "offset": 0.0}), replace(layer, config=config)],
        )
    kept = _LAST_WEIGHTS.get(layer.kind, 0)
    grown = tuple(
        np.multiply(array, np.asarray(_FACTOR, array.dtype)) for array in layer.weights[kept:]
    )
    return replace(layer, config=config, weights=(*layer.weights[:kept], *grown))


def _theano_padding(layer: Layer) -> Layer:
    """Zeros on both sides, then no padding; a window of even size gives one place more, which is
    cut off.
    """
    if layer.config.get("padding") != "same_theano":
        return layer
    sizes = _windows(layer)
    edges = [size // 2 for size in sizes]
    around: Config = {
        "padding": [[edge, edge] for edge in edges] if len(edges) > 1 else [edges[0], edges[0]]
    }
    if len(edges) > 1:
        around["data_format"] = layer.config.get("data_format", "channels_last")
    elif layer.config.get("data_format") == "channels_first":
        raise UnsupportedModelError(
            f"layer '{layer.name}' ({layer.kind}): Theano's padding with channels first"
        )
    plain = replace(layer, config={**layer.config, "padding": "valid"})
    cut = [1 - size % 2 for size in sizes]
    parts = [_part(f"ZeroPadding{len(sizes)}D", around), plain]
    if any(cut):
        edge: Config = {"cropping": [[0, one] for one in cut] if len(cut) > 1 else [0, cut[0]]}
        if len(cut) > 1:
            edge["data_format"] = layer.config.get("data_format", "channels_last")
        parts.append(_part(f"Cropping{len(sizes)}D", edge))
    return _chain(layer, parts)


def _causal_separable(layer: Layer) -> Layer:
    """Only plain convolutions can be causal today; zeros before do the same."""
    if layer.kind != "SeparableConv1D" or layer.config.get("padding") != "causal":
        return layer
    before = _part("ZeroPadding1D", {"padding": [_windows(layer)[0] - 1, 0]})
    return _chain(layer, [before, replace(layer, config={**layer.config, "padding": "valid"})])


def _windows(layer: Layer) -> list[int]:
    """What a dilated kernel covers along each axis."""
    found = layer.config["kernel_size"]
    sizes = cast("list[int]", found) if isinstance(found, list) else [cast("int", found)]
    gaps = _numbers(layer.config.get("dilation_rate"), len(sizes))
    return [(size - 1) * gap + 1 for size, gap in zip(sizes, gaps, strict=True)]


def _numbers(value: object, axes: int) -> list[int]:
    return cast("list[int]", value) if isinstance(value, list) else [cast("int", value or 1)] * axes


def _renamed_class(layer: Layer) -> Layer:
    if layer.kind in ("RandomHeight", "RandomWidth"):
        return replace(layer, kind="Identity", config={})
    if layer.kind == "ThresholdedReLU":
        return replace(layer, kind="ReLU", config={"threshold": layer.config.get("theta", 1.0)})
    return layer


def _bidirectional(layer: Layer) -> Layer:
    """Current Keras always gives zeros at masked steps."""
    if layer.kind != "Bidirectional":
        return layer
    return replace(
        layer, config={k: v for k, v in layer.config.items() if k != "zero_output_for_mask"}
    )


def _part(kind: str, config: Config) -> Layer:
    return Layer(kind.lower(), kind, config)


def _chain(layer: Layer, parts: Sequence[Layer]) -> Layer:
    """Several layers as a nested model in the place of one."""
    source = Layer(f"{layer.name}_input", "InputLayer", {"batch_shape": None})
    named = [replace(part, name=f"{layer.name}_{number}") for number, part in enumerate(parts)]
    refs = [TensorRef(source.name), *(TensorRef(part.name) for part in named)]
    calls = tuple(Call(part.name, (ref,)) for part, ref in zip(named, refs, strict=False))
    layers = {part.name: part for part in (source, *named)}
    inner = Network(layer.name, layers, calls, (refs[0],), (refs[-1],), sequential=True)
    return Layer(layer.name, "Sequential", network=inner)


CHANGES: tuple[Callable[[Layer], Layer], ...] = (
    _renamed_class,
    _bidirectional,
    _recurrent_hard_sigmoid,
    _hard_sigmoid,
    _theano_padding,
    _causal_separable,
)
"""What is done to each layer, in order."""
