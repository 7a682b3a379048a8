"""Names of all classes that ever were layers of Keras: text to compare with, never imported."""

from __future__ import annotations

from keramos.keras_layers.code import CODE, OUTSIDE
from keramos.keras_layers.registry import LAYERS

_BASES = ("InputLayer", "InputSpec", "Layer", "Wrapper")

KNOWN = frozenset(
    {
        *(*LAYERS, *CODE, *OUTSIDE, *_BASES),
        *(name for spec in LAYERS.values() for name in (*spec.former, spec.class_name) if name),
    }
)
"""Every class name of keras.layers, from Keras 1.0 to Keras 3."""
