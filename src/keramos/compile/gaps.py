"""What cannot be compiled, as data: ``never`` by nature or policy, ``notyet`` for lack of work.

Feeds the error messages and the documentation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from keramos.keras_layers.code import CODE, OUTSIDE

if TYPE_CHECKING:
    from keramos.types.network import Layer, Network


@dataclass(frozen=True, slots=True)
class Gap:
    """Why a class is refused and what its owner can do."""

    when: Literal["never", "notyet"]
    reason: str


GAPS = {kind: Gap("never", reason) for kind, reason in {**CODE, **OUTSIDE}.items()}
"""Class of Keras -> why it cannot run."""

UNKNOWN = Gap("never", "it is not a built-in Keras layer, so its code is not in the file")
OPERATION = Gap("notyet", "this function of keras.ops has no lowering yet")
TENSORFLOW = Gap("notyet", "this TensorFlow function has no lowering yet")
QUANTIZED = Gap("notyet", "weights quantised in this way have no lowering yet")


def holds_code(network: Network) -> bool:
    """Whether a layer of a network, nested and wrapped ones included, is code of somebody else."""
    return any(_layer_holds_code(layer) for layer in network.layers.values())


def _layer_holds_code(layer: Layer) -> bool:
    below = layer.network is not None and holds_code(layer.network)
    activations = (layer.config.get(key) for key in ("activation", "recurrent_activation"))
    named = {
        layer.kind,
        *(str(found.get("class_name")) for found in activations if isinstance(found, dict)),
    }
    return bool(named & CODE.keys()) or below or any(map(_layer_holds_code, layer.inner))


def gap(layer: Layer) -> Gap:
    """Why this layer cannot run."""
    if layer.kind.startswith("ops."):
        return OPERATION
    if layer.kind.startswith("tf."):
        return TENSORFLOW
    if "_from_" in str(layer.config.get("dtype")):
        return QUANTIZED
    return GAPS.get(layer.kind, UNKNOWN)
