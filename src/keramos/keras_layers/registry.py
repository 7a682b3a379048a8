"""All records by class name, and the door for classes from outside the package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.errors import UsageError
from keramos.keras_layers import (
    activations,
    attention,
    audio,
    conv_lstm,
    convolutional,
    core,
    image,
    legacy,
    locally_connected,
    lookups,
    merging,
    normalization,
    pooling,
    preprocessing,
    regularization,
    reshaping,
    rnn,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keramos.keras_layers.spec import LayerSpec

FAMILIES: Mapping[str, Mapping[str, LayerSpec]] = {
    "activations": activations.LAYERS,
    "attention": attention.LAYERS,
    "audio": audio.LAYERS,
    "conv_lstm": conv_lstm.LAYERS,
    "convolutional": convolutional.LAYERS,
    "core": core.LAYERS,
    "image": image.LAYERS,
    "legacy": legacy.LAYERS,
    "locally_connected": locally_connected.LAYERS,
    "lookups": lookups.LAYERS,
    "merging": merging.LAYERS,
    "normalization": normalization.LAYERS,
    "pooling": pooling.LAYERS,
    "preprocessing": preprocessing.LAYERS,
    "regularization": regularization.LAYERS,
    "reshaping": reshaping.LAYERS,
    "rnn": rnn.LAYERS,
}
"""Family -> its records; ``compile/layers`` has a file of the same name for each."""

LAYERS: Mapping[str, LayerSpec] = {
    kind: spec for family in FAMILIES.values() for kind, spec in family.items()
}
FAMILY_OF: Mapping[str, str] = {
    kind: family for family, records in FAMILIES.items() for kind in records
}
WITH_VOCABULARY = frozenset(kind for kind, spec in LAYERS.items() if spec.vocabulary)
"""Classes that learn the words of a vocabulary from data."""

_EXTENSIONS: dict[str, LayerSpec] = {}


def spec_of(kind: str) -> LayerSpec | None:
    """The record of a class, or None where it is not known."""
    return LAYERS.get(kind) or _EXTENSIONS.get(kind)


def register(kind: str, spec: LayerSpec) -> None:
    """Make a class known that Keras does not have: ``custom.`` and its name.

    Raises:
        UsageError: there is a class of that name.
    """
    if spec_of(kind) is not None:
        raise UsageError(f"a layer of class {kind} is registered already")
    _EXTENSIONS[kind] = spec
