"""Where Keras 3 puts weights inside a ``.keras`` archive's ``model.weights.h5``.

A layer's folder is named after its class, not its name: ``layers/dense``, ``layers/dense_1`` ...
counted in each container. Its own weights are ``vars/0``, ``vars/1`` ...; parts that are layers
themselves have folders below.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from keramos.keras_layers.registry import spec_of
from keramos.keras_layers.spec import folders_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from keramos.types.network import Layer, Network


def snake_case(name: str) -> str:
    """``MaxPooling2D`` -> ``max_pooling2d``, as Keras names folders (keras.src.utils.naming)."""
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def class_name(layer: Layer) -> str:
    """The class after which a layer's folder is named."""
    if layer.network is None:
        spec = spec_of(layer.kind)
        return (spec.class_name if spec else "") or layer.kind.rpartition(".")[2]
    return "Sequential" if layer.network.sequential else "Functional"


def numbered(layers: Mapping[str, Layer]) -> Iterator[tuple[str, Layer]]:
    """Folder name and layer, in order; the second ``dense`` is ``dense_1``."""
    seen: dict[str, int] = {}
    for layer in layers.values():
        base = snake_case(class_name(layer))
        count = seen.get(base, 0)
        seen[base] = count + 1
        yield (f"{base}_{count}" if count else base), layer


def own_folders(layer: Layer, folder: str) -> list[str]:
    """Folders whose ``vars`` hold the layer's own weights."""
    spec = spec_of(layer.kind)
    below = folders_of(spec.weights_of(layer.config)) if spec else ()
    return [f"{folder}/{name}" if name else folder for name in below] or [folder]


def inner_folders(layer: Layer, folder: str) -> list[tuple[str, Layer]]:
    """Folder and layer for each inner layer."""
    spec = spec_of(layer.kind)
    if spec is None:
        return []
    if spec.inner_list:
        listed = {str(place): inner for place, inner in enumerate(layer.inner)}
        return [(f"{folder}/{spec.inner_list}/{name}", inner) for name, inner in numbered(listed)]
    return [
        (f"{folder}/{part}", inner)
        for part, inner in zip(spec.inner.values(), layer.inner, strict=False)
    ]


def leaves(network: Network, folder: str = "") -> Iterator[tuple[str, Layer]]:
    """Every layer that may have weights of its own, with its folder, in Keras' order."""
    for name, layer in numbered(network.layers):
        yield from _below(layer, f"{folder}layers/{name}")


def _below(layer: Layer, folder: str) -> Iterator[tuple[str, Layer]]:
    if layer.network is not None:
        yield from leaves(layer.network, f"{folder}/")
        return
    yield folder, layer
    for inner_folder, inner in inner_folders(layer, folder):
        yield from _below(inner, inner_folder)
