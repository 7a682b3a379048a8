"""Weights by the paths of their layers, as Keras 3 stores them; differences between releases are
normalised here.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from keramos.artifact.keras.keras3_paths import numbered
from keramos.errors import CorruptModelError
from keramos.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from keramos.artifact.containers.container import WeightStore
    from keramos.types.network import Layer

    Array = NDArray[np.generic]

_STATES = frozenset({"_lookup_layer", "loss_tracker", "metrics", "optimizer", "seed_generator"})
"""Folders of arrays that predictions never read, or that are found by a name of their own."""
_VOCABULARY = "vocabulary.txt"


class Weight(Frozen, frozen=True):
    """A weight of a store with its stated shape, before it is read."""

    name: str
    shape: tuple[int, ...]
    read: Callable[[], Array]


class Stored:
    """Arrays and vocabularies by the folder of their layer.

    Keras 2.12 and 2.13 call the folder of layers ``_layer_checkpoint_dependencies``, Keras on
    Windows joined folder names by backslashes, and attention layers hid their parts behind an
    underscore: all are read as today's names.
    """

    def __init__(self, store: WeightStore, assets: Mapping[str, bytes]) -> None:
        paths = store.paths()
        self._store = store
        self._unused = dict.fromkeys(paths)
        self._paths: dict[str, list[tuple[str, str]]] = {}
        self._children: dict[str, set[str]] = {}
        for path in paths:
            folder, _, name = _current(path).rpartition("/")
            self._paths.setdefault(folder, []).append((name, path))
            while folder:
                parent, _, child = folder.rpartition("/")
                self._children.setdefault(parent, set()).add(child)
                folder = parent
        self._assets = {_current(path): data for path, data in assets.items()}

    def weights(self, folder: str) -> list[Weight]:
        """The weights of the layer at a folder, in order."""
        found = sorted(
            self._paths.get(f"{_current(folder)}/vars", ()),
            key=lambda item: (len(item[0]), item[0]),
        )
        return [self._taken(path) for name, path in found if name.isdigit()]

    def _taken(self, path: str) -> Weight:
        self._unused.pop(path, None)
        return weight_at(self._store, path, path)

    def owner(self, folder: str) -> object:
        """The name of the layer that the weights at a folder say they belong to, where they do."""
        found = self._paths.get(f"{folder}/vars")
        return self._store.owner(found[0][1]) if found else None

    def unused(self) -> list[str]:
        """Paths of weights that no layer has taken, without states such as those of random
        generators.
        """
        return [path for path in self._unused if _is_weight(_current(path))]

    def holds(self, folder: str) -> bool:
        """Whether anything is stored at a folder or below it."""
        return folder in self._children or folder in self._paths

    def named(self, folder: str, name: str) -> Array | None:
        """A weight that is stored under a word instead of a number."""
        found = dict(self._paths.get(f"{folder}/vars", ()))
        return self._taken(found[name]).read() if name in found else None

    def vocabulary(self, folder: str) -> list[str] | None:
        """The words of a lookup layer, one a line, special tokens first.

        Raises:
            CorruptModelError: they are not UTF-8.
        """
        data = self._assets.get(f"assets/{folder}/{_VOCABULARY}")
        try:
            return None if data is None else data.decode("utf-8").split("\n")
        except UnicodeDecodeError:
            raise CorruptModelError(
                "the vocabulary is not UTF-8 text", path=f"assets/{folder}"
            ) from None

    def places(self, layers: Mapping[str, Layer], container: str) -> Iterator[tuple[str, Layer]]:
        """Folder and layer for the layers of one container.

        Folders are numbered by class, but Keras 2.12 and 2.13 counted a layer with weights twice,
        so numbers skip; where as many folders as layers of a class are there, their order decides.
        """
        there: dict[str, list[int]] = {}
        for child in self._children.get(container, ()):
            base, number = _split(child)
            there.setdefault(base, []).append(number)
        wanted: dict[str, int] = {}
        for name, _ in numbered(layers):
            wanted[_split(name)[0]] = wanted.get(_split(name)[0], 0) + 1
        for name, layer in numbered(layers):
            base, number = _split(name)
            found = sorted(there.get(base, ()))
            place = found[number] if len(found) == wanted[base] and number < len(found) else number
            yield (f"{container}/{base}_{place}" if place else f"{container}/{base}"), layer


def weight_at(store: WeightStore, path: str, name: str) -> Weight:
    """The weight at a path, unread."""
    return Weight(name, store.shape(path), partial(store.array, path))


def _is_weight(path: str) -> bool:
    parts = path.split("/")
    return (
        parts[0] == "layers"
        and parts[-2:-1] == ["vars"]
        and parts[-1].isdigit()
        and _STATES.isdisjoint(parts)
    )


def _split(name: str) -> tuple[str, int]:
    """``dense_2`` -> (``dense``, 2); a class whose own name ends in a number is told apart by its
    folder's order.
    """
    base, mark, number = name.rpartition("_")
    return (base, int(number)) if mark and number.isdecimal() else (name, 0)


def _current(path: str) -> str:
    parts = path.replace("\\", "/").replace("_layer_checkpoint_dependencies", "layers").split("/")
    return "/".join(
        part[1:] if part.startswith("_") and part.endswith("_dense") else part for part in parts
    )
