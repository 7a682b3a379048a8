"""Whether a config is that of a built-in class: it has all options of its class, and no others.

Legacy files hold the name of a class alone, which a class of the user's own may have too. Keras
writes every option of its classes, so that a config without one, or with another, is not Keras'.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.keras_layers.options import TRAINED_BY
from keramos.keras_layers.registry import FAMILY_OF, spec_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keramos.keras_layers.spec import LayerSpec
    from keramos.types.network import Config

_LATER_THAN_KERAS_3 = """
    adjustment antialias awq_unpacked_column_size bounding_box_format encoding fill_mode
    fill_value flash_attention fused gptq_unpacked_column_size idf_weights input_length
    oov_method output_padding pad_to_aspect_ratio ragged renorm
    renorm_clipping renorm_momentum rms_scaling salt sliding_window sparse unroll use_gate
    virtual_batch_size vocabulary_dtype vocabulary_size weights
"""
_LATER_THAN_KERAS_2 = """
    attention_axes crop_to_aspect_ratio dilation_rate groups interpolation invert keepdims
    mask_token mean noise_shape num_oov_indices oov_token output_mode pad_to_max_tokens
    reset_after return_state score_mode seed variance vocabulary zero_output_for_mask
"""
_LATER_THAN_KERAS_1 = """
    activation axis center data_format implementation scale shared_axes use_bias
"""
_KERAS_3 = frozenset(_LATER_THAN_KERAS_3.split())
_KERAS_2 = _KERAS_3 | set(_LATER_THAN_KERAS_2.split())
_UNSTATED = {
    "keras1": _KERAS_2 | set(_LATER_THAN_KERAS_1.split()),
    "keras2": _KERAS_2,
    "tf_keras": _KERAS_2,
    "keras3": _KERAS_3,
}
"""Generation -> options that not all of its versions write."""


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
    unstated = _UNSTATED[generation] | {*spec.unstated}
    if _may_lack_format(kind, generation):
        unstated |= {"data_format"}
    lacking = sorted({*spec.options, *spec.ignored} - unstated - config.keys())
    others = sorted(key for key in config if not spec.knows(key))
    said = [_said("lacks", lacking), _said("has", others)]
    return f"its config {' and '.join(filter(None, said))}" if any(said) else ""


def _may_lack_format(kind: str, generation: str) -> bool:
    """Classes over one axis had no data format before Keras 3; those over images may have none."""
    one_axis = kind.endswith("1D") and generation != "keras3"
    return one_axis or kind.startswith("SpatialDropout") or FAMILY_OF.get(kind) == "image"


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
