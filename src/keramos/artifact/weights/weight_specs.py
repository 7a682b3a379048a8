"""Which weights a layer has, in the order in which Keras keeps them: its class' record, applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.keras_layers.registry import spec_of

if TYPE_CHECKING:
    from keramos.keras_layers.spec import Weight
    from keramos.types.network import Layer


def weights_of(layer: Layer) -> tuple[Weight, ...]:
    """The weights that a layer of this class and config has, without those of inner layers."""
    spec = spec_of(layer.kind)
    if spec is None:
        return ()
    return spec.weights_of(layer.config, layer.legacy.weight_layout)


def may_have_weights(kind: str) -> bool:
    """Whether layers of a class are known to have weights of their own."""
    spec = spec_of(kind)
    return spec is not None and bool(spec.weights)


def is_foreign(kind: str) -> bool:
    """Whether only code outside the file knows which weights layers of a class have."""
    return kind.startswith("custom.") and spec_of(kind) is None
