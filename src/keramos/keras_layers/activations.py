"""Layers of keras.layers.activations."""

from keramos.keras_layers.options import ACTIVATION, AXES, DISTINCT_AXES, NUMBER
from keramos.keras_layers.spec import LayerSpec, Weight

_POSITIVE = NUMBER._replace(least=0)
_BY_VALUE = LayerSpec(mask="keep", floats=True, since="1")

LAYERS = {
    "Activation": _BY_VALUE._replace(options={"activation": ACTIVATION}),
    "ELU": _BY_VALUE._replace(options={"alpha": NUMBER(1.0)}),
    "LeakyReLU": _BY_VALUE._replace(options={"negative_slope": NUMBER(0.3)}),
    "PReLU": _BY_VALUE._replace(options={"shared_axes": AXES(None)}, weights=(Weight("alpha"),)),
    "ReLU": LayerSpec(
        options={
            "max_value": _POSITIVE(None),
            "negative_slope": _POSITIVE(0.0),
            "threshold": _POSITIVE(0.0),
        },
        mask="keep",
        floats=True,
        since="2",
    ),
    "Softmax": LayerSpec(
        options={"axis": DISTINCT_AXES(-1)},
        several=True,  # a mask
        mask="keep",
        floats=True,
        since="2",
    ),
    "ThresholdedReLU": _BY_VALUE._replace(
        options={"theta": NUMBER(1.0)}, until="2", successor="ReLU"
    ),
}
