"""Layers of keras.layers.regularization, which pass on their input when predicting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.keras_layers import regularization

if TYPE_CHECKING:
    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.lowering.record import Build
    from keramos.compile.onnx.graph import Value


def unchanged(s: LayerCall) -> Value:
    """The input, unchanged."""
    return s.x


LAYERS: dict[str, Build] = dict.fromkeys(regularization.LAYERS, unchanged)
