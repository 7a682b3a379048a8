"""Which of some files are models, and which others are parts of them."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from keramos.artifact.containers.container import Head
from keramos.artifact.containers.folder_forms import is_tfjs, tfjs_companions
from keramos.artifact.containers.saved_model_files import SAVED_MODEL
from keramos.artifact.containers.table import suffixes
from keramos.artifact.files import read_bytes
from keramos.artifact.sources import ModelSource
from keramos.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from keramos.types.limits import Limits

WHOLE = (".h5", ".hdf5", ".keras")
"""Extensions of models that are one file; in folders, archives hold other things as often."""

_DESCRIBED = (".tflite",)
"""Extensions of models that say themselves, when they are opened, why they do not run."""
_CHECKPOINT = "checkpoint"
_OF_CHECKPOINTS = (".index", ".json", _CHECKPOINT)
_PARTS = ("keras_metadata.pb", "fingerprint.pb", "variables", "assets", "assets.extra")


def is_model_file(path: str, limits: Limits) -> bool:
    """Whether a file that a person names is a model."""
    lower = path.lower()
    return (
        lower.endswith((*suffixes(), SAVED_MODEL, *_DESCRIBED))
        or shards_of(path, limits) is not None
    )


def shards_of(path: str, limits: Limits) -> list[str] | None:
    """The shards of a model of TensorFlow.js as it lists them; None for any other file."""
    if not path.lower().endswith(".json"):
        return None
    try:
        data = read_bytes(path, limits)
        if not is_tfjs(Head(path, data, len(data))):
            return None
        return list(tfjs_companions(ModelSource.of_file(path, data), limits))
    except ModelError:
        return None


def models_below(
    folder: str, names: Sequence[str], limits: Limits
) -> Iterator[tuple[str, set[str]]]:
    """Path of each model among the files of a folder that is more than one file, and those of its
    files, as relative paths.
    """
    for name in names:
        at = PurePosixPath(name)
        if at.name == SAVED_MODEL:
            parts = {str(at), *(str(at.parent / part) for part in _PARTS)}
            inside = {one for one in names if not parts.isdisjoint(_ways(one))}
            yield f"{folder}/{at.parent}".removesuffix("/."), inside
        elif at.name == _CHECKPOINT and (inside := _checkpoints(at, names)):
            yield f"{folder}/{at.parent}".removesuffix("/."), inside
        elif (shards := shards_of(f"{folder}/{name}", limits)) is not None:
            yield f"{folder}/{name}", {name, *(str(at.parent / shard) for shard in shards)}


def _checkpoints(state: PurePosixPath, names: Sequence[str]) -> set[str]:
    """The files of a folder of checkpoints with the architecture in its only JSON file; none
    elsewhere.
    """
    there = {name for name in names if PurePosixPath(name).parent == state.parent}
    kinds = [name.rpartition(".")[2] for name in there]
    if kinds.count("json") != 1 or "index" not in kinds:
        return set()
    return {name for name in there if name.endswith(_OF_CHECKPOINTS) or ".data-" in name}


def _ways(name: str) -> list[str]:
    """A path and all folders above it."""
    return [name, *map(str, PurePosixPath(name).parents)]
