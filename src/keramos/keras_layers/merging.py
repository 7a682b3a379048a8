"""Layers of keras.layers.merging."""

from msgspec.structs import replace

from keramos.keras_layers.options import AXES, FLAG, WHOLE
from keramos.keras_layers.spec import LayerSpec

_MERGE = LayerSpec(mask="own", several=True, since="2")

LAYERS = {
    **dict.fromkeys(("Add", "Maximum", "Minimum", "Multiply", "Subtract"), _MERGE),
    "Average": replace(_MERGE, floats=True),
    "Concatenate": replace(_MERGE, options={"axis": WHOLE(-1)}),
    "TFDConcat": replace(
        _MERGE,
        options={"axis": WHOLE(-1)},
        floats=True,
        since="3",
        module="keras.src.layers.preprocessing.feature_space",
    ),
    "Dot": LayerSpec(
        options={"axes": AXES, "normalize": FLAG(False)}, floats=True, several=True, since="2"
    ),
}
