"""Keras 1.0 to 1.2 -> current vocabulary: other argument names, other class names, nothing else.

Names: keras/legacy/interfaces.py of Keras 2.0, which translated calls of Keras 1; layers that Keras
2 dropped keep their class names. How their weights lie is the business of layouts.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from keramos.artifact.keras.dialects.keras2 import translate as translate_keras2
from keramos.artifact.keras.dialects.words import renamed, without, without_later
from keramos.errors import CorruptModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.artifact.keras.dialects.entries import Entry
    from keramos.artifact.keras.dialects.origin import Origin
    from keramos.types.legacy import Legacy
    from keramos.types.network import Config

_CLASSES = {
    "AtrousConvolution1D": "Conv1D",
    "AtrousConvolution2D": "Conv2D",
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "Convolution3D": "Conv3D",
    "Deconvolution2D": "Conv2DTranspose",
    "SeparableConvolution2D": "SeparableConv2D",
    "TimeDistributedDense": "Dense",
}

_NAMES = {
    "atrous_rate": "dilation_rate",
    "bias": "use_bias",
    "border_mode": "padding",
    "dim_ordering": "data_format",
    "filter_length": "kernel_size",
    "inner_activation": "recurrent_activation",
    "length": "size",
    "nb_filter": "filters",
    "output_dim": "units",
    "p": "rate",
    "pool_length": "pool_size",
    "sigma": "stddev",
    "stride": "strides",
    "subsample": "strides",
    "subsample_length": "strides",
}
"""Old key -> current key, in every class but those of ``_OWN_NAMES``."""

_OWN_NAMES: dict[str, dict[str, str]] = {"Embedding": {}}

_LATER = frozenset(_NAMES.values()) - {"padding", "pool_size", "size", "strides"}
"""Current keys that no class of Keras 1 has."""

_TRAINING = frozenset({"init", "input_dtype", "input_length", "weights"})
_RECURRENT = frozenset({"dropout_U", "dropout_W", "inner_init"})
_OWN_TRAINING: dict[str, frozenset[str]] = {
    "BatchNormalization": frozenset({"beta_init", "gamma_init"}),
    "ConvLSTM2D": _RECURRENT | {"forget_bias_init"},
    "GRU": _RECURRENT,
    "Highway": frozenset({"transform_bias"}),
    "LSTM": _RECURRENT | {"forget_bias_init"},
    "ParametricSoftplus": frozenset({"alpha_init", "beta_init"}),
    "SReLU": frozenset({"a_left_init", "a_right_init", "t_left_init", "t_right_init"}),
    "SimpleRNN": _RECURRENT,
}
"""Keys that only training or construction reads, in any class and in some."""

_MERGE = frozenset(
    {
        *("arguments", "concat_axis", "dot_axes", "mode", "mode_type", "output_mask"),
        *("output_mask_type", "output_shape", "output_shape_type"),
    }
)
_FIRST_LAYER = frozenset({"input_dim"})  # Embedding alone means something else by it
_DATA_FORMATS = {"th": "channels_first", "tf": "channels_last"}
_UNSTATED = frozenset(
    {"Cropping2D", "Cropping3D", "UpSampling2D", "UpSampling3D", "ZeroPadding2D", "ZeroPadding3D"}
)


_MERGES: dict[str, str] = {
    "ave": "Average",
    "concat": "Concatenate",
    "dot": "Dot",
    "max": "Maximum",
    "mul": "Multiply",
    "sum": "Add",
}
"""Merge modes that are layers of their own today. ``cos`` normalised in another way than Dot does
and stays a Merge.
"""


def translate(
    entry: Entry, kind: str, config: Config, origin: Origin
) -> tuple[str, Config, Legacy]:
    """Kind and config of a layer in current words, and what it means otherwise."""
    if kind in {"InputLayer", "Lambda"}:
        return translate_keras2(entry, kind, config, origin)
    drop = _TRAINING | _OWN_TRAINING.get(kind, frozenset())
    drop |= frozenset() if kind == "Embedding" else _FIRST_LAYER
    config = without_later(without(config, drop), _LATER, "Keras 1")
    config = renamed(config, _OWN_NAMES.get(kind, _NAMES))
    if "data_format" in config:
        config["data_format"] = _DATA_FORMATS.get(str(config["data_format"]), config["data_format"])
    kind, config = _FIXES.get(kind, _as_is)(kind, config, origin)
    return translate_keras2(entry, _CLASSES.get(kind, kind), config, origin)


def _as_is(kind: str, config: Config, _origin: Origin) -> tuple[str, Config]:
    return kind, config


def _stated(config: Config, kind: str, key: str) -> object:
    if key not in config:
        raise CorruptModelError(
            f"the config has no {key}",
            layer=str(config.get("name")),
            layer_kind=kind,
        )
    return config.pop(key)


def _kernel_2d(kind: str, config: Config, _origin: Origin) -> tuple[str, Config]:
    """Rows and columns were arguments of their own."""
    size = [_stated(config, kind, key) for key in ("nb_row", "nb_col")]
    return kind, {**config, "kernel_size": size}


def _kernel_3d(kind: str, config: Config, _origin: Origin) -> tuple[str, Config]:
    size = [_stated(config, kind, f"kernel_dim{axis}") for axis in (1, 2, 3)]
    return kind, {**config, "kernel_size": size}


def _kernel_1d(kind: str, config: Config, _origin: Origin) -> tuple[str, Config]:
    return kind, {"data_format": "channels_last", **config}


def _atrous_1d(kind: str, config: Config, origin: Origin) -> tuple[str, Config]:
    return _kernel_1d(kind, _dilated(config, origin), origin)


def _atrous_2d(kind: str, config: Config, origin: Origin) -> tuple[str, Config]:
    return _kernel_2d(kind, _dilated(config, origin), origin)


def _dilated(config: Config, origin: Origin) -> Config:
    """On Theano, Keras 1.0 computed plain convolutions whatever rate was asked for."""
    ignored = origin.backend == "theano" and origin.version.startswith("1.0")
    return {key: value for key, value in config.items() if not (ignored and key == "dilation_rate")}


def _deconvolution(kind: str, config: Config, origin: Origin) -> tuple[str, Config]:
    """The output's size was an argument; today it follows from the input and ``output_padding``.

    With steps s and kernel size k an output size n belongs to the input size ceil((n - k + 1) / s)
    without padding and ceil(n / s) with; output_padding makes up the rest.
    """
    kind, config = _kernel_2d(kind, config, origin)
    shape = cast("list[int | None]", config.pop("output_shape", None) or [])
    sizes = shape[2:] if config.get("data_format") == "channels_first" else shape[1:-1]
    steps, kernels = cast("list[int]", config["strides"]), cast("list[int]", config["kernel_size"])
    same = config.get("padding") == "same"
    known = [size for size in sizes if size is not None]
    if len(known) != len(steps):
        return kind, config
    missing = [(-n if same else n - k) % s for n, k, s in zip(known, kernels, steps, strict=True)]
    if not any(missing):
        return kind, config
    extra = [s - q - k % 2 if same else q for q, k, s in zip(missing, kernels, steps, strict=True)]
    return kind, {**config, "output_padding": extra}


def _conv_lstm(kind: str, config: Config, origin: Origin) -> tuple[str, Config]:
    kind, config = _kernel_2d(kind, config, origin)
    return kind, {
        **config,
        "strides": config.pop("strides", [1, 1]),
        "use_bias": True,
    }


def _recurrent(kind: str, config: Config, _origin: Origin) -> tuple[str, Config]:
    config.pop("consume_less", None)  # says how the weights are stored
    return kind, config


def _embedding(kind: str, config: Config, _origin: Origin) -> tuple[str, Config]:
    config.pop("dropout", None)
    return kind, config


def _format_unstated(kind: str, config: Config, origin: Origin) -> tuple[str, Config]:
    return kind, {"data_format": origin.data_format, **config}


def _padding_2d(kind: str, config: Config, origin: Origin) -> tuple[str, Config]:
    """Two numbers, four (top, bottom, left, right), or an object with these words."""
    padding = config.get("padding")
    if isinstance(padding, dict):
        padding = [padding.get(f"{side}_pad", 0) for side in ("top", "bottom", "left", "right")]
    match padding:
        case [top, bottom, left, right]:
            config["padding"] = [[top, bottom], [left, right]]
    return _format_unstated(kind, config, origin)


def _padding_1d(kind: str, config: Config, _origin: Origin) -> tuple[str, Config]:
    padding = config.get("padding")
    if isinstance(padding, dict):
        config["padding"] = [padding.get("left_pad", 0), padding.get("right_pad", 0)]
    return kind, config


def _batch_normalization(kind: str, config: Config, _origin: Origin) -> tuple[str, Config]:
    """Mode 0 is the layer of current Keras; 1 normalises each row by itself, 2 each batch."""
    mode = config.pop("mode", 0)
    if mode not in (0, 1, 2) or isinstance(mode, bool):
        raise CorruptModelError(
            "the mode is not 0, 1 or 2", option="mode", received=repr(mode)[:80]
        )
    return kind, config


def _merge(kind: str, config: Config, _origin: Origin) -> tuple[str, Config]:
    unknown: Config = {key: value for key, value in config.items() if key not in _MERGE}
    mode = str(config.get("mode"))
    if config.get("mode_type", "raw") != "raw":
        return "Lambda", {}  # of its author's: code, which nothing here runs
    if mode == "concat":
        return "Concatenate", {"axis": config.get("concat_axis", -1), **unknown}
    if mode == "dot":
        return "Dot", {"axes": config.get("dot_axes", -1), "normalize": False, **unknown}
    if mode in _MERGES:
        return _MERGES[mode], unknown
    return kind, {"mode": mode, "dot_axes": config.get("dot_axes", -1), **unknown}


_FIXES: dict[str, Callable[[str, Config, Origin], tuple[str, Config]]] = {
    **dict.fromkeys(_UNSTATED, _format_unstated),
    "AtrousConvolution1D": _atrous_1d,
    "AtrousConvolution2D": _atrous_2d,
    "BatchNormalization": _batch_normalization,
    "ConvLSTM2D": _conv_lstm,
    "Convolution1D": _kernel_1d,
    "Convolution2D": _kernel_2d,
    "Convolution3D": _kernel_3d,
    "Deconvolution2D": _deconvolution,
    "Embedding": _embedding,
    "GRU": _recurrent,
    "LSTM": _recurrent,
    "LocallyConnected1D": _kernel_1d,
    "LocallyConnected2D": _kernel_2d,
    "Merge": _merge,
    "SeparableConvolution2D": _kernel_2d,
    "SimpleRNN": _recurrent,
    "ZeroPadding1D": _padding_1d,
    "ZeroPadding2D": _padding_2d,
}
