"""ConvLSTM1D to 3D of keras.layers.rnn."""

from msgspec.structs import replace

from keramos.keras_layers.convolutional import PADDING
from keramos.keras_layers.options import (
    ACTIVATION,
    COUNT,
    DATA_FORMAT,
    FLAG,
    SIZES,
)
from keramos.keras_layers.spec import LayerSpec, Weight, by_space, in_folder

SPLIT_LSTM = tuple(Weight(f"{part}_{gate}") for gate in "icfo" for part in "WUb")
"""Keras 1: each gate has weights of its own."""

_CONV_LSTM = LayerSpec(
    options={
        "filters": COUNT,
        "kernel_size": SIZES,
        "strides": SIZES(1),
        "padding": PADDING,
        "data_format": DATA_FORMAT,
        "dilation_rate": SIZES(1),
        "activation": ACTIVATION("tanh"),
        "recurrent_activation": ACTIVATION("sigmoid"),
        "use_bias": FLAG(True),
        "return_sequences": FLAG(False),
        "return_state": FLAG(False),
        "go_backwards": FLAG(False),
        "zero_output_for_mask": FLAG(False),
        "unroll": FLAG(False),
    },
    weights=in_folder(
        "cell",
        (
            Weight("kernel", "*kernel_size channels 4*filters"),
            Weight("recurrent_kernel", "*kernel_size filters 4*filters"),
            Weight("bias", "4*filters", when="use_bias"),
        ),
    ),
    ignored=("stateful",),
    training=("dropout", "recurrent_dropout", "seed", "unit_forget_bias"),
    calls=("initial_state",),
    gates=4,
    recurrent_gates=(0, 1, 3),
    mask="own",
    floats=True,
    since="tensorflow",
)

LAYERS = {
    **by_space("ConvLSTM{}D", _CONV_LSTM, 1, 3, extra=3),
    **by_space(
        "ConvLSTM{}D",
        replace(_CONV_LSTM, since="1", layouts={"split": SPLIT_LSTM}),
        2,
        extra=3,
    ),
}
