"""Layers of keras.layers.regularization, which pass on their input when predicting."""

from keramos.keras_layers.spec import LayerSpec, by_space

_NOTHING = LayerSpec(mask="keep", since="1", visible=False)

LAYERS = {
    "ActivityRegularization": _NOTHING._replace(ignored=("l1", "l2")),
    "AlphaDropout": _NOTHING._replace(ignored=("rate", "noise_shape"), since="2"),
    "Dropout": _NOTHING._replace(ignored=("rate", "noise_shape")),
    "GaussianDropout": _NOTHING._replace(ignored=("rate",)),
    "GaussianNoise": _NOTHING._replace(ignored=("stddev",)),
    **by_space(
        "SpatialDropout{}D", _NOTHING._replace(ignored=("rate", "data_format", "noise_shape"))
    ),
}
