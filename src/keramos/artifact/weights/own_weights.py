"""Whether stored weights are those of a built-in class, by the names that Keras gives them.

Legacy files hold the name of a class alone, which a class of the user's own may have too.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING

from msgspec.structs import replace

from keramos.keras_layers.registry import spec_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from keramos.artifact.weights.keras3_weights import Weight
    from keramos.keras_layers.spec import LayerSpec
    from keramos.types.network import Layer

_BESIDE = r"lora_\w+_[ab]\Z"
_LISTED = 3


def unlike(layer: Layer, weights: Iterable[Weight], wanted: Collection[str] | None = None) -> Layer:
    """The layer, as a custom one where it has weights that the class of that name never has;
    ``wanted``: the names that the class has with these options.
    """
    spec = spec_of(layer.kind)
    if spec is None or layer.kind.startswith("custom."):
        return layer
    known = _names(spec, wanted)
    others = [weight.name for weight in weights if not _is_one_of(known, weight.name)]
    if not others:
        return layer
    doubt = f"the built-in class has no weight {', '.join(others[:_LISTED])}"
    return replace(layer, kind=f"custom.{layer.kind}", doubt=doubt)


def _names(spec: LayerSpec, wanted: Collection[str] | None) -> set[str]:
    forms = (spec.weights, *spec.quantized.values(), *spec.layouts.values())
    weights = [*chain.from_iterable(forms)]
    meant = [weight for weight in weights if wanted is None or weight.name in wanted]
    found = {name for weight in meant for name in (weight.name, weight.former) if name}
    return found.union(wanted or ())


def _is_one_of(known: set[str], name: str) -> bool:
    """A path ends in the name; parts of a layer leave out their prefix (``query/kernel``)."""
    leaf = _unnumbered(name.rpartition("/")[2])
    if leaf.startswith("lora_") and re.match(_BESIDE, leaf):
        return True
    return any(one == leaf or one.endswith(f"_{leaf}") for one in known)


def _unnumbered(leaf: str) -> str:
    """``kernel`` of ``kernel_1:0``."""
    leaf = leaf.removesuffix(":0")
    name, mark, number = leaf.rpartition("_")
    return name if mark and number.isdecimal() else leaf
