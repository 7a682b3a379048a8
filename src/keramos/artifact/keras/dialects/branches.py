"""Keras 1: a Sequential model whose first layer merges branches -> a Functional network with the
branches inside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.errors import CorruptModelError, quoted
from keramos.types.network import Call, Network, TensorRef

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from keramos.types.network import Layer


def spliced(name: str, layers: Sequence[Layer], branches: Sequence[Layer]) -> Network:
    """One network of the branches, the merge (the first of ``layers``) and the layers after it.

    Weights of such files lie in one flat list of groups, branch layers included, so the branches
    are not nested.

    Raises:
        CorruptModelError: two layers have one name.
    """
    found: dict[str, Layer] = {}
    calls: list[Call] = []
    inputs: list[TensorRef] = []
    ends: list[object] = []
    for branch in branches:
        if branch.network is None:
            raise CorruptModelError(
                f"Sequential {quoted(name)} merges {quoted(branch.name)}, which is not a model",
            )
        _add(found, branch.network.layers.values(), name)
        calls += branch.network.calls
        inputs += branch.network.inputs
        ends += branch.network.outputs
    here: object = ends
    _add(found, layers, name)
    for layer in layers:
        calls.append(Call(layer.name, (here,)))
        here = TensorRef(layer.name)
    return Network(name, found, tuple(calls), tuple(inputs), (TensorRef(layers[-1].name),))


def _add(found: dict[str, Layer], layers: Iterable[Layer], model: str) -> None:
    for layer in layers:
        if layer.name in found:
            raise CorruptModelError(
                f"model {quoted(model)} has two layers of one name", layer=layer.name
            )
        found[layer.name] = layer
