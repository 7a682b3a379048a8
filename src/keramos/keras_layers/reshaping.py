"""Layers of keras.layers.reshaping."""

from msgspec.structs import replace

from keramos.keras_layers.options import AXES, COUNT, DATA_FORMAT, EDGES, INTERPOLATION, SIZES
from keramos.keras_layers.spec import LayerSpec, by_space

_KERAS_1 = LayerSpec(since="1")

LAYERS = {
    **by_space(
        "Cropping{}D",
        replace(_KERAS_1, options={"cropping": EDGES(1), "data_format": DATA_FORMAT}),
        *(2, 3),
    ),
    **by_space("Cropping{}D", replace(_KERAS_1, options={"cropping": EDGES(1)}), 1),
    "Flatten": replace(_KERAS_1, options={"data_format": DATA_FORMAT}),
    "Permute": replace(_KERAS_1, options={"dims": AXES}),
    "RepeatVector": replace(_KERAS_1, options={"n": COUNT}),
    "Reshape": replace(_KERAS_1, options={"target_shape": AXES}),
    **by_space(
        "UpSampling{}D",
        replace(
            _KERAS_1,
            options={
                "size": SIZES(2),
                "data_format": DATA_FORMAT,
                "interpolation": INTERPOLATION("nearest"),
            },
        ),
        2,
    ),
    **by_space(
        "UpSampling{}D",
        replace(_KERAS_1, options={"size": SIZES(2), "data_format": DATA_FORMAT}),
        3,
    ),
    **by_space("UpSampling{}D", replace(_KERAS_1, options={"size": SIZES(2)}), 1),
    **by_space(
        "ZeroPadding{}D",
        replace(
            _KERAS_1,
            options={"padding": EDGES(1), "data_format": DATA_FORMAT},
            unstated=("data_format",),
        ),
    ),
}
