"""Which weights each Keras class has, in the order Keras keeps them. One row a class.

A word is a role; ``*`` marks a weight that training does not change, ``:option`` one that exists
only where that config option is true (``:!option`` only where it is not set). Order and names: the
``build`` methods of Keras 3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keramos.types.network import quantization_mode

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.types.network import Config


class Role(NamedTuple):
    """One weight of a layer."""

    name: str
    trainable: bool


_GATE = "gate_kernel:use_gate gate_bias:_gate_bias "
_HEADS = (
    "query_kernel query_bias:use_bias key_kernel key_bias:use_bias "
    f"{_GATE}value_kernel value_bias:use_bias "
)
_OUTPUT = "output_kernel output_bias:use_bias"
_SPLIT_LSTM = "W_i U_i b_i W_c U_c b_c W_f U_f b_f W_o U_o b_o"  # Keras 1, each gate by itself
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
    "ConvLSTM2D split": _SPLIT_LSTM,
    "ConvLSTM3D": _RECURRENT,
    "Dense": _KERNEL_BIAS,
    "DepthwiseConv1D": _KERNEL_BIAS,
    "DepthwiseConv2D": _KERNEL_BIAS,
    "EinsumDense": "kernel bias:bias_axes",
    "Embedding": "embeddings",
    "GRU": _RECURRENT,
    "GRU split": "W_z U_z b_z W_r U_r b_r W_h U_h b_h",
    "GRUCell": _RECURRENT,
    "GroupNormalization": "gamma:scale beta:center",
    "GroupQueryAttention": _HEADS + _OUTPUT,
    "Highway": "W W_carry b:use_bias b_carry:use_bias",
    "LSTM": _RECURRENT,
    "LSTM split": _SPLIT_LSTM,
    "LSTMCell": _RECURRENT,
    "LayerScale": "gamma",
    "LayerNormalization": "gamma:_gamma beta:_beta",
    "LocallyConnected1D": _KERNEL_BIAS,
    "LocallyConnected2D": _KERNEL_BIAS,
    "MaxoutDense": "W b:use_bias",
    "MultiHeadAttention": _HEADS + _OUTPUT,
    "Normalization": "*mean:!mean *variance:!mean *count:!mean",
    "PReLU": "alpha",
    "ParametricSoftplus": "alphas betas",
    "RMSNormalization": "scale",
    "RandomFourierFeatures": "kernel_scale *unscaled_kernel *bias",
    "ReversibleEmbedding": "embeddings reverse_embeddings:!tie_weights",
    "STFTSpectrogram": "real_kernel:_real imag_kernel:_imag",
    "SReLU": "t_left a_left t_right a_right",
    "SeparableConv1D": _SEPARABLE,
    "SeparableConv2D": _SEPARABLE,
    "SimpleRNN": _RECURRENT,
    "SimpleRNNCell": _RECURRENT,
    "SpectralNormalization": "*vector_u",
}

_FLOAT8 = "kernel bias{} " + " ".join(
    f"{of}_{what}"
    for of in ("inputs", "kernel", "outputs_grad")
    for what in ("scale", "amax_history")
)
_GROUPS = "*kernel_zero:_grouped *g_idx:_grouped"
_CALIBRATED = "*quantized_kernel *kernel_scale *kernel_zero *g_idx"
_AWQ = "*quantized_kernel *kernel_scale *kernel_zero *awq_scales *g_idx"
_INT4_TABLE = "*embeddings *embeddings_scale *embeddings_zero:_grouped *g_idx:_grouped"
_REVERSE = "*reverse_embeddings:!tie_weights *reverse_embeddings_scale:!tie_weights"

QUANTIZED: dict[tuple[str, str], str] = {
    **dict(
        row
        for kind, bias in (("Dense", ":use_bias"), ("EinsumDense", ":bias_axes"))
        for row in (
            ((kind, "awq"), f"bias{bias} {_AWQ}"),
            ((kind, "float8"), _FLOAT8.format(bias)),
            ((kind, "gptq"), f"bias{bias} {_CALIBRATED}"),
            ((kind, "int4"), f"*kernel bias{bias} *kernel_scale {_GROUPS}"),
            ((kind, "int8"), f"*kernel bias{bias} *kernel_scale"),
        )
    ),
    ("Embedding", "int4"): _INT4_TABLE,
    ("Embedding", "int8"): "*embeddings *embeddings_scale",
    (
        "ReversibleEmbedding",
        "int4",
    ): f"{_INT4_TABLE} {_REVERSE} *reverse_embeddings_zero:_reverse_groups",
    ("ReversibleEmbedding", "int8"): f"*embeddings *embeddings_scale {_REVERSE}",
}
"""Class and mode of quantisation -> weights (``variable_serialization_spec`` of the classes)."""

_TRUE_BY_DEFAULT = frozenset({"use_bias", "scale", "center"})


def roles(kind: str, config: Config) -> tuple[Role, ...]:
    """The weights that a layer of this class and config has."""
    found = []
    stored = f"{kind} {config['_layout']}" if "_layout" in config else kind
    plain = ROLES.get(stored, ROLES.get(kind, ""))
    for word in QUANTIZED.get((kind, quantization_mode(config) or ""), plain).split():
        name, _, option = word.partition(":")
        if not option or _wanted(option, config):
            found.append(Role(name.lstrip("*"), not name.startswith("*")))
    return tuple(found)


def _grouped(config: Config) -> bool:
    """Whether 4-bit weights have a scale for each group of inputs: ``int4/32_from_float32`` has,
    ``int4/-1`` not.
    """
    size = str(config.get("dtype")).partition("_from_")[0].partition("/")[2]
    return size not in {"", "-1"}


def _wanted(option: str, config: Config) -> bool:
    if option.startswith("!"):
        return not config.get(option[1:])
    if option in _SPECIAL:
        return _SPECIAL[option](config)
    return bool(config.get(option, option in _TRUE_BY_DEFAULT))


_SPECIAL: dict[str, Callable[[Config], bool]] = {
    # RMS scaling has a gamma whatever ``scale`` says and never a beta.
    "_beta": lambda config: bool(config.get("center", True)) and not config.get("rms_scaling"),
    "_concat": lambda config: config.get("score_mode") == "concat",
    "_gamma": lambda config: bool(config.get("scale", True) or config.get("rms_scaling")),
    "_imag": lambda config: config.get("mode") != "real",
    "_reverse_groups": lambda config: _grouped(config) and not config.get("tie_weights"),
    "_real": lambda config: config.get("mode") != "imag",
    "_grouped": _grouped,
    "_gate_bias": lambda config: bool(config.get("use_gate") and config.get("use_bias", True)),
}
