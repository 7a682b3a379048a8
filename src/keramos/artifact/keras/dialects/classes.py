"""Names of all classes that ever were layers of Keras: text to compare with, never imported."""

from __future__ import annotations

from keramos.keras_layers.code import CODE, OUTSIDE
from keramos.keras_layers.index import EXPORTED, FORMER
from keramos.keras_layers.registry import FAMILY_OF, LAYERS

BRANCHED = "Merge"
"""The class of Keras 1 that may hold branches of its own."""

CALLS = frozenset(
    {"TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer", "ClassMethod", "InstanceProperty"}
)
"""Classes of Keras 2 whose layers are calls of TensorFlow."""

_BASES = ("InputLayer", "InputSpec", "Layer", "Wrapper")

KNOWN = frozenset({*FAMILY_OF, *FORMER, *EXPORTED, *CODE, *OUTSIDE, *_BASES})
"""Every class name of keras.layers, from Keras 1.0 to Keras 3."""

_SINCE = {
    "keras1": frozenset({"1"}),
    "keras2": frozenset({"1", "2"}),
    "tf_keras": frozenset({"1", "2", "tensorflow"}),
    "keras3": frozenset({"1", "2", "tensorflow", "3"}),
}
_UNTIL = {
    "keras1": frozenset({"1", "2", "standalone", "3"}),
    "keras2": frozenset({"2", "standalone", "3"}),
    "tf_keras": frozenset({"2", "3"}),
    "keras3": frozenset({"3"}),
}


def had(generation: str, kind: str) -> bool:
    """Whether a generation of Keras had a class; classes without a record are in all of them."""
    spec = LAYERS.get(kind)
    return spec is None or (spec.since in _SINCE[generation] and spec.until in _UNTIL[generation])


def is_standalone(kind: str) -> bool:
    """Whether standalone Keras 2 kept a class of Keras 1 that TensorFlow never had."""
    spec = LAYERS.get(kind)
    return spec is not None and spec.until == "standalone"
