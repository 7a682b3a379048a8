"""Layers of keras.layers.activations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.compile.activation import activate
from keramos.compile.lowering import Lowering

if TYPE_CHECKING:
    from keramos.compile.graph import Value
    from keramos.compile.site import Site


def activation(s: Site, *, activation: object = None) -> Value:
    """Any activation by name."""
    return activate(s.g, s.x, activation)


def relu(s: Site, *, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0) -> Value:
    """max_value for x >= max_value, x for threshold <= x < max_value, else negative_slope * (x - threshold)."""
    g, x = s.g, s.x
    if threshold:
        below = g.op("Mul", g.op("Sub", x, float(threshold)), float(negative_slope))
        y = g.op("Where", g.op("GreaterOrEqual", x, float(threshold)), x, below)
    else:
        y = g.op("LeakyRelu", x, alpha=float(negative_slope)) if negative_slope else g.op("Relu", x)
    return y if max_value is None else g.op("Min", y, float(max_value))


LAYERS = {
    "Activation": Lowering(activation, mask="keep"),
    "ReLU": Lowering(relu, mask="keep"),
}
