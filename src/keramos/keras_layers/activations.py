"""Layers of keras.layers.activations."""

from msgspec.structs import replace

from keramos.keras_layers.options import ACTIVATION, AXES, DISTINCT_AXES, NUMBER
from keramos.keras_layers.spec import LayerSpec, Weight

_POSITIVE = replace(NUMBER, least=0)
_BY_VALUE = LayerSpec(mask="keep", floats=True, since="1")

LAYERS = {
    "Activation": replace(_BY_VALUE, options={"activation": ACTIVATION}),
    "ELU": replace(_BY_VALUE, options={"alpha": NUMBER(1.0)}),
    "LeakyReLU": replace(_BY_VALUE, options={"negative_slope": NUMBER(0.3)}),
    "PReLU": replace(_BY_VALUE, options={"shared_axes": AXES(None)}, weights=(Weight("alpha"),)),
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
    "ThresholdedReLU": replace(
        _BY_VALUE, options={"theta": NUMBER(1.0)}, until="2", successor="ReLU"
    ),
}
