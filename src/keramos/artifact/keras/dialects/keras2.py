"""Standalone Keras 2.0 to 2.3 -> current vocabulary. ``tf_keras`` builds on this."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.artifact.keras.dialects.entries import class_of, vocabulary
from keramos.artifact.keras.dialects.origin import version_numbers
from keramos.artifact.keras.dialects.words import (
    old_hard_sigmoid,
    renamed,
    single_axis,
    theano_padding,
    without,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.artifact.keras.dialects.entries import Entry
    from keramos.artifact.keras.dialects.origin import Origin
    from keramos.types.network import Config

_ALIASES = {
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "SyncBatchNormalization": "BatchNormalization",
    "GRUV1": "GRU",
    "GRUV2": "GRU",
    "LSTMV1": "LSTM",
    "LSTMV2": "LSTM",
    "UnifiedGRU": "GRU",
    "UnifiedLSTM": "LSTM",
}
"""Class names of single TensorFlow releases."""

_RENAMED: dict[str, dict[str, str]] = {
    "CategoryEncoding": {"max_tokens": "num_tokens"},
    "Discretization": {"bins": "bin_boundaries"},
    "IntegerLookup": {"mask_value": "mask_token", "oov_value": "oov_token"},
    "LeakyReLU": {"alpha": "negative_slope"},
    "StringLookup": {"num_oov_tokens": "num_oov_indices"},
}

_TRAINING = frozenset(
    {
        "batch_input_shape",
        "experimental_autocast",
        "fused",
        "input_length",
        "renorm",
        "renorm_clipping",
        "renorm_momentum",
        "rng_type",
        "unit_forget_bias",
    }
)
"""Read by training, by construction, or choosing between equal computations."""

_OWN_TRAINING: dict[str, frozenset[str]] = {
    "MultiHeadAttention": frozenset(
        {"query_shape", "key_shape", "value_shape", "softmax_robust_masking"}
    ),
    "Softmax": frozenset({"robust_masking"}),
    "SpatialDropout1D": frozenset({"noise_shape"}),
    "SpatialDropout2D": frozenset({"noise_shape"}),
    "SpatialDropout3D": frozenset({"noise_shape"}),
    "TextVectorization": frozenset({"vocabulary_size"}),
}

MERGING = ("Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract")
"""Layers that merge the masks of their inputs."""

_LAYOUT_MATTERS = frozenset(
    {"LocallyConnected1D", "LocallyConnected2D"}
)  # ``implementation`` says how weights lie

_STATES_IN_ORDER_SINCE = (2, 2, 3)

_MASKED_HEADS_SINCE = (2, 10)

_CROPS_FIRST_SINCE = (2, 7)

_OUTPUT_MODES = {"binary": "multi_hot", "tf-idf": "tf_idf"}

_CUDNN: dict[str, tuple[str, Config]] = {
    "CuDNNGRU": ("GRU", {"reset_after": True}),
    "CuDNNLSTM": ("LSTM", {}),
}


def translate(entry: Entry, config: Config, origin: Origin) -> tuple[str, Config]:
    """Kind and config of a layer."""
    kind = _ALIASES.get(class_of(entry)) or vocabulary(entry)
    if kind == "InputLayer":
        return kind, _input(config)
    if kind.startswith(("custom.", "Lambda")):
        return kind, config
    drop = _TRAINING | _OWN_TRAINING.get(kind, frozenset())
    if kind not in _LAYOUT_MATTERS:
        drop |= {"implementation"}
    config = without(renamed(config, _RENAMED.get(kind, {})), drop)
    config = old_hard_sigmoid(config)
    if origin.backend == "theano":
        config = theano_padding(kind, config)
    return FIXES.get(kind, _as_is)(kind, config, origin)


def _as_is(kind: str, config: Config, _origin: Origin) -> tuple[str, Config]:
    return kind, config


def _input(config: Config) -> Config:
    """Shapes include the batch size; ``ragged`` and ``sparse`` stay where they are set, to be
    refused.
    """
    shape = config.get("batch_shape") or config.get("batch_input_shape")
    dtype = config.get("dtype") or config.get("input_dtype") or "float32"
    odd: Config = {key: True for key in ("ragged", "sparse") if config.get(key)}
    return {"batch_shape": shape, "dtype": dtype, **odd}


def _normalised(kind: str, config: Config, _origin: Origin) -> tuple[str, Config]:
    return kind, single_axis(config)


def _flatten(kind: str, config: Config, _origin: Origin) -> tuple[str, Config]:
    """Without a data format Flatten kept the order as it was, which channels_last does."""
    return kind, {"data_format": "channels_last", **config}


def _ungrouped(kind: str, config: Config, _origin: Origin) -> tuple[str, Config]:
    """TensorFlow writes ``groups`` for layers that have none."""
    return kind, {key: value for key, value in config.items() if (key, value) != ("groups", 1)}


def _upsampling(kind: str, config: Config, origin: Origin) -> tuple[str, Config]:
    """Bilinear meant other sample points: TensorFlow 1's in standalone Keras and TensorFlow up to
    1.12.
    """
    if config.get("interpolation") != "bilinear" or not _old_sampling(origin):
        return kind, config
    return kind, {
        **config,
        "interpolation": "bilinear_theano" if origin.backend == "theano" else "bilinear_keras2",
    }


def _old_sampling(origin: Origin) -> bool:
    return origin.generation in {"keras1", "keras2"} or origin.version.startswith("2.1.")


def _cudnn(kind: str, config: Config, _origin: Origin) -> tuple[str, Config]:
    """Layers that ran only on GPUs: fixed activations, their own weight layout (see layouts.py)."""
    name, own = _CUDNN[kind]
    fixed = {
        "activation": "tanh",
        "recurrent_activation": "sigmoid",
        "use_bias": True,
        "_layout": "cudnn",
    }
    return name, {**config, **fixed, **own}


def _merging(kind: str, config: Config, _origin: Origin) -> tuple[str, Config]:
    """Until Keras 3 a step of a merged tensor counted only where it counts in all of them."""
    return kind, {**config, "mask_rule": "all"}


def _bidirectional(kind: str, config: Config, origin: Origin) -> tuple[str, Config]:
    """Since TensorFlow 1.14 both directions give zeros at masked steps; before, the output before
    them.
    """
    zeros = origin.generation == "tf_keras" and not origin.version.startswith("2.1.")
    return kind, config if zeros else {**config, "zero_output_for_mask": False}


def _time_distributed(kind: str, config: Config, _origin: Origin) -> tuple[str, Config]:
    """Until Keras 3 a mask that the inner layer makes is one of the result."""
    return kind, {**config, "inner_mask": True}


def _multi_head(kind: str, config: Config, origin: Origin) -> tuple[str, Config]:
    """Softmax over nothing but masked places was even; before TensorFlow 2.10 masks of the inputs
    hid nothing.
    """
    old = version_numbers(origin.version) < _MASKED_HEADS_SINCE
    even: Config = {"masked_to_zero": False}
    return kind, {**config, **even, "auto_mask": False} if old else {**config, **even}


def _softmax(kind: str, config: Config, _origin: Origin) -> tuple[str, Config]:
    """Over nothing but masked places it was an even distribution."""
    return kind, {**config, "masked_to_zero": False}


def _stacked_cells(kind: str, config: Config, origin: Origin) -> tuple[str, Config]:
    """Until 2.2.2 states were listed from the last cell to the first, without a word in the
    config.
    """
    old = version_numbers(origin.version) < _STATES_IN_ORDER_SINCE
    return kind, {**config, "reverse_state_order": True} if old else config


def _random_crop(kind: str, config: Config, origin: Origin) -> tuple[str, Config]:
    """When predicting it resized and cut, in the other order before TensorFlow 2.7."""
    old = version_numbers(origin.version) < _CROPS_FIRST_SINCE
    return kind, {**config, "when_predicting": "resize, then cut" if old else "crop and resize"}


def _encoded(kind: str, config: Config, _origin: Origin) -> tuple[str, Config]:
    """Old words for encodings; numbers that CategoryEncoding has no place for were an error."""
    mode = config.get("output_mode")
    strict: Config = {"must_fit": True} if kind == "CategoryEncoding" else {}
    return kind, {
        **config,
        **strict,
        **({"output_mode": _OUTPUT_MODES.get(str(mode), mode)} if mode else {}),
    }


FIXES: dict[str, Callable[[str, Config, Origin], tuple[str, Config]]] = {
    **dict.fromkeys(MERGING, _merging),
    "BatchNormalization": _normalised,
    "Bidirectional": _bidirectional,
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
    "MultiHeadAttention": _multi_head,
    "Normalization": _normalised,
    "RandomCrop": _random_crop,
    "SeparableConv1D": _ungrouped,
    "SeparableConv2D": _ungrouped,
    "Softmax": _softmax,
    "StackedRNNCells": _stacked_cells,
    "StringLookup": _encoded,
    "TextVectorization": _encoded,
    "TimeDistributed": _time_distributed,
    "UpSampling2D": _upsampling,
}
"""What a class needs beyond renaming and dropping."""
