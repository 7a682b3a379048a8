"""What cannot be compiled, as data: ``never`` by nature or policy, ``notyet`` for lack of work.

Feeds the error messages and the documentation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

from keramos.artifact.keras.dialects.entries import ACTIVATION_KEYS, is_foreign_function
from keramos.frozen import Frozen
from keramos.keras_layers.code import CODE, OUTSIDE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keramos.types.network import Layer, Network


class Gap(Frozen, frozen=True):
    """Why a class is refused and what its owner can do."""

    when: Literal["never", "notyet"]
    reason: str


GAPS = {kind: Gap("never", reason) for kind, reason in {**CODE, **OUTSIDE}.items()}
"""Class of Keras -> why it cannot run."""

UNKNOWN = Gap("never", "a custom layer, not a built-in one of Keras: its code is not in the file")
_NAMED = 3
"""Layers that a remedy names."""
OPERATION = Gap("notyet", "this function of keras.ops has no lowering yet")
TENSORFLOW = Gap("notyet", "this TensorFlow function has no lowering yet")
QUANTIZED = Gap("notyet", "weights quantised in this way have no lowering yet")


def holds_code(network: Network) -> bool:
    """Whether a layer of a network, nested and wrapped ones included, is code of somebody else."""
    return any(_layer_holds_code(layer) for layer in network.layers.values())


def _layer_holds_code(layer: Layer) -> bool:
    below = layer.network is not None and holds_code(layer.network)
    activations = [layer.config.get(key) for key in ("activation", "recurrent_activation")]
    if any(isinstance(found, str) and ">" in found for found in activations):
        return True  # a function of its author's own
    named = {
        layer.kind,
        *(str(found.get("class_name")) for found in activations if isinstance(found, dict)),
    }
    return bool(named & CODE.keys()) or below or any(map(_layer_holds_code, layer.inner))


def class_of(layer: Layer) -> str:
    """The class of a layer as its author named it."""
    return layer.kind.removeprefix("custom.")


def remedy(network: Network) -> str | None:
    """What to do about layers of a network whose code is not in the file; None where it has none.

    An expression says what a layer without weights computes, a function what any layer does.
    """
    names = list(dict.fromkeys(_without_code(network)))
    if not names:
        return None
    shown = ", ".join(f"{name!r}: 'an expression of x'" for name in names[:_NAMED])
    more = ", ..." if len(names) > _NAMED else ""
    return (
        f"Say what each computes with replace={{{shown}{more}}}, in commands with "
        f"--replace '{names[0]}=EXPRESSION'"
    )


def _without_code(network: Network) -> Iterator[str]:
    for layer in network.layers.values():
        yield from _names(layer)


def _names(layer: Layer) -> Iterator[str]:
    if layer.kind in GAPS or layer.kind.startswith("custom.") or _foreign_activation(layer):
        yield layer.name
    for inner in layer.inner:
        yield from _names(inner)
    if layer.network is not None:
        yield from _without_code(layer.network)


def _foreign_activation(layer: Layer) -> bool:
    return any(is_foreign_function(layer.config.get(key)) for key in ACTIVATION_KEYS)


def gap(layer: Layer) -> Gap:
    """Why this layer cannot run."""
    if layer.kind.startswith("ops."):
        return OPERATION
    if layer.kind.startswith("tf."):
        return TENSORFLOW
    if "_from_" in str(layer.config.get("dtype")):
        return QUANTIZED
    found = GAPS.get(layer.kind, UNKNOWN)
    return replace(found, reason=f"{found.reason} ({layer.doubt})") if layer.doubt else found
