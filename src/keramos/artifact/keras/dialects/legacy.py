"""What older versions computed otherwise, class by class: origin and config -> ``Legacy``.

Sources: release notes and code of Keras 1.0 to 3.10 and TensorFlow 1.3 to 2.21; each row is checked
against files of those versions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.artifact.keras.dialects.entries import ACTIVATION_KEYS, class_of
from keramos.artifact.keras.dialects.origin import version_numbers
from keramos.types.legacy import CURRENT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from keramos.artifact.keras.dialects.entries import Entry
    from keramos.artifact.keras.dialects.origin import Origin
    from keramos.types.legacy import Legacy
    from keramos.types.network import Config

    Fields = dict[str, object]
    Rule = Callable[[Mapping[str, object], Config, Origin], Fields]
    """The config as stored, the config in current words, the writer -> fields of ``Legacy``."""

MERGING = ("Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract")
"""Layers that merge the masks of their inputs."""

OLD_KERNELS = ("gaussian", "mitchellcubic")
"""Kernels for resizing images that TensorFlow 2 has and Keras 3 has not."""

_SAME_PADDED = ("Conv", "AveragePooling", "MaxPooling", "DepthwiseConv", "SeparableConv")
_THREE = 3
_BATCH_MODES = {1: "row", 2: "together"}


def legacy_of(entry: Entry, kind: str, config: Config, origin: Origin) -> Legacy:
    """What a layer of this class, config and writer means otherwise than current Keras does."""
    stored = entry.get("config")
    raw = stored if isinstance(stored, dict) else {}
    fields: Fields = {}
    if origin.generation != "keras3":
        fields |= _activations(config) | _theano(kind, config, origin) | _layout(entry, raw, origin)
    rule = RULES.get(kind)
    if rule is not None:
        fields |= rule(raw, config, origin)
    if not fields:
        return CURRENT
    return type(CURRENT)(**fields)  # type: ignore[arg-type] # the rules' fields have these types


def _before(origin: Origin, *version: int) -> bool:
    """Whether a file is older than a version of Keras 3, every earlier generation included."""
    return origin.generation != "keras3" or version_numbers(origin.version) < version


def _activations(config: Config) -> Fields:
    named = any(config.get(key) == "hard_sigmoid" for key in ACTIVATION_KEYS)
    return {"hard_sigmoid_keras2": True} if named else {}


def _theano(kind: str, config: Config, origin: Origin) -> Fields:
    """Where Theano's padding differs from that of Keras' other backends.

    Theano pads both sides alike, the others pad the far side more. Convolutions pad size // 2 (of
    the dilated kernel) on both sides, pooling size - 1 (size - 2 for odd sizes above 2); then
    ceil(input / stride) positions are kept from the start. The recurrent convolution of ConvLSTM
    always pads so. Source: keras/backend/theano_backend.py of Keras 1.2 and 2.3.
    """
    if origin.backend != "theano":
        return {}
    pooling = "pool_size" in config
    sizes = _numbers(config.get("pool_size" if pooling else "kernel_size"))
    alike = all(size in (1, _THREE) if pooling else size % 2 for size in sizes)
    recurrent = kind.startswith("ConvLSTM") and not alike
    same = config.get("padding") == "same" and kind.startswith(_SAME_PADDED)
    stepping = any(step != 1 for step in _numbers(config.get("strides", 1)))
    return {"theano_padding": True} if recurrent or (same and (stepping or not alike)) else {}


def _numbers(value: object) -> Sequence[int]:
    listed = value if isinstance(value, list) else [value]
    # What is not a number is refused with its layer's options.
    return [part if isinstance(part, int) else 0 for part in listed]


def _layout(entry: Entry, raw: Mapping[str, object], origin: Origin) -> Fields:
    """Keras 1 kept each gate's weights apart, unless ``consume_less`` asked for joined ones."""
    kind = class_of(entry)
    if kind.startswith("CuDNN"):
        return {"weight_layout": "cudnn"}
    gated = kind in {"GRU", "LSTM"} and raw.get("consume_less", "cpu") != "gpu"
    split = origin.generation == "keras1" and (gated or kind == "ConvLSTM2D")
    return {"weight_layout": "split"} if split else {}


def _batch_normalization(raw: Mapping[str, object], config: Config, origin: Origin) -> Fields:
    axes, mode = raw.get("axis"), raw.get("mode")
    fields: Fields = {}
    if origin.generation != "keras3" and isinstance(axes, list) and "axis" not in config:
        fields["batch_axes"] = tuple(axes)
    if origin.generation == "keras1" and isinstance(mode, int) and mode in _BATCH_MODES:
        fields["batch_statistics"] = _BATCH_MODES[mode]
    return fields


