"""Weights of Keras 3 in several HDF5 files, and the JSON file that says which one holds which.

Source: ``ShardedH5IOStore`` of keras.src.saving.saving_lib.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from keramos.artifact.containers.container import Container
from keramos.artifact.containers.hdf5_container import hdf5_weights
from keramos.artifact.strict_json import parse_json
from keramos.errors import CorruptModelError, MismatchError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from keramos.artifact.containers.hdf5_weights import Hdf5Weights
    from keramos.artifact.limits import Limits
    from keramos.artifact.sources import ModelSource
    from keramos.types.stored import StoredTensor

_WHERE = "weight_map"


class ShardedWeights:
    """A ``WeightStore`` of several files, each path being in one of them."""

    def __init__(self, shards: Mapping[str, Hdf5Weights], listed: Mapping[str, list[str]]) -> None:
        """``listed`` maps folders of weights to the names of their shards.

        Raises:
            MismatchError: a weight is in two shards, or in another one than listed.
        """
        self._owners: dict[str, Hdf5Weights] = {}
        self._shards = tuple(shards.values())
        for name, shard in shards.items():
            for path in shard.paths():
                folder = f"/{path.rpartition('/')[0]}"
                if path in self._owners or name not in listed.get(folder, ()):
                    raise MismatchError(
                        "a weight is in two shards, or in one that the list does not name for it",
                        received=name,
                        path=path,
                    )
                self._owners[path] = shard

    def groups(self) -> None:
        """None: Keras 3 finds weights by the paths of their layers."""

    def unlisted(self) -> str | None:
        """Nothing: all weights have a path."""
        return None

    def paths(self) -> list[str]:
        """The paths of the weights of all shards."""
        return list(self._owners)

    def shape(self, path: str) -> tuple[int, ...]:
        """The shape that the shard states."""
        return self._owners[path].shape(path)

    def array(self, path: str) -> NDArray[np.generic]:
        """The values of a weight."""
        return self._owners[path].array(path)

    def owner(self, path: str) -> object:
        """The name of the layer that the shard says the weight belongs to."""
        return self._owners[path].owner(path)

    def tensors(self) -> tuple[StoredTensor, ...]:
        """Every dataset of all shards, those of optimizers too."""
        return tuple(one for shard in self._shards for one in shard.tensors())

    def recorded(self, name: str) -> str:
        """What the first shard records."""
        return self._shards[0].recorded(name)


def companions(source: ModelSource, limits: Limits) -> list[str]:
    """The names of the shards.

    Raises:
        CorruptModelError: the list is not one.
    """
    listed = _listed(source, limits)
    return list(dict.fromkeys(name for names in listed.values() for name in names))


def open_sharded(source: ModelSource, limits: Limits) -> Container:
    """Open all shards.

    Raises:
        ModelError: one is damaged, or they are not what the list says.
    """
    listed = _listed(source, limits)
    shards = {
        name: hdf5_weights(source.part(name), name, limits) for name in companions(source, limits)
    }
    if not shards:
        raise CorruptModelError("the list names no shards", path=_WHERE)
    weights = ShardedWeights(shards, listed)
    return Container(None, weights, tensors=weights.tensors)


def _listed(source: ModelSource, limits: Limits) -> dict[str, list[str]]:
    found = parse_json(source.main, _WHERE, limits).get(_WHERE)
    if not isinstance(found, dict):
        raise CorruptModelError("the file of shards has no weight_map", path=_WHERE)
    listed = {path: names if isinstance(names, list) else [names] for path, names in found.items()}
    for path, names in listed.items():
        if not all(isinstance(name, str) for name in names):
            raise CorruptModelError(
                "a shard is not named by a text", received=repr(names)[:80], path=path
            )
    return cast("dict[str, list[str]]", listed)
