"""Weights that say by the begin of their names which layer owns them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.artifact.containers.container import LeafWeights
from keramos.errors import MismatchError
from keramos.keras_layers.registry import spec_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from keramos.types.network import Layer, Network

    Path = tuple[str, ...]


def leaves_of(network: Network, names: Mapping[str, str]) -> dict[Path, LeafWeights]:
    """The weights of each layer; ``names`` maps the paths of all weights to their names, in order.

    The longest name of a layer that a weight's name begins with owns it; names of the models around
    a layer may stand before it. Weights of equal names belong to layers in the order of the layers'
    top names, in which converters write them.

    Raises:
        MismatchError: a weight's name begins with that of no layer.
    """
    leaves = dict(layers_below(network, ()))
    owners = _owners(leaves, network.name)
    found: dict[Path, list[tuple[str, str]]] = {path: [] for path in leaves}
    seen: dict[str, int] = {}
    bare: list[tuple[str, str]] = []
    for path, name in names.items():
        candidates = _candidates(owners, name)
        if not candidates:
            bare.append((path, name))
            continue
        number = seen.get(name, 0)
        seen[name] = number + 1
        found[candidates[min(number, len(candidates) - 1)]].append((path, name))
    _give_bare(leaves, found, bare)
    return {path: LeafWeights(tuple(weights)) for path, weights in found.items()}


def layers_below(network: Network, path: Path) -> Iterator[tuple[Path, Layer]]:
    """Every layer that holds no model, by the names on the way to it; inputs are left out."""
    for name, layer in network.layers.items():
        if layer.network is not None:
            yield from layers_below(layer.network, (*path, name))
        elif layer.kind != "InputLayer":
            yield (*path, name), layer


def _owners(leaves: Mapping[Path, Layer], model: str) -> dict[str, list[Path]]:
    """Begin of a name -> the layers that it may mean: those whose whole path it is, else others."""
    owners: dict[str, list[Path]] = {}
    ordered = sorted(leaves, key=lambda path: path[0])
    for path in ordered:
        for whole in (path, (model, *path)):
            owners.setdefault("/".join(whole), []).append(path)
    others: dict[str, list[Path]] = {}
    for path in ordered:
        for start in range(1, len(path)):
            others.setdefault("/".join(path[start:]), []).append(path)
        for name in _inner_names(leaves[path]):
            others.setdefault(name, []).append(path)
    return {**others, **owners}


def _inner_names(layer: Layer) -> Iterator[str]:
    """Names of the layers that a layer wraps, which may stand without that of the wrapper."""
    for part in layer.inner:
        yield part.name
        yield from _inner_names(part)
        if part.network is not None:
            yield from (path[-1] for path, _ in layers_below(part.network, ()))


def _candidates(owners: Mapping[str, list[Path]], name: str) -> list[Path]:
    begin = name.rpartition("/")[0]
    while begin:
        if begin in owners:
            return owners[begin]
        begin = begin.rpartition("/")[0]
    return []


def _give_bare(
    leaves: Mapping[Path, Layer],
    found: Mapping[Path, list[tuple[str, str]]],
    bare: list[tuple[str, str]],
) -> None:
    """Give weights that are named for their role alone to the layers that lack them, in order."""
    left = list(bare)
    for path in sorted(leaves, key=lambda path: path[0]):
        spec = spec_of(leaves[path].kind)
        roles = [weight.name for weight in spec.weights_of(leaves[path].config)] if spec else []
        if roles and not found[path] and [name for _, name in left[: len(roles)]] == roles:
            found[path].extend(left[: len(roles)])
            del left[: len(roles)]
    if left:
        raise MismatchError(
            "no layer of the config has the name that these weights begin with",
            received=", ".join(name for _, name in left[:3])[:200],
        )
