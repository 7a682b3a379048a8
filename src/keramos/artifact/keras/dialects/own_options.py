"""Whether a config is that of a built-in class: it has all options of its class, and no others.

Legacy files hold the name of a class alone, which a class of the user's own may have too. Keras
writes every option of its classes, so that a config without one, or with another, is not Keras'.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.keras_layers.options import TRAINED_BY
from keramos.keras_layers.registry import spec_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keramos.keras_layers.spec import LayerSpec
    from keramos.types.network import Config

_LATER = """
    adjustment antialias attention_axes awq_unpacked_column_size bounding_box_format
    crop_to_aspect_ratio data_format dilation_rate encoding factor fill_mode fill_value
    flash_attention fused gptq_unpacked_column_size groups idf_weights input_length
    interpolation invert keepdims mask_token mask_value mean noise_shape num_bins
    num_oov_indices oov_method oov_token output_mode output_padding pad_to_aspect_ratio
    pad_to_max_tokens ragged renorm renorm_clipping renorm_momentum reset_after return_state
    rms_scaling salt score_mode seed sliding_window sparse unroll use_gate value_range variance
    virtual_batch_size vocabulary vocabulary_dtype vocabulary_size weights zero_output_for_mask
"""
_SINCE_KERAS_2 = """
    activation axis center implementation scale shared_axes use_bias
"""
_UNSTATED = {"keras1": frozenset((_LATER + _SINCE_KERAS_2).split())}
"""Generation -> options that not all of its versions write."""
_USUALLY_UNSTATED = frozenset(_LATER.split())
_OWN_UNSTATED = {
    "BatchNormalization": frozenset({"axis"}),  # several axes became a field of Legacy
    "Discretization": frozenset({"epsilon"}),
    "LocallyConnected1D": frozenset({"implementation"}),
    "LocallyConnected2D": frozenset({"implementation"}),
}


def unlike(kind: str, config: Config, generation: str, *, by_keras: bool) -> str:
    """How a config in current words differs from those of the built-in class, or "".

    ``by_keras``: it has what Keras writes of any layer, built-in or not. Other programs leave out
    options with defaults.
    """
    spec = spec_of(kind)
    if spec is None:
        return ""
    needed = any(option.default is ... for option in spec.options.values())
    if not by_keras and (needed or not spec.options or spec.options.keys() & config.keys()):
        return ""
    unstated = _UNSTATED.get(generation, _USUALLY_UNSTATED) | _OWN_UNSTATED.get(kind, frozenset())
    lacking = sorted({*spec.options, *spec.ignored} - unstated - config.keys())
    others = sorted(key for key in config if not spec.knows(key))
    said = [_said("lacks", lacking), _said("has", others)]
    return f"its config {' and '.join(filter(None, said))}" if any(said) else ""


def _said(verb: str, options: list[str]) -> str:
    return f"{verb} {', '.join(options)}" if options else ""


def without_training(kind: str, config: Config, generation: str) -> Config:
    """The config without initializers and the like of the weights that its class has.

    Others stay, and are refused as unknown options. Keras 1 had other names for many weights.
    """
    spec = spec_of(kind) if generation != "keras1" else None
    return {key: config[key] for key in _kept(config, spec)}


def _kept(config: Config, spec: LayerSpec | None) -> Iterable[str]:
    for key in config:
        if not key.endswith(TRAINED_BY) or (spec is not None and not spec.knows(key)):
            yield key
