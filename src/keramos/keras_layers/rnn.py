"""Recurrent layers of keras.layers.rnn, their cells and wrappers."""

from msgspec.structs import replace

from keramos.keras_layers.conv_lstm import SPLIT_LSTM
from keramos.keras_layers.options import ACTIVATION, ANYTHING, COUNT, FLAG, TEXT
from keramos.keras_layers.spec import LayerSpec, Weight, in_folder

_CALLS = ("initial_state",)
_STEPS = {
    "return_sequences": FLAG(False),
    "return_state": FLAG(False),
    "go_backwards": FLAG(False),
    "zero_output_for_mask": FLAG(False),
    "unroll": FLAG(False),
}


def _cell(gates: int, closed: tuple[int, ...], bias: Weight, **more: object) -> LayerSpec:
    """A cell with a kernel for inputs and one for states, each for several gates.

    ``recurrent_activation`` closes those in ``closed``.
    """
    options = {"units": COUNT, "activation": ACTIVATION("tanh")}
    if closed:
        options["recurrent_activation"] = ACTIVATION("sigmoid")
    return LayerSpec(
        options={**options, "use_bias": FLAG(True), **more},  # type: ignore[dict-item] # options
        weights=(
            Weight("kernel", f"features {gates}*units"),
            Weight("recurrent_kernel", f"units {gates}*units"),
            bias,
        ),
        calls=("states",),
        training=("dropout", "recurrent_dropout", "seed"),
        gates=gates,
        recurrent_gates=closed,
        floats=True,
        since="2",
    )


def _layer(cell: LayerSpec) -> LayerSpec:
    """A layer that runs one cell over the steps of a sequence."""
    return replace(
        cell,
        options={**cell.options, **_STEPS},
        weights=in_folder("cell", cell.weights),
        ignored=("stateful",),
        training=(*cell.training, "use_cudnn"),
        calls=_CALLS,
        mask="own",
        since="1",
    )


# CuDNN keeps two biases, one for inputs and one for states; so does a GRU with ``reset_after``.
_LSTM = _cell(4, (0, 1, 3), Weight("bias", "4*units", when="use_bias", older="2 4*units | 8*units"))
_LSTM = replace(_LSTM, training=(*_LSTM.training, "unit_forget_bias"))
_GRU = _cell(
    3,
    (0, 1),
    Weight("bias", "2 3*units", when="use_bias", older="3*units | 6*units"),
    reset_after=FLAG(True),
)
_SIMPLE = _cell(1, (), Weight("bias", "units", when="use_bias"))

LAYERS = {
    "Bidirectional": LayerSpec(
        options={
            "merge_mode": replace(TEXT("concat"), nullable=True),
            "weights": ANYTHING(None),
        },
        calls=_CALLS,
        inner={"layer": "forward_layer", "backward_layer": "backward_layer"},
        mask="own",
        floats=True,
        since="1",
    ),
    "GRU": replace(
        _layer(_GRU),
        former=("CuDNNGRU",),
        released_as=("GRUV1", "GRUV2", "UnifiedGRU"),
        layouts={"split": tuple(Weight(f"{part}_{gate}") for gate in "zrh" for part in "WUb")},
    ),
    "GRUCell": _GRU,
    "LSTM": replace(
        _layer(_LSTM),
        former=("CuDNNLSTM",),
        released_as=("LSTMV1", "LSTMV2", "UnifiedLSTM"),
        layouts={"split": SPLIT_LSTM},
    ),
    "LSTMCell": _LSTM,
    "RNN": LayerSpec(
        options=_STEPS,
        ignored=("stateful",),
        calls=_CALLS,
        inner={"cell": "cell"},
        mask="own",
        floats=True,
        since="2",
    ),
    "SimpleRNN": _layer(_SIMPLE),
    "SimpleRNNCell": _SIMPLE,
    "StackedRNNCells": LayerSpec(inner_list="cells", since="2"),
    "TimeDistributed": LayerSpec(
        inner={"layer": "layer"},
        several=True,
        mask="own",
        since="1",
    ),
}
