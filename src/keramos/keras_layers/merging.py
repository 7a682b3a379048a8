"""Layers of keras.layers.merging."""

from keramos.keras_layers.options import AXES, FLAG, WHOLE, words
from keramos.keras_layers.spec import LayerSpec

_RULE = {"mask_rule": words("any", "all", "none")}
_MERGE = LayerSpec(options=_RULE, mask="own", since="2")

LAYERS = {
    **dict.fromkeys(("Add", "Maximum", "Minimum", "Multiply", "Subtract"), _MERGE),
    "Average": _MERGE._replace(floats=True),
    "Concatenate": _MERGE._replace(options={"axis": WHOLE(-1), **_RULE}),
    "Dot": LayerSpec(options={"axes": AXES, "normalize": FLAG(False)}, floats=True, since="2"),
}
