"""Layers of keras.layers.activations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.compile.activation import activate
from keramos.compile.lowering import Lowering
from keramos.errors import MismatchError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from keramos.compile.graph import Graph, Value
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


def leaky_relu(s: Site, *, negative_slope: float = 0.3) -> Value:
    """X where it is positive, else negative_slope * x."""
    return s.g.op("LeakyRelu", s.x, alpha=float(negative_slope))


def elu(s: Site, *, alpha: float = 1.0) -> Value:
    """X where it is positive, else alpha * (exp(x) - 1)."""
    return s.g.op("Elu", s.x, alpha=float(alpha))


def slopes(s: Site, role: str, shared_axes: list[int] | None) -> NDArray[np.generic]:
    """A learned number a place; size 1 along shared axes, which Keras 1 did not write down.

    Raises:
        MismatchError: the numbers do not fit the input.
    """
    values = s.float_weight(role)
    shape = tuple(1 if i in (shared_axes or []) else size for i, size in enumerate(s.x.shape))[1:]
    if values.ndim != len(shape) or any(n not in (1, size) for n, size in zip(values.shape, shape, strict=True)):
        raise MismatchError(f"{role} has shape {values.shape}, its config needs {shape}")
    return values


def prelu(s: Site, *, shared_axes: list[int] | None = None) -> Value:
    """X where it is positive, else a learned slope times x."""
    return s.g.op("PRelu", s.x, slopes(s, "alpha", shared_axes))


def softmax(s: Site, *, axis: int | list[int] = -1, masked_to_zero: bool = True) -> Value:
    """Exponentials that sum to 1 along the axis, or along several together; masked places are 0.

    Where all places are masked the result is 0 too, or, with ``masked_to_zero`` False, even.
    """
    g, x = s.g, s.x
    mask = s.inputs[1] if len(s.inputs) > 1 else s.mask
    if mask is not None:
        mask = mask if mask.dtype == "bool" else g.op("Greater", mask, 0.5)
        x = g.op("Where", mask, x, -1e9)
    axes = [axis] if isinstance(axis, int) else axis
    y = g.op("Softmax", x, axis=axes[0]) if len(axes) == 1 else _softmax_over(g, x, axes)
    return g.op("Where", mask, y, 0.0) if mask is not None and masked_to_zero else y


def _softmax_over(g: Graph, x: Value, axes: list[int]) -> Value:
    e = g.op("Exp", g.op("Sub", x, g.op("ReduceMax", x, axes, keepdims=1)))
    return g.op("Div", e, g.op("ReduceSum", e, axes, keepdims=1))


LAYERS = {
    "Activation": Lowering(activation, mask="keep", floats=True),
    "ELU": Lowering(elu, mask="keep", floats=True),
    "LeakyReLU": Lowering(leaky_relu, mask="keep", floats=True),
    "PReLU": Lowering(prelu, mask="keep", floats=True),
    "ReLU": Lowering(relu, mask="keep", floats=True),
    "Softmax": Lowering(softmax, mask="keep", floats=True),
}
