"""Layers of keras.layers.regularization, which pass on their input when predicting."""

from msgspec.structs import replace

from keramos.keras_layers.options import DATA_FORMAT, FRACTION, NOISE, NUMBER
from keramos.keras_layers.spec import LayerSpec, by_space

_NOTHING = LayerSpec(mask="keep", since="1", visible=False)
_RANDOM = replace(_NOTHING, training=("seed",))
_DROPOUT = replace(
    _RANDOM, ignored=("rate", "noise_shape"), checked={"rate": FRACTION, "noise_shape": NOISE(None)}
)

LAYERS = {
    "ActivityRegularization": replace(
        _NOTHING, ignored=("l1", "l2"), checked={"l1": NUMBER(None), "l2": NUMBER(None)}
    ),
    "AlphaDropout": replace(_DROPOUT, since="2"),
    "Dropout": _DROPOUT,
    "GaussianDropout": replace(_DROPOUT, ignored=("rate",)),
    "GaussianNoise": replace(_RANDOM, ignored=("stddev",), checked={"stddev": NUMBER}),
    **by_space(
        "SpatialDropout{}D",
        replace(
            _DROPOUT,
            ignored=("rate", "data_format", "noise_shape"),
            checked={**_DROPOUT.checked, "data_format": DATA_FORMAT},
        ),
    ),
}
