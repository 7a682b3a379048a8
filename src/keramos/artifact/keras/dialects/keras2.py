"""Standalone Keras 2.0 to 2.3 -> current vocabulary. ``tf_keras`` builds on this."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.artifact.keras.dialects.legacy import OLD_KERNELS, legacy_of
from keramos.artifact.keras.dialects.words import renamed, single_axis, without, without_later
from keramos.types.legacy import CURRENT

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.artifact.keras.dialects.entries import Entry
    from keramos.artifact.keras.dialects.origin import Origin
    from keramos.types.legacy import Legacy
    from keramos.types.network import Config

_RENAMED: dict[str, dict[str, str]] = {
    "CategoryEncoding": {"max_tokens": "num_tokens"},
    "Discretization": {"bins": "bin_boundaries"},
    "IntegerLookup": {"mask_value": "mask_token", "oov_value": "oov_token"},
    "LeakyReLU": {"alpha": "negative_slope"},
    "StringLookup": {"num_oov_tokens": "num_oov_indices"},
}

_LATER = {"LeakyReLU": frozenset({"negative_slope"})}
"""Class -> current keys that no class of Keras 2 of that name has."""

_TRAINING = frozenset({"batch_input_shape", "experimental_autocast", "rng_type"})
"""Keys of any class that only training or construction reads."""

_OWN_TRAINING: dict[str, frozenset[str]] = {
    "BatchNormalization": frozenset({"fused", "renorm", "renorm_clipping", "renorm_momentum"}),
    "Embedding": frozenset({"input_length"}),
    **dict.fromkeys(
        ("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "CuDNNLSTM", "LSTM", "LSTMCell"),
        frozenset({"unit_forget_bias"}),
    ),
    "MultiHeadAttention": frozenset(
        {"query_shape", "key_shape", "value_shape", "softmax_robust_masking"}
    ),
    "Softmax": frozenset({"robust_masking"}),
    "SpatialDropout1D": frozenset({"noise_shape"}),
    "SpatialDropout2D": frozenset({"noise_shape"}),
    "SpatialDropout3D": frozenset({"noise_shape"}),
    "TextVectorization": frozenset({"vocabulary_size"}),
}

_INPUT = frozenset(
    {"batch_input_shape", "batch_shape", "dtype", "input_dtype", "optional", "ragged", "sparse"}
)

_LAYOUT_MATTERS = frozenset(
    {"LocallyConnected1D", "LocallyConnected2D"}
)  # ``implementation`` says how weights lie

_OUTPUT_MODES = {"binary": "multi_hot", "tf-idf": "tf_idf"}

_CUDNN: dict[str, tuple[str, Config]] = {
    "CuDNNGRU": ("GRU", {"reset_after": True}),
    "CuDNNLSTM": ("LSTM", {}),
}


def translate(
    entry: Entry, kind: str, config: Config, origin: Origin
) -> tuple[str, Config, Legacy]:
    """Kind and config of a layer in current words, and what it means otherwise."""
    if kind == "InputLayer":
        return kind, _input(config), CURRENT
    if kind == "Lambda":
        return kind, config, CURRENT
    drop = _TRAINING | _OWN_TRAINING.get(kind, frozenset())
    if kind not in _LAYOUT_MATTERS:
        drop |= {"implementation"}
    config = without_later(config, _LATER.get(kind, frozenset()), "Keras 2")
    config = without(renamed(config, _RENAMED.get(kind, {})), drop)
    kind, config = FIXES.get(kind, _as_is)(kind, config)
    return kind, config, legacy_of(entry, kind, config, origin)


def _as_is(kind: str, config: Config) -> tuple[str, Config]:
    return kind, config


def _input(config: Config) -> Config:
    """Shapes include the batch size; ``ragged`` and ``sparse`` stay where they are set, to be
    refused.
    """
    shape = config.get("batch_shape") or config.get("batch_input_shape")
    dtype = config.get("dtype") or config.get("input_dtype") or "float32"
    odd: Config = {key: True for key in ("ragged", "sparse") if config.get(key)}
    unknown: Config = {key: value for key, value in config.items() if key not in _INPUT}
    return {"batch_shape": shape, "dtype": dtype, **odd, **unknown}


def _normalised(kind: str, config: Config) -> tuple[str, Config]:
    return kind, single_axis(config)


def _batch_normalization(kind: str, config: Config) -> tuple[str, Config]:
    """Statistics over several axes, which current Keras does not have, leave the config."""
    config = single_axis(config)
    axes = config.get("axis")
    if not isinstance(axes, list) or not all(type(axis) is int for axis in axes):
        return kind, config
    return kind, {key: value for key, value in config.items() if key != "axis"}


def _flatten(kind: str, config: Config) -> tuple[str, Config]:
    """Without a data format Flatten kept the order as it was, which channels_last does."""
    return kind, {"data_format": "channels_last", **config}


def _ungrouped(kind: str, config: Config) -> tuple[str, Config]:
    """TensorFlow writes ``groups`` for layers that have none."""
    return kind, {key: value for key, value in config.items() if (key, value) != ("groups", 1)}


def _resizing(kind: str, config: Config) -> tuple[str, Config]:
    """Words in lower case; kernels that current Keras does not have leave the config."""
    word = config.get("interpolation")
    if not isinstance(word, str):
        return kind, config
    if word.lower() in OLD_KERNELS:
        return kind, {key: value for key, value in config.items() if key != "interpolation"}
    return kind, {**config, "interpolation": word.lower()}


def _cudnn(kind: str, config: Config) -> tuple[str, Config]:
    """Layers that ran only on GPUs have fixed activations."""
    name, own = _CUDNN[kind]
    fixed: Config = {"activation": "tanh", "recurrent_activation": "sigmoid", "use_bias": True}
    return name, {**config, **fixed, **own}


def _attention(kind: str, config: Config) -> tuple[str, Config]:
    """``causal`` is an argument of the call today."""
    return kind, {key: value for key, value in config.items() if key != "causal"}


def _encoded(kind: str, config: Config) -> tuple[str, Config]:
    """Old words for encodings."""
    mode = config.get("output_mode")
    return kind, {**config, "output_mode": _OUTPUT_MODES.get(str(mode), mode)} if mode else config


FIXES: dict[str, Callable[[str, Config], tuple[str, Config]]] = {
    "AdditiveAttention": _attention,
    "Attention": _attention,
    "BatchNormalization": _batch_normalization,
    "CategoryEncoding": _encoded,
    "Conv1DTranspose": _ungrouped,
    "Conv2DTranspose": _ungrouped,
    "Conv3DTranspose": _ungrouped,
    "CuDNNGRU": _cudnn,
    "CuDNNLSTM": _cudnn,
    "DepthwiseConv1D": _ungrouped,
    "DepthwiseConv2D": _ungrouped,
    "Flatten": _flatten,
    "IntegerLookup": _encoded,
    "LayerNormalization": _normalised,
    "Normalization": _normalised,
    "Resizing": _resizing,
    "SeparableConv1D": _ungrouped,
    "SeparableConv2D": _ungrouped,
    "StringLookup": _encoded,
    "TextVectorization": _encoded,
    "UpSampling2D": _resizing,
}
"""What a class needs beyond renaming and dropping."""
