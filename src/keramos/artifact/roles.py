"""Which weights each Keras class has, in the order Keras keeps them. One row a class.

A word is a role; ``*`` marks a weight that training does not change, ``:option`` one that exists only where that
config option is true (``:!option`` only where it is not set).
Order and names: the ``build`` methods of Keras 3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from keramos.types.network import Config


class Role(NamedTuple):
    """One weight of a layer."""

    name: str
    trainable: bool


_KERNEL_BIAS = "kernel bias:use_bias"
_RECURRENT = "kernel recurrent_kernel bias:use_bias"
_SEPARABLE = "depthwise_kernel pointwise_kernel bias:use_bias"

ROLES: dict[str, str] = {
    "AdditiveAttention": "scale:use_scale",
    "Attention": "scale:use_scale concat_score_weight:_concat",
    "BatchNormalization": "gamma:scale beta:center *moving_mean *moving_variance",
    "Conv1D": _KERNEL_BIAS,
    "Conv1DTranspose": _KERNEL_BIAS,
    "Conv2D": _KERNEL_BIAS,
    "Conv2DTranspose": _KERNEL_BIAS,
    "Conv3D": _KERNEL_BIAS,
    "Conv3DTranspose": _KERNEL_BIAS,
    "ConvLSTM1D": _RECURRENT,
    "ConvLSTM2D": _RECURRENT,
    "ConvLSTM3D": _RECURRENT,
    "Dense": _KERNEL_BIAS,
    "DepthwiseConv1D": _KERNEL_BIAS,
    "DepthwiseConv2D": _KERNEL_BIAS,
    "EinsumDense": "kernel bias:bias_axes",
    "Embedding": "embeddings",
    "GRU": _RECURRENT,
    "GRUCell": _RECURRENT,
    "GroupNormalization": "gamma:scale beta:center",
    "LSTM": _RECURRENT,
    "LSTMCell": _RECURRENT,
    "LayerNormalization": "gamma:scale beta:center",
    "Normalization": "*mean:!mean *variance:!mean *count:!mean",
    "PReLU": "alpha",
    "RMSNormalization": "scale",
    "SeparableConv1D": _SEPARABLE,
    "SeparableConv2D": _SEPARABLE,
    "SimpleRNN": _RECURRENT,
    "SimpleRNNCell": _RECURRENT,
}

_TRUE_BY_DEFAULT = frozenset({"use_bias", "scale", "center"})


def roles(kind: str, config: Config) -> tuple[Role, ...]:
    """The weights that a layer of this class and config has."""
    found = []
    for word in ROLES.get(kind, "").split():
        name, _, option = word.partition(":")
        if not option or _wanted(option, config):
            found.append(Role(name.lstrip("*"), not name.startswith("*")))
    return tuple(found)


def _wanted(option: str, config: Config) -> bool:
    if option.startswith("!"):
        return config.get(option[1:]) is None
    if option == "_concat":
        return config.get("score_mode") == "concat"
    return bool(config.get(option, option in _TRUE_BY_DEFAULT))
