"""Steps that the dialects before Keras 3 share: rename, drop, and say what a word of that time
meant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from keramos.types.network import Config

_ACTIVATION_KEYS = ("activation", "recurrent_activation")
_SAME_PADDED = ("Conv", "AveragePooling", "MaxPooling", "DepthwiseConv", "SeparableConv")
_THREE = 3

HARMLESS: dict[str, tuple[object, ...]] = {
    "adjustment": (None,),
    "encoding": ("utf-8",),
    "num_constants": (None, 0),
    "ragged": (False,),
    "time_major": (False,),
    "virtual_batch_size": (None,),
}
"""Keys that change nothing at these values and that Keras 3 does not have; at others the compiler
refuses them.
"""


def renamed(config: Config, names: Mapping[str, str]) -> Config:
    """The config with some keys under their current names."""
    return {names.get(key, key): value for key, value in config.items()}


def without(config: Config, keys: Collection[str]) -> Config:
    """The config without keys that answers do not depend on."""
    return {
        key: value
        for key, value in config.items()
        if key not in keys and not (key in HARMLESS and value in HARMLESS[key])
    }


def old_hard_sigmoid(config: Config) -> Config:
    """``hard_sigmoid`` was clip(0.2 x + 0.5, 0, 1) before Keras 3, which made it clip(x / 6 + 0.5,
    0, 1).
    """
    said = {
        key: "hard_sigmoid_keras2" for key in _ACTIVATION_KEYS if config.get(key) == "hard_sigmoid"
    }
    return {**config, **said}


def single_axis(config: Config) -> Config:
    """An axis that was written as a list of one."""
    axis = config.get("axis")
    return {**config, "axis": axis[0]} if isinstance(axis, list) and len(axis) == 1 else config


def theano_padding(kind: str, config: Config) -> Config:
    """Theano pads both sides alike, Keras' other backends pad the far side more; where that
    differs, it is said.

    Convolutions pad size // 2 (of the dilated kernel) on both sides, pooling size - 1 (size - 2 for
    odd sizes above 2); then ceil(input / stride) positions are kept from the start. The recurrent
    convolution of ConvLSTM always pads so, which the extra key ``recurrent_padding`` says. Source:
    keras/backend/theano_backend.py of Keras 1.2 and 2.3.
    """
    if kind.startswith("ConvLSTM") and not all(
        size % 2 for size in _numbers(config.get("kernel_size"))
    ):
        config = {**config, "recurrent_padding": "same_theano"}
    if config.get("padding") != "same" or not kind.startswith(_SAME_PADDED):
        return config
    pooling = "pool_size" in config
    sizes = _numbers(config.get("pool_size" if pooling else "kernel_size"))
    alike = all(size in (1, _THREE) if pooling else size % 2 for size in sizes)
    if alike and all(step == 1 for step in _numbers(config.get("strides", 1))):
        return config
    return {**config, "padding": "same_theano"}


def _numbers(value: object) -> Sequence[int]:
    listed = value if isinstance(value, list) else [value]
    return [
        part if isinstance(part, int) else 0 for part in listed
    ]  # what is no number is refused by its layer
