"""Layers of keras.layers.regularization, which pass on their input when predicting."""

from keramos.keras_layers.options import DATA_FORMAT, FRACTION, NOISE, NUMBER
from keramos.keras_layers.spec import LayerSpec, by_space

_NOTHING = LayerSpec(mask="keep", since="1", visible=False)
_RANDOM = _NOTHING._replace(training=("seed",))
_DROPOUT = _RANDOM._replace(
    ignored=("rate", "noise_shape"), checked={"rate": FRACTION, "noise_shape": NOISE(None)}
)

LAYERS = {
    "ActivityRegularization": _NOTHING._replace(
        ignored=("l1", "l2"), checked={"l1": NUMBER(None), "l2": NUMBER(None)}
    ),
    "AlphaDropout": _DROPOUT._replace(since="2"),
    "Dropout": _DROPOUT,
    "GaussianDropout": _DROPOUT._replace(ignored=("rate",)),
    "GaussianNoise": _RANDOM._replace(ignored=("stddev",), checked={"stddev": NUMBER}),
    **by_space(
        "SpatialDropout{}D",
        _DROPOUT._replace(
            ignored=("rate", "data_format", "noise_shape"),
            checked={**_DROPOUT.checked, "data_format": DATA_FORMAT},
        ),
    ),
}
