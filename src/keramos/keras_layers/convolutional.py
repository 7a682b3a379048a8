"""Layers of keras.layers.convolutional."""

from msgspec.structs import replace

from keramos.keras_layers.options import (
    ACTIVATION,
    COUNT,
    DATA_FORMAT,
    FLAG,
    SIZES,
    words,
)
from keramos.keras_layers.spec import LayerSpec, Weight, by_space

PADDING = words("valid", "same")
BIAS = Weight("bias", "filters", when="use_bias")
ENDS = {"activation": ACTIVATION, "use_bias": FLAG(True)}
WINDOW = {
    "kernel_size": SIZES,
    "strides": SIZES(1),
    "padding": PADDING,
    "data_format": DATA_FORMAT,
}
_DILATED = {**WINDOW, "dilation_rate": SIZES(1)}
_CAUSAL = {**_DILATED, "padding": words("valid", "same", "causal")}

_CONVOLUTION = LayerSpec(
    options={"filters": COUNT, **_CAUSAL, "groups": COUNT(1), **ENDS},
    weights=(Weight("kernel", "*kernel_size channels/groups filters"), BIAS),
    training=("lora_alpha", "lora_rank"),
    former=("Convolution{}D", "AtrousConvolution{}D"),
    floats=True,
    since="1",
)
_TRANSPOSED = LayerSpec(
    options={
        "filters": COUNT,
        **_DILATED,
        "output_padding": replace(SIZES(None), least=0),
        **ENDS,
    },
    weights=(Weight("kernel", "*kernel_size filters channels"), BIAS),
    former=("Deconvolution{}D",),
    floats=True,
    since="2",
)
_DEPTHWISE = LayerSpec(
    options={**_DILATED, "depth_multiplier": COUNT(1), **ENDS},
    training=("depthwise_constraint", "depthwise_initializer", "depthwise_regularizer"),
    weights=(
        Weight("kernel", "*kernel_size channels depth_multiplier", former="depthwise_kernel"),
        Weight("bias", "channels*depth_multiplier", when="use_bias"),
    ),
    floats=True,
    since="2",
)
_SEPARABLE = LayerSpec(
    options={"filters": COUNT, **_CAUSAL, "depth_multiplier": COUNT(1), **ENDS},
    weights=(
        Weight("depthwise_kernel", "*kernel_size channels depth_multiplier"),
        Weight("pointwise_kernel", "*ones channels*depth_multiplier filters"),
        BIAS,
    ),
    former=("SeparableConvolution{}D",),
    floats=True,
    since="2",
)

LAYERS = {
    **by_space("Conv{}D", _CONVOLUTION),
    **by_space("Conv{}DTranspose", replace(_TRANSPOSED, since="tensorflow"), 1),
    **by_space("Conv{}DTranspose", replace(_TRANSPOSED, since="1"), 2),
    **by_space("Conv{}DTranspose", _TRANSPOSED, 3),
    **by_space("DepthwiseConv{}D", replace(_DEPTHWISE, since="tensorflow"), 1),
    **by_space("DepthwiseConv{}D", _DEPTHWISE, 2),
    **by_space("SeparableConv{}D", _SEPARABLE, 1, 2),
    **by_space("SeparableConv{}D", replace(_SEPARABLE, since="1"), 2),
}
