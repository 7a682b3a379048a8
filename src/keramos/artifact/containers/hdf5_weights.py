"""The weights in an HDF5 file: by layer groups (legacy) or by paths (Keras 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.artifact.containers.container import LayerGroups
from keramos.errors import MismatchError, UnsafeModelError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from keramos.artifact.hdf5 import Hdf5
    from keramos.types.stored import StoredTensor

_ROOT = "model_weights"
_OWN = "top_level_model_weights"  # of models of their authors' own classes
_STATES = frozenset({"optimizer", "metrics"})
_NOT_FOR_ANSWERS = (
    "StateVar",
    "seed_generator_state",
    "renorm_",
    "moving_stddev",
    "moving_mean_weight",
)
"""Parts of names of arrays that Keras saves with a layer though predictions never read them."""


class Hdf5Weights:
    """A ``WeightStore`` of one HDF5 file."""

    def __init__(self, file: Hdf5) -> None:
        self._file = file

    def groups(self) -> LayerGroups | None:
        """The groups below ``model_weights``, or at the top in a file of weights alone."""
        root = self._root()
        return None if root is None else LayerGroups(root, self._names(root))

    def _root(self) -> str | None:
        if _ROOT in self._file.names(""):
            return _ROOT
        return "" if self._file.text_list("", "layer_names") else None

    def _names(self, root: str) -> dict[str, list[str]]:
        """Names of the arrays of each group that has any."""
        found: dict[str, list[str]] = {}
        for group in _inside(self._file.text_list(root, "layer_names"), root):
            where = f"{root}/{group}"
            listed = _inside(self._file.text_list(where, "weight_names"), where)
            if len(set(listed)) != len(listed):
                raise MismatchError(
                    "the group lists one of its weights twice",
                    received=", ".join(listed)[:200],
                    path=where,
                )
            if group in found:
                raise MismatchError(
                    "the list of layers names one layer twice",
                    path=root or "/",
                    layer=group,
                )
            if names := [name for name in listed if is_for_answers(name)]:
                found[group] = names
        return found

    def unlisted(self) -> str | None:
        """A group of a whole model that stands in no list; files of weights alone are not
        checked.
        """
        root = self._root()
        if not root:
            return None
        named = {name.partition("/")[0] for name in self._file.text_list(root, "layer_names")}
        for name in self._file.names(root):
            path = f"{root}/{name}"
            holds = not self._file.is_group(path) or self._file.names(path)
            if name not in named and name != _OWN and holds:
                return path
        return None

    def paths(self) -> list[str]:
        """Paths of all datasets but those of optimizers and metrics."""
        return self._file.datasets(_STATES)

    def tensors(self) -> tuple[StoredTensor, ...]:
        """Every dataset of the file as it is stated, those of optimizers too."""
        return self._file.tensors()

    def shape(self, path: str) -> tuple[int, ...]:
        """The shape that a dataset states."""
        return self._file.shape(path)

    def array(self, path: str) -> NDArray[np.generic]:
        """A dataset."""
        return self._file.array(path)

    def owner(self, path: str) -> object:
        """The attribute ``name`` of the group that holds a dataset."""
        return self._file.attribute(path.rpartition("/")[0], "name")

    def recorded(self, name: str) -> str:
        """A text attribute of the root group."""
        return self._file.text(self._root() or "", name) or ""


def _inside(names: list[str], owner: str) -> list[str]:
    """The names, none of which leads out of the group that they are looked up in.

    Raises:
        UnsafeModelError: one does.
    """
    for name in names:
        if name.startswith("/") or not {".", ".."}.isdisjoint(name.split("/")):
            raise UnsafeModelError(
                "the list names a path that leads out of its group; the file was altered",
                received=repr(name),
                path=owner or "/",
                remedy="Save the model again",
            )
    return names


def is_for_answers(name: str) -> bool:
    """Whether predictions read a weight of this name."""
    return not any(part in name.rpartition("/")[2] for part in _NOT_FOR_ANSWERS)
