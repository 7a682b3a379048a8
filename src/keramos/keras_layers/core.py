"""Layers of keras.layers.core, and layers of the models in keras.applications."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from keramos.keras_layers.options import ACTIVATION, COUNT, DTYPE, FLAG, NUMBER, OPEN_SIZES, TEXT
from keramos.keras_layers.spec import LayerSpec, Weight

if TYPE_CHECKING:
    from keramos.types.network import Config


def _grouped(config: Config) -> bool:
    """Whether 4-bit weights have a scale for each group of inputs.

    ``int4/32_from_float32`` has groups of 32, ``int4/-1_from_float32`` has none.
    """
    size = str(config.get("dtype")).partition("_from_")[0].partition("/")[2]
    return size not in {"", "-1"}


def _reverse_grouped(config: Config) -> bool:
    return _grouped(config) and not config.get("tie_weights", True)


def _fixed(*names: str, **when: str) -> tuple[Weight, ...]:
    """Weights of any shape that training does not change."""
    return tuple(Weight(name, when=when.get(name, ""), trained=False) for name in names)


def _scale_and_history(of: str) -> tuple[Weight, Weight]:
    return Weight(f"{of}_scale", ""), Weight(f"{of}_amax_history")


_GROUPS = (
    Weight("kernel_zero", when=_grouped, trained=False),
    Weight("g_idx", when=_grouped, trained=False),
)


def _quantized(
    kernel: str | None, bias: Weight, scale: str | None
) -> dict[str, tuple[Weight, ...]]:
    """The forms of a dense layer with kernel and bias: ``variable_serialization_spec`` of it."""
    return {
        "awq": (
            bias,
            *_fixed("quantized_kernel", "kernel_scale", "kernel_zero", "awq_scales", "g_idx"),
        ),
        "float8": (
            Weight("kernel", kernel),
            bias,
            *_scale_and_history("inputs"),
            *_scale_and_history("kernel"),
            *_scale_and_history("outputs_grad"),
        ),
        "gptq": (bias, *_fixed("quantized_kernel", "kernel_scale", "kernel_zero", "g_idx")),
        "int4": (*_fixed("kernel"), bias, *_fixed("kernel_scale"), *_GROUPS),
        "int8": (
            Weight("kernel", kernel, trained=False),
            bias,
            Weight("kernel_scale", scale, trained=False),
        ),
    }


_TRAINING = ("lora_alpha", "lora_rank", "quantization_config")
_TABLE = {"input_dim": COUNT, "output_dim": COUNT}
_EMBEDDINGS = Weight("embeddings", "input_dim output_dim")
_TABLE_INT8 = (
    replace(_EMBEDDINGS, trained=False),
    Weight("embeddings_scale", "input_dim", trained=False),
)
_TABLE_INT4 = (
    *_fixed("embeddings", "embeddings_scale"),
    Weight("embeddings_zero", when=_grouped, trained=False),
    Weight("g_idx", when=_grouped, trained=False),
)
_DENSE_BIAS = Weight("bias", "units", when="use_bias")
_EINSUM_BIAS = Weight("bias", when="bias_axes")

LAYERS = {
    "CustomScaleLayer": LayerSpec(
        options={"scale": NUMBER},
        floats=True,
        several=True,
        since="2",
        module="keras.src.applications.inception_resnet_v2",
    ),
    "Dense": LayerSpec(
        options={"units": COUNT, "activation": ACTIVATION, "use_bias": FLAG(True)},
        weights=(Weight("kernel", "features units"), _DENSE_BIAS),
        training=_TRAINING,
        former=("TimeDistributedDense",),
        mask="keep",
        floats=True,
        since="1",
        quantized=_quantized("features units", _DENSE_BIAS, "units"),
    ),
    "EinsumDense": LayerSpec(
        options={
            "equation": TEXT,
            "output_shape": OPEN_SIZES,
            "bias_axes": TEXT(None),
            "activation": ACTIVATION,
        },
        weights=(Weight("kernel"), _EINSUM_BIAS),
        ignored=("awq_unpacked_column_size", "gptq_unpacked_column_size"),
        training=_TRAINING,
        floats=True,
        since="tensorflow",
        quantized=_quantized(None, _EINSUM_BIAS, None),
    ),
    "Embedding": LayerSpec(
        options={**_TABLE, "mask_zero": FLAG(False)},
        weights=(_EMBEDDINGS,),
        ignored=("input_length", "sparse"),
        training=_TRAINING,
        mask="own",
        since="1",
        quantized={"int4": _TABLE_INT4, "int8": _TABLE_INT8},
    ),
    "Identity": LayerSpec(mask="keep", since="tensorflow", visible=False),
    "LayerScale": LayerSpec(
        options={"projection_dim": COUNT},
        weights=(Weight("gamma", "projection_dim"),),
        ignored=("init_values",),
        floats=True,
        since="2",
        module="keras.src.applications.convnext",
    ),
    "Masking": LayerSpec(
        options={"mask_value": NUMBER(0.0)}, mask="own", floats=True, since="1", visible=False
    ),
    "Pipeline": LayerSpec(inner_list="layers"),
    "TFDIdentity": LayerSpec(visible=False, module="keras.src.layers.preprocessing.feature_space"),
    "ReversibleEmbedding": LayerSpec(
        options={
            **_TABLE,
            "tie_weights": FLAG(True),
            "mask_zero": FLAG(False),
            "logit_soft_cap": NUMBER(None),
        },
        weights=(
            _EMBEDDINGS,
            Weight("reverse_embeddings", "output_dim input_dim", when="!tie_weights"),
        ),
        ignored=("reverse_dtype",),
        checked={"reverse_dtype": DTYPE(None)},
        training=_TRAINING,
        calls=("reverse",),
        mask="own",
        quantized={
            "int4": (
                *_TABLE_INT4,
                *_fixed(
                    "reverse_embeddings",
                    "reverse_embeddings_scale",
                    reverse_embeddings="!tie_weights",
                    reverse_embeddings_scale="!tie_weights",
                ),
                Weight("reverse_embeddings_zero", when=_reverse_grouped, trained=False),
            ),
            "int8": (
                *_TABLE_INT8,
                Weight(
                    "reverse_embeddings", "output_dim input_dim", when="!tie_weights", trained=False
                ),
                Weight("reverse_embeddings_scale", "input_dim", when="!tie_weights", trained=False),
            ),
        },
    ),
    "SpectralNormalization": LayerSpec(
        weights=(Weight("vector_u", trained=False),),
        ignored=("power_iterations",),
        checked={"power_iterations": COUNT(1)},
        inner={"layer": "layer"},
        copies="before",  # the kernel of the wrapped layer
        since="tensorflow",
    ),
    "StochasticDepth": LayerSpec(
        ignored=("drop_path_rate",), since="2", module="keras.src.applications.convnext"
    ),
}