def _bidirectional(_raw: Mapping[str, object], _config: Config, origin: Origin) -> Fields:
    """Since TensorFlow 1.14 both directions give zeros at masked steps."""
    early = origin.generation in {"keras1", "keras2"} or origin.version.startswith("2.1.")
    return {**_states(_raw, _config, origin), **({"masked_steps_repeat": True} if early else {})}


def _states(_raw: Mapping[str, object], _config: Config, origin: Origin) -> Fields:
    return {"states_keep_mask": True} if origin.generation != "keras3" else {}


def _category_encoding(_raw: Mapping[str, object], config: Config, origin: Origin) -> Fields:
    """keras-team/keras pull request 19742."""
    if origin.generation != "keras3":
        return {"range_is_checked": True}
    kept = _before(origin, 3, 4) and config.get("output_mode") == "one_hot"
    return {"keeps_last_axis": True} if kept else {}


def _merging(_raw: Mapping[str, object], _config: Config, origin: Origin) -> Fields:
    """keras-team/keras pull request 19685."""
    if origin.generation != "keras3":
        return {"merged_masks": "all"}
    return {"merged_masks": "none"} if _before(origin, 3, 4) else {}


def _softmax(_raw: Mapping[str, object], _config: Config, origin: Origin) -> Fields:
    """keras-team/keras pull request 21149."""
    return {"all_masked_is_even": True} if _before(origin, 3, 10) else {}


def _multi_head(raw: Mapping[str, object], config: Config, origin: Origin) -> Fields:
    unmasked = origin.generation != "keras3" and version_numbers(origin.version) < (2, 10)
    ignored: Fields = {"ignores_input_masks": True} if unmasked else {}
    return {**_softmax(raw, config, origin), **ignored}


def _random_crop(_raw: Mapping[str, object], _config: Config, origin: Origin) -> Fields:
    version = version_numbers(origin.version)
    if origin.generation != "keras3":
        return {"random_crop": "resize_then_cut" if version < (2, 7) else "crop_and_resize"}
    if version < (3, 6):
        return {"random_crop": "crop_and_resize"}
    return {"random_crop": "cut_then_resize"} if version < (3, 8) else {}


def _resizing(raw: Mapping[str, object], config: Config, origin: Origin) -> Fields:
    """TensorFlow 1 and Theano sampled at other points; two kernels of TensorFlow 2 are gone."""
    if origin.generation == "keras3":
        return {}
    named = str(raw.get("interpolation")).lower()
    if named in OLD_KERNELS and "interpolation" not in config:
        return {"resize_kernel": named}
    early = origin.generation in {"keras1", "keras2"} or origin.version.startswith("2.1.")
    if config.get("interpolation") != "bilinear" or not early or "size" not in config:
        return {}
    return {"bilinear_points": "theano" if origin.backend == "theano" else "from_start"}


def _s_relu(_raw: Mapping[str, object], _config: Config, origin: Origin) -> Fields:
    return {"left_piece_capped": True} if origin.backend == "theano" else {}


def _stacked_cells(_raw: Mapping[str, object], _config: Config, origin: Origin) -> Fields:
    return {"states_reversed": True} if version_numbers(origin.version) < (2, 2, 3) else {}


def _time_distributed(_raw: Mapping[str, object], _config: Config, origin: Origin) -> Fields:
    return {"inner_mask_passes": True} if origin.generation != "keras3" else {}


def _attention(raw: Mapping[str, object], _config: Config, origin: Origin) -> Fields:
    return {"causal": True} if origin.generation != "keras3" and raw.get("causal") else {}


RULES: dict[str, Rule] = {
    **dict.fromkeys(MERGING, _merging),
    **dict.fromkeys(("RNN", "LSTM", "GRU", "SimpleRNN"), _states),
    **dict.fromkeys(("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"), _states),
    "AdditiveAttention": _attention,
    "Attention": _attention,
    "BatchNormalization": _batch_normalization,
    "Bidirectional": _bidirectional,
    "CategoryEncoding": _category_encoding,
    "GroupQueryAttention": _softmax,
    "MultiHeadAttention": _multi_head,
    "RandomCrop": _random_crop,
    "Resizing": _resizing,
    "SReLU": _s_relu,
    "Softmax": _softmax,
    "StackedRNNCells": _stacked_cells,
    "TimeDistributed": _time_distributed,
    "UpSampling2D": _resizing,
}
"""Class -> what its older versions meant otherwise."""
