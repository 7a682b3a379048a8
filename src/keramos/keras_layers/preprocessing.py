"""Layers of keras.layers.preprocessing for numbers."""

from msgspec.structs import replace

from keramos.keras_layers.options import AXES, COUNT, FLAG, NUMBER, NUMBER_LIST, NUMBERS, TEXT
from keramos.keras_layers.spec import LayerSpec, Weight

LAYERS = {
    "CategoryEncoding": LayerSpec(
        options={
            "num_tokens": COUNT,
            "output_mode": TEXT("multi_hot"),
            "sparse": FLAG(False),
        },
        calls=("count_weights",),
        since="tensorflow",
    ),
    "Discretization": LayerSpec(
        options={
            "bin_boundaries": NUMBER_LIST(None),
            "output_mode": TEXT("int"),
            "sparse": FLAG(False),
        },
        ignored=("num_bins", "epsilon"),
        checked={"num_bins": COUNT(None), "epsilon": NUMBER(0.01)},
        floats=True,
        any_dtype=True,
        since="tensorflow",
        unstated=("epsilon", "num_bins"),
    ),
    "Normalization": LayerSpec(
        options={
            "axis": replace(AXES(-1), nullable=True),
            "mean": NUMBERS(None),
            "variance": NUMBERS(None),
            "invert": FLAG(False),
        },
        weights=(
            Weight("mean", when="!mean", trained=False),
            Weight("variance", when="!mean", trained=False),
            Weight("count", when="!mean", trained=False),
        ),
        mask="keep",
        floats=True,
        since="tensorflow",
    ),
    "Rescaling": LayerSpec(
        options={"scale": NUMBERS, "offset": NUMBERS(0.0)}, mask="keep", since="tensorflow"
    ),
}
