"""Layers of keras.layers.pooling."""

from keramos.keras_layers.convolutional import PADDING
from keramos.keras_layers.options import DATA_FORMAT, FLAG, SIZES
from keramos.keras_layers.spec import LayerSpec, by_space

_WINDOWS = LayerSpec(
    options={
        "pool_size": SIZES(2),
        "strides": SIZES(None),
        "padding": PADDING,
        "data_format": DATA_FORMAT,
    },
    floats=True,
    since="1",
)
_GLOBAL = LayerSpec(
    options={"data_format": DATA_FORMAT, "keepdims": FLAG(False)}, floats=True, since="1"
)
_ADAPTIVE = LayerSpec(options={"output_size": SIZES, "data_format": DATA_FORMAT}, floats=True)

LAYERS = {
    **by_space("AdaptiveAveragePooling{}D", _ADAPTIVE),
    **by_space("AdaptiveMaxPooling{}D", _ADAPTIVE),
    **by_space("AveragePooling{}D", _WINDOWS),
    **by_space("GlobalAveragePooling{}D", _GLOBAL),
    **by_space("GlobalMaxPooling{}D", _GLOBAL),
    **by_space("MaxPooling{}D", _WINDOWS),
}
