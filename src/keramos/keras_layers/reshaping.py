"""Layers of keras.layers.reshaping."""

from keramos.keras_layers.options import AXES, COUNT, DATA_FORMAT, EDGES, INTERPOLATION, SIZES
from keramos.keras_layers.spec import LayerSpec, by_space

_KERAS_1 = LayerSpec(since="1")

LAYERS = {
    **by_space(
        "Cropping{}D",
        _KERAS_1._replace(options={"cropping": EDGES(1), "data_format": DATA_FORMAT}),
        *(2, 3),
    ),
    **by_space("Cropping{}D", _KERAS_1._replace(options={"cropping": EDGES(1)}), 1),
    "Flatten": _KERAS_1._replace(options={"data_format": DATA_FORMAT}),
    "Permute": _KERAS_1._replace(options={"dims": AXES}),
    "RepeatVector": _KERAS_1._replace(options={"n": COUNT}),
    "Reshape": _KERAS_1._replace(options={"target_shape": AXES}),
    **by_space(
        "UpSampling{}D",
        _KERAS_1._replace(
            options={
                "size": SIZES(2),
                "data_format": DATA_FORMAT,
                "interpolation": INTERPOLATION("nearest"),
            }
        ),
        2,
    ),
    **by_space(
        "UpSampling{}D",
        _KERAS_1._replace(options={"size": SIZES(2), "data_format": DATA_FORMAT}),
        3,
    ),
    **by_space("UpSampling{}D", _KERAS_1._replace(options={"size": SIZES(2)}), 1),
    **by_space(
        "ZeroPadding{}D",
        _KERAS_1._replace(
            options={"padding": EDGES(1), "data_format": DATA_FORMAT}, unstated=("data_format",)
        ),
    ),
}
