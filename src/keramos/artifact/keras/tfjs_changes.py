"""Layers that TensorFlow.js lacks or computes otherwise, as others that it has."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np

from keramos.artifact.keras.upgrade import chain, part_of, scaled_gates
from keramos.keras_layers.registry import spec_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keramos.types.network import Config, Layer

_HARD, _SHARE = "hard_sigmoid", 1 / 1.2
"""TensorFlow.js computes clip(0.2 x + 0.5, 0, 1), which is Keras' function of x / 1.2."""

_KERNELS_BEFORE = {"SeparableConv2D": 1}
_LEAST = 1e-7  # of a standard deviation
_AT_TRAINING = frozenset(
    (
        *("ActivityRegularization", "AugMix", "Identity", "MixUp", "RandAugment"),
        *("RandomBrightness", "RandomContrast", "RandomElasticTransform", "RandomErasing"),
        *("RandomFlip", "RandomGaussianBlur", "RandomGrayscale", "RandomHue", "RandomInvert"),
        *("RandomPerspective", "RandomPosterization", "RandomRotation", "RandomSaturation"),
        *("RandomSharpness", "RandomShear", "RandomTranslation", "RandomZoom"),
        *("SpatialDropout2D", "SpatialDropout3D"),
    )
)
"""Classes that change nothing but in training."""


def _at_training(layer: Layer) -> Layer:
    if layer.kind not in _AT_TRAINING:
        return layer
    return replace(layer, kind="Activation", config={"activation": "linear"}, weights=())


def _thresholded(layer: Layer) -> Layer:
    """A ReLU with a threshold alone."""
    config = layer.config
    more = config.get("negative_slope") or config.get("max_value") is not None
    if layer.kind != "ReLU" or not config.get("threshold") or more:
        return layer
    return replace(layer, kind="ThresholdedReLU", config={"theta": config["threshold"]})


def _hard_sigmoid(layer: Layer) -> Layer:
    """Weights shrink before Keras' hard_sigmoid; a layer without weights gets a factor before."""
    spec = spec_of(layer.kind)
    if spec is not None and spec.recurrent_gates:
        if layer.config.get("recurrent_activation") != _HARD:
            return layer
        weights = scaled_gates(layer.weights, spec.recurrent_gates, spec.gates, _SHARE)
        return replace(layer, weights=weights)
    if layer.config.get("activation") != _HARD:
        return layer
    if not layer.weights:
        share = part_of("Rescaling", {"scale": _SHARE, "offset": 0.0})
        return chain(layer, [share, layer])
    kept = _KERNELS_BEFORE.get(layer.kind, 0)
    shrunk = [np.multiply(one, np.asarray(_SHARE, one.dtype)) for one in layer.weights[kept:]]
    return replace(layer, weights=(*layer.weights[:kept], *shrunk))


def _normalization(layer: Layer) -> Layer:
    """Statistics of the last axis are those of a BatchNormalization without scale and offset."""
    if layer.kind != "Normalization" or layer.config.get("invert"):
        return layer
    axis = layer.config.get("axis", -1)
    mean, variance = (
        np.asarray(layer.config[key], "float32")
        if layer.config.get(key) is not None
        else layer.weights[place]
        for place, key in enumerate(("mean", "variance"))
    )
    if mean.size == 1:
        spread = max(float(np.sqrt(variance.item())), _LEAST)
        config: Config = {"scale": 1 / spread, "offset": -float(mean.item()) / spread}
        return replace(layer, kind="Rescaling", config=config, weights=())
    if axis not in (-1, [-1]) or mean.size != mean.shape[-1]:
        return layer
    options: Config = {
        "axis": -1,
        "epsilon": 0.0,
        "center": False,
        "scale": False,
        "momentum": 0.99,
    }
    weights = (mean.reshape(-1), np.maximum(variance.reshape(-1), _LEAST**2))
    return replace(layer, kind="BatchNormalization", config=options, weights=weights)


def _causal(layer: Layer) -> Layer:
    """Zeros before the steps, put there as an image of one row; then no padding."""
    if layer.kind != "Conv1D" or layer.config.get("padding") != "causal":
        return layer
    size, gap = (_first(layer.config.get(key)) for key in ("kernel_size", "dilation_rate"))
    channels = layer.weights[0].shape[1]
    before = [
        part_of("Reshape", {"target_shape": [-1, 1, channels]}),
        part_of("ZeroPadding2D", {"padding": [[(size - 1) * gap, 0], [0, 0]]}),
        part_of("Reshape", {"target_shape": [-1, channels]}),
    ]
    return chain(layer, [*before, replace(layer, config={**layer.config, "padding": "valid"})])


def _dilated(layer: Layer) -> Layer:
    """TensorFlow.js overlooks the gaps of this class; zeros in the kernel do the same."""
    if layer.kind != "DepthwiseConv2D":
        return layer
    gaps = _pair(layer.config.get("dilation_rate"))
    kernel, *others = layer.weights
    sizes = [(size - 1) * gap + 1 for size, gap in zip(kernel.shape, gaps, strict=False)]
    wide = np.zeros((*sizes, *kernel.shape[2:]), kernel.dtype)
    wide[:: gaps[0], :: gaps[1]] = kernel
    config = {**layer.config, "kernel_size": sizes, "dilation_rate": [1, 1]}
    return replace(layer, config=config, weights=(wide, *others))


def _pair(value: object) -> list[int]:
    return [int(i) for i in value] if isinstance(value, list) else [cast("int", value or 1)] * 2


def _first(value: object) -> int:
    return int(cast("Sequence[int]", value)[0] if isinstance(value, list) else cast("int", value))


CHANGES: tuple[Callable[[Layer], Layer], ...] = (
    _at_training,
    _thresholded,
    _hard_sigmoid,
    _normalization,
    _causal,
    _dilated,
)
"""Changes of each layer, in order."""
