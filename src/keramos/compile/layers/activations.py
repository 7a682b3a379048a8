"""Layers of keras.layers.activations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.compile.lowering import activation as functions
from keramos.errors import MismatchError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.lowering.record import Build
    from keramos.compile.onnx.graph import Value


def activation(s: LayerCall, *, activation: object = None) -> Value:
    """Any activation by name."""
    return functions.activate(s.g, s.x, activation, s.layer.legacy)


def relu(
    s: LayerCall,
    *,
    max_value: float | None = None,
    negative_slope: float = 0.0,
    threshold: float = 0.0,
) -> Value:
    """Rectified, with an end, a slope and a threshold."""
    return functions.relu(
        s.g, s.x, max_value=max_value, negative_slope=negative_slope, threshold=threshold
    )


def leaky_relu(s: LayerCall, *, negative_slope: float = 0.3) -> Value:
    """Rectified with a slope."""
    return functions.leaky_relu(s.g, s.x, negative_slope=negative_slope)


def elu(s: LayerCall, *, alpha: float = 1.0) -> Value:
    """Exponential below 0."""
    return functions.elu(s.g, s.x, alpha=alpha)


def thresholded_relu(s: LayerCall, *, theta: float = 1.0) -> Value:
    """Nothing up to theta. Keras 2 was the last to have it."""
    return functions.thresholded_relu(s.g, s.x, theta=theta)


def slopes(s: LayerCall, role: str, shared_axes: list[int] | None) -> NDArray[np.generic]:
    """A learned number a place; size 1 along shared axes, which Keras 1 did not write down.

    Raises:
        MismatchError: the numbers do not fit the input.
    """
    values = s.float_weight(role)
    shape = tuple(1 if i in (shared_axes or []) else size for i, size in enumerate(s.x.shape))[1:]
    if values.ndim != len(shape) or any(
        n not in (1, size) for n, size in zip(values.shape, shape, strict=True)
    ):
        raise MismatchError(
            f"{role} needs shape {shape} by its config", received=f"shape {values.shape}"
        )
    return values


def prelu(s: LayerCall, *, shared_axes: list[int] | None = None) -> Value:
    """X where it is positive, else a learned slope times x."""
    return s.g.op("PRelu", s.x, slopes(s, "alpha", shared_axes))


def softmax(s: LayerCall, *, axis: int | list[int] = -1) -> Value:
    """Exponentials that sum to 1 along the axis, or along several together; masked places are 0.

    Where all places are masked the result is 0 too, or even in files from before Keras 3.10.
    """
    g, x = s.g, s.x
    mask = s.inputs[1] if len(s.inputs) > 1 else s.mask
    if mask is not None:
        mask = mask if mask.dtype == "bool" else g.op("Greater", mask, 0.5)
        x = g.op("Where", mask, x, -1e9)
    y = functions.softmax(g, x, axis=axis)
    if mask is None or s.layer.legacy.all_masked_is_even:
        return y
    return g.op("Where", mask, y, 0.0)


LAYERS: dict[str, Build] = {
    "Activation": activation,
    "ELU": elu,
    "LeakyReLU": leaky_relu,
    "PReLU": prelu,
    "ReLU": relu,
    "Softmax": softmax,
    "ThresholdedReLU": thresholded_relu,
}
