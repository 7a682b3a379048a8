"""What NumPy answers to a chain of Dense layers: the source of this engine's golden rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import UsageError
from keramos.training.numpy_engine.activations import ACTIVATIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from keramos.types.network import Layer, Network
    from keramos.types.prediction import Feeds

    Array = NDArray[np.float32]


def network_outputs(network: Network, inputs: Feeds) -> Array:
    """The output of a network of one input whose layers follow each other.

    Raises:
        UsageError: a layer is not one of those that this engine makes.
    """
    layers = [network.layers[call.layer] for call in network.calls]
    others = sorted({layer.kind for layer in layers} - _OUTPUTS.keys())
    if others or len(network.inputs) > 1:
        raise UsageError(f"the numpy engine computes {', '.join(_OUTPUTS)}, not {others}")
    x = np.asarray(inputs[network.inputs[0].layer], "float32")
    for layer in layers:
        x = _OUTPUTS[layer.kind](layer, x)
    return x


def _dense(layer: Layer, x: Array) -> Array:
    kernel, bias = (weight.astype("float32", copy=False) for weight in layer.weights)
    y = np.asarray(x @ kernel + bias, "float32")
    activation = str(layer.config["activation"])
    if activation == "softmax":
        grown = np.exp(y - y.max(axis=1, keepdims=True))
        return np.asarray(grown / grown.sum(axis=1, keepdims=True), "float32")
    return ACTIVATIONS[activation].apply(y)


def _rescaling(layer: Layer, x: Array) -> Array:
    scale, offset = np.float32(layer.config["scale"]), np.float32(layer.config["offset"])  # type: ignore[arg-type] # numbers
    return x * scale + offset


_OUTPUTS: dict[str, Callable[[Layer, Array], Array]] = {
    "Dense": _dense,
    "Dropout": lambda _, x: x,
    "Rescaling": _rescaling,
}
"""Class -> what its layer answers."""
