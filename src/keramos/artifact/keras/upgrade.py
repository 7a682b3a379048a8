"""Networks as current Keras can express them: older meanings become other layers, or are refused.

``hard_sigmoid`` was clip(0.2 x + 0.5, 0, 1) and is clip(x / 6 + 0.5, 0, 1): the same function of
1.2 x, so the weights before it grow by 1.2. Theano's paddings become layers that pad and crop.
Other older meanings (masks of merged tensors, for one) are left out, and ``convert`` compares the
answers, because few models depend on them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from keramos.artifact.keras.dialects.entries import ACTIVATION_KEYS, config_of, is_entry
from keramos.errors import LayerProblem, UnsupportedModelError
from keramos.keras_layers.registry import spec_of
from keramos.types.attributes import integers
from keramos.types.legacy import CURRENT
from keramos.types.network import Call, Layer, Network, TensorRef

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from keramos.types.legacy import Legacy
    from keramos.types.network import Config

    Weights = tuple[NDArray[np.generic], ...]

_LOSSY = (
    "all_masked_is_even",
    "ignores_input_masks",
    "inner_mask_passes",
    "keeps_last_axis",
    "masked_steps_repeat",
    "merged_masks",
    "random_crop",
    "range_is_checked",
    "states_keep_mask",
    "states_reversed",
)
"""Fields of ``Legacy`` that current Keras cannot express and that change few answers."""

_HARD, _FACTOR = "hard_sigmoid", 1.2
_LAST_WEIGHTS = {"SeparableConv1D": 1, "SeparableConv2D": 1}
"""Class -> weights that come before those next to the activation."""


def to_current_keras(network: Network) -> Network:
    """The network as current Keras computes it.

    Raises:
        UnsupportedModelError: current Keras cannot express something in it; names all of it.
    """
    found = list(_faults(network, ""))
    if found:
        raise UnsupportedModelError(
            f"current Keras cannot express {len(found)} thing(s) in this model", problems=found
        )
    return _network(network)


def lossy_options(network: Network, prefix: str = "") -> Iterator[str]:
    """Older meanings that ``to_current_keras`` leaves out, layer by layer; they change the answers
    of some models only.
    """
    with_states = {call.layer for call in network.calls if "initial_state" in call.kwargs}
    for layer in network.layers.values():
        fields = [
            field
            for field in _LOSSY
            if getattr(layer.legacy, field) != getattr(CURRENT, field)
            and (field != "states_keep_mask" or layer.name in with_states)
        ]
        if fields:
            yield f"layer '{prefix}{layer.name}' ({layer.kind}): {', '.join(fields)}"
        if layer.network is not None:
            yield from lossy_options(layer.network, f"{prefix}{layer.name}/")


def _network(network: Network) -> Network:
    layers = {name: _layer(layer) for name, layer in network.layers.items()}
    calls = tuple(_call(network.layers[call.layer], call) for call in network.calls)
    return replace(network, layers=layers, calls=calls)


def _call(layer: Layer, call: Call) -> Call:
    """Causality is an argument of the call in current Keras."""
    if not layer.legacy.causal:
        return call
    return replace(call, kwargs={"use_causal_mask": True, **call.kwargs})


def _layer(layer: Layer) -> Layer:
    below, legacy = layer.network and _network(layer.network), layer.legacy
    layer = replace(
        layer,
        config={key: _value(key, value, legacy) for key, value in layer.config.items()},
        inner=tuple(_layer(part) for part in layer.inner),
        network=below,
        legacy=CURRENT,
    )
    for change in CHANGES:
        layer = change(layer, legacy)
    return layer


def _value(key: str, value: object, legacy: Legacy) -> object:
    """A layer that stands as activation goes through the same changes."""
    if key not in ACTIVATION_KEYS or not is_entry(value):
        return value
    kind, config = str(value["class_name"]), config_of(value)
    now = _layer(Layer(key, kind, config, legacy=legacy))
    if now.network is not None:
        raise UnsupportedModelError(
            "the layer would be several layers in current Keras",
            option=key,
            received=f"{kind}={config}",
        )
    return {"class_name": now.kind, "config": now.config}


def _faults(network: Network, prefix: str) -> Iterator[LayerProblem]:
    for layer in network.layers.values():
        yield from _layer_faults(layer, prefix)


def _layer_faults(layer: Layer, prefix: str) -> Iterator[LayerProblem]:
    name = f"{prefix}{layer.name}"
    if layer.network is not None:
        yield from _faults(layer.network, f"{name}/")
    for part in layer.inner:
        yield from _layer_faults(part, f"{name}/")
        if part.legacy.causal:
            reason = "causal, inside another layer"
            yield LayerProblem(f"{name}/{part.name}", part.kind, reason)
    spec = spec_of(layer.kind)
    gone = spec is not None and spec.until != "3" and not spec.successor
    if gone or layer.kind.startswith("tf."):
        yield LayerProblem(name, layer.kind, "current Keras has no such class")
        return
    for meaning, is_expressible in _CONDITIONS:
        value = getattr(layer.legacy, meaning)
        if value != getattr(CURRENT, meaning) and not is_expressible(layer):
            received = None if value is True else repr(value)
            yield LayerProblem(name, layer.kind, f"older meaning {meaning}", received=received)


def _theano_is_expressible(layer: Layer) -> bool:
    """A plain convolution, unless an even window has steps: then the padding depends on the
    input.
    """
    if _has_gates(layer.kind) or not layer.kind.startswith("Conv") or "Transpose" in layer.kind:
        return False
    windows = _windows(layer)
    even = any(size % 2 == 0 for size in windows)
    return not (even and any(step > 1 for step in _numbers(layer, "strides", len(windows))))


def _hard_sigmoid_is_expressible(layer: Layer) -> bool:
    """Gates can be scaled by their weights, the output of a cell cannot."""
    return layer.config.get("activation") != _HARD or not _has_gates(layer.kind)


def _never(_layer: Layer) -> bool:
    return False


_CONDITIONS: tuple[tuple[str, Callable[[Layer], bool]], ...] = (
    ("batch_axes", _never),
    ("batch_statistics", _never),
    ("bilinear_points", _never),
    ("hard_sigmoid_keras2", _hard_sigmoid_is_expressible),
    ("resize_kernel", _never),
    ("theano_padding", _theano_is_expressible),
)
"""Field of ``Legacy`` -> whether current Keras can express it in a layer."""


def _has_gates(kind: str) -> bool:
    spec = spec_of(kind)
    return spec is not None and bool(spec.recurrent_gates)


def scaled_gates(
    weights: Weights, gates: Sequence[int], count: int, factor: float = _FACTOR
) -> Weights:
    """Columns of some gates times a factor, in every weight."""
    grown = []
    for array in weights:
        units = array.shape[-1] // count
        factors = np.ones(array.shape[-1], array.dtype)
        for gate in gates:
            factors[gate * units : (gate + 1) * units] = factor
        grown.append(np.multiply(array, factors))
    return tuple(grown)


def _recurrent_hard_sigmoid(layer: Layer, legacy: Legacy) -> Layer:
    if layer.config.get("recurrent_activation") != _HARD or not legacy.hard_sigmoid_keras2:
        return layer
    spec = spec_of(layer.kind)
    if spec is None or not spec.gates:
        return layer
    return replace(layer, weights=scaled_gates(layer.weights, spec.recurrent_gates, spec.gates))


def _hard_sigmoid(layer: Layer, legacy: Legacy) -> Layer:
    """Weights grow by 1.2; a layer without weights gets a factor before it."""
    if layer.config.get("activation") != _HARD or not legacy.hard_sigmoid_keras2:
        return layer
    if not layer.weights:
        return chain(layer, [part_of("Rescaling", {"scale": _FACTOR, "offset": 0.0}), layer])
    kept = _LAST_WEIGHTS.get(layer.kind, 0)
    grown = tuple(
        np.multiply(array, np.asarray(_FACTOR, array.dtype)) for array in layer.weights[kept:]
    )
    return replace(layer, weights=(*layer.weights[:kept], *grown))


def _theano_padding(layer: Layer, legacy: Legacy) -> Layer:
    """Zeros on both sides, then no padding; a window of even size gives one position more, which is
    cut off.
    """
    if layer.config.get("padding") != "same" or not legacy.theano_padding:
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
            "Theano's padding with channels first has no equivalent in current Keras",
            layer=layer.name,
            layer_kind=layer.kind,
        )
    plain = replace(layer, config={**layer.config, "padding": "valid"})
    cut = [1 - size % 2 for size in sizes]
    parts = [part_of(f"ZeroPadding{len(sizes)}D", around), plain]
    if any(cut):
        edge: Config = {"cropping": [[0, one] for one in cut] if len(cut) > 1 else [0, cut[0]]}
        if len(cut) > 1:
            edge["data_format"] = layer.config.get("data_format", "channels_last")
        parts.append(part_of(f"Cropping{len(sizes)}D", edge))
    return chain(layer, parts)


def _causal_separable(layer: Layer, _legacy: Legacy) -> Layer:
    """Only plain convolutions can be causal today; zeros before do the same."""
    if layer.kind != "SeparableConv1D" or layer.config.get("padding") != "causal":
        return layer
    before = part_of("ZeroPadding1D", {"padding": [_windows(layer)[0] - 1, 0]})
    return chain(layer, [before, replace(layer, config={**layer.config, "padding": "valid"})])


def _windows(layer: Layer) -> list[int]:
    """What a dilated kernel covers along each axis."""
    found = layer.config["kernel_size"]
    sizes = integers(found if isinstance(found, list) else [found], "kernel_size")
    gaps = _numbers(layer, "dilation_rate", len(sizes))
    return [(size - 1) * gap + 1 for size, gap in zip(sizes, gaps, strict=True)]


def _numbers(layer: Layer, name: str, axes: int) -> list[int]:
    value = layer.config.get(name)
    return integers(value if isinstance(value, list) else [value or 1] * axes, name)


def _renamed_class(layer: Layer, _legacy: Legacy) -> Layer:
    if layer.kind in ("RandomHeight", "RandomWidth"):
        return replace(layer, kind="Identity", config={})
    if layer.kind == "ThresholdedReLU":
        return replace(layer, kind="ReLU", config={"threshold": layer.config.get("theta", 1.0)})
    return layer


def part_of(kind: str, config: Config) -> Layer:
    """A layer of a chain."""
    return Layer(kind.lower(), kind, config)


def chain(layer: Layer, parts: Sequence[Layer]) -> Layer:
    """Several layers as a nested model in the place of one."""
    source = Layer(f"{layer.name}_input", "InputLayer", {"batch_shape": None})
    named = [replace(part, name=f"{layer.name}_{number}") for number, part in enumerate(parts)]
    refs = [TensorRef(source.name), *(TensorRef(part.name) for part in named)]
    calls = tuple(Call(part.name, (ref,)) for part, ref in zip(named, refs, strict=False))
    layers = {part.name: part for part in (source, *named)}
    inner = Network(layer.name, layers, calls, (refs[0],), (refs[-1],), sequential=True)
    return Layer(layer.name, "Sequential", network=inner)


def _shear(layer: Layer, _: Legacy) -> Layer:
    """Keras writes both ends of a range around 0, and reads one number alone there."""
    if layer.kind != "RandomShear":
        return layer
    config = dict(layer.config)
    for key in ("x_factor", "y_factor"):
        ends = config.get(key)
        if isinstance(ends, list) and ends[1:] == [-end for end in ends[:1]]:
            config[key] = ends[1]
    return replace(layer, config=config)


CHANGES: tuple[Callable[[Layer, Legacy], Layer], ...] = (
    _renamed_class,
    _recurrent_hard_sigmoid,
    _hard_sigmoid,
    _theano_padding,
    _causal_separable,
    _shear,
)
"""Changes of each layer by its older meanings, and by what Keras does not read back, in order."""
