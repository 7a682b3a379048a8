"""What NumPy answers to the networks that it trains: the source of this engine's golden rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from keramos.errors import UsageError
from keramos.platform.blas import one_thread
from keramos.training.numpy_engine.activations import ACTIVATIONS
from keramos.types.network import TensorRef

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from keramos.types.network import Call, Layer, Network
    from keramos.types.prediction import Feeds

    Array = NDArray[np.float32]


PLAIN = frozenset({"Concatenate", "Dense", "Dropout", "InputLayer", "Rescaling"})
"""Classes whose answers cost NumPy no more than ONNX Runtime."""

_ROWS_AT_ONCE = 8192


def is_plain(network: Network) -> bool:
    """Whether a network that keramos made takes numbers, and has plain layers only."""
    inputs = (network.layers[ref.layer].config for ref in network.inputs)
    return all(layer.kind in PLAIN for layer in network.layers.values()) and all(
        config["dtype"] == "float32" for config in inputs
    )


def plain_outputs(network: Network, inputs: Feeds) -> list[NDArray[np.generic]]:
    """Every output of a network of plain layers."""
    rows = len(next(iter(inputs.values())))
    with one_thread():
        parts = [
            _known(network, {name: x[at : at + _ROWS_AT_ONCE] for name, x in inputs.items()})
            for at in range(0, max(rows, 1), _ROWS_AT_ONCE)
        ]
    return [np.concatenate([part[ref] for part in parts]) for ref in network.outputs]


def network_outputs(network: Network, inputs: Feeds) -> Array:
    """The first output of a network whose layers are called once each.

    Raises:
        UsageError: a layer is not one of those that this engine makes.
    """
    kinds = {network.layers[call.layer].kind for call in network.calls}
    if others := sorted(kinds - _OUTPUTS.keys()):
        raise UsageError(
            f"the numpy engine computes {', '.join(_OUTPUTS)}", received=", ".join(others)
        )
    return _known(network, inputs)[network.outputs[0]]


def _known(network: Network, inputs: Feeds) -> dict[TensorRef, Array]:
    """What every layer answers."""
    known = {ref: np.asarray(inputs[ref.layer], "float32") for ref in network.inputs}
    for call in network.calls:
        layer = network.layers[call.layer]
        known[TensorRef(call.layer)] = _OUTPUTS[layer.kind](layer, [known[r] for r in _refs(call)])
    return known


def _refs(call: Call) -> Sequence[TensorRef]:
    given = call.args[0]
    return [given] if isinstance(given, TensorRef) else cast("Sequence[TensorRef]", given)


def _dense(layer: Layer, given: list[Array]) -> Array:
    kernel = layer.weights[0].astype("float32", copy=False)
    with np.errstate(over="ignore"):  # a missing number is far below every threshold of a tree
        y = given[0] @ kernel
    if layer.config["use_bias"]:
        y = y + layer.weights[1].astype("float32", copy=False)
    return _activated(str(layer.config["activation"]), np.asarray(y, "float32"))


def _bins(layer: Layer, given: list[Array]) -> Array:
    """The bins of each number: x (n, a), kernel and bias (a, b) -> (n, a, b)."""
    if layer.config["equation"] != BINS_EQUATION:
        raise UsageError(
            f"the numpy engine computes EinsumDense of {BINS_EQUATION}",
            received=str(layer.config["equation"]),
        )
    kernel, bias = (weight.astype("float32", copy=False) for weight in layer.weights)
    return np.asarray(given[0][:, :, None] * kernel + bias, "float32")


BINS_EQUATION = "ab,bc->abc"
"""Each number by the numbers of its own row of the kernel, as EinsumDense writes it."""


def _activated(name: str, x: Array) -> Array:
    if name != "softmax":
        return ACTIVATIONS[name].apply(x)
    grown = np.exp(x - x.max(axis=1, keepdims=True))
    return np.asarray(grown / grown.sum(axis=1, keepdims=True), "float32")


def _rescaling(layer: Layer, given: list[Array]) -> Array:
    scale, offset = (np.asarray(layer.config[key], "float32") for key in ("scale", "offset"))
    return np.asarray(given[0] * scale + offset, "float32")


def _relu(layer: Layer, given: list[Array]) -> Array:
    most = cast("float | None", layer.config["max_value"])
    return np.asarray(np.clip(given[0], 0, most), "float32")


def _reshape(layer: Layer, given: list[Array]) -> Array:
    return given[0].reshape(-1, *cast("list[int]", layer.config["target_shape"]))


_OUTPUTS: dict[str, Callable[[Layer, list[Array]], Array]] = {
    "Activation": lambda layer, given: _activated(str(layer.config["activation"]), given[0]),
    "Add": lambda _, given: sum(given[1:], given[0]),
    "Concatenate": lambda _, given: np.concatenate(given, axis=-1),
    "Dense": _dense,
    "Dropout": lambda _, given: given[0],
    "EinsumDense": _bins,
    "Flatten": lambda _, given: given[0].reshape(len(given[0]), -1),
    "Multiply": lambda _, given: np.multiply(given[0], given[1]),
    "ReLU": _relu,
    "Rescaling": _rescaling,
    "Reshape": _reshape,
}
"""Class -> what its layer answers to its inputs."""
