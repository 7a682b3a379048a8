"""The forms that ``convert`` writes: which one a target names, and the files of each.

To add a form, write a function that gives its files and add its row to ``TARGETS``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from keramos.artifact.containers.saved_model_files import SAVED_CONTENT, SAVED_MODEL
from keramos.artifact.content.document import encode
from keramos.artifact.sources import ModelSource
from keramos.artifact.write import WRITERS
from keramos.compile.emit import compile_network
from keramos.compile.keras_calls import as_keras_calls
from keramos.errors import UnsupportedModelError, UsageError
from keramos.platform.atomic_write import check_target, write_atomically
from keramos.platform.write_folder import check_folder, write_folder
from keramos.types.network import Network

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from keramos.types.artifact import Artifact
    from keramos.types.limits import Limits

Files = Mapping[str, bytes]
"""The files of a form by their relative paths, the one that is named first."""


class Target(NamedTuple):
    """One form that is written; a row of ``TARGETS``.

    ``word`` chooses it with ``--to``, ``suffixes`` and ``name`` are those of targets that mean it;
    "" as a suffix is a path without one. ``main`` is the file that a folder is known by, ``own``
    are the names in such a folder that a new one replaces. ``files`` gives what is written.
    """

    word: str
    title: str
    files: Callable[[Artifact, Limits], Files]
    suffixes: tuple[str, ...] = ()
    main: str = ""
    own: tuple[str, ...] = ()


def _keras(suffix: str) -> Callable[[Artifact, Limits], Files]:
    def files(artifact: Artifact, limits: Limits) -> Files:
        network = as_keras_calls(artifact.network, limits)
        return {"": WRITERS[suffix](network, artifact.content, None)}

    return files


def _onnx(artifact: Artifact, limits: Limits) -> Files:
    compiled = compile_network(artifact.network, runtime_checks=False, limits=limits)
    if compiled.steps:
        kinds = ", ".join(sorted({step.kind for step in compiled.steps}))
        raise UnsupportedModelError(
            f"the model needs {kinds} before its graph, which ONNX cannot express",
            remedy="Write a .keras or .h5 file",
        )
    return {"": compiled.onnx}


def _tfjs(artifact: Artifact, limits: Limits) -> Files:
    # Most conversions write no TensorFlow.js.
    from keramos.artifact.write_tfjs import tfjs_files  # noqa: PLC0415 (start-up time)
    from keramos.compile.last_axes import with_last_axes  # noqa: PLC0415 (start-up time)

    return tfjs_files(with_last_axes(artifact.network, limits), artifact.content)


def _saved_model(artifact: Artifact, limits: Limits) -> Files:
    # Most conversions write no SavedModel.
    from keramos.compile.saved_model.meta_graph import saved_model  # noqa: PLC0415 (start-up time)

    data = saved_model(artifact.network, limits)
    if artifact.content is None:
        return {SAVED_MODEL: data}
    # The graph holds the weights, so the digest of its bytes covers them.
    nothing = Network("", {}, (), (), ())
    return {SAVED_MODEL: data, SAVED_CONTENT: encode(artifact.content, nothing, data)}


def _tflite(artifact: Artifact, limits: Limits) -> Files:
    # Most conversions write no TensorFlow Lite.
    from keramos.compile.tflite.model import tflite  # noqa: PLC0415 (start-up time)

    return {"": tflite(artifact.network, limits)}


_TFJS = ("model.json", "group*-shard*of*")
_SAVED_MODEL = (
    SAVED_MODEL, "variables", "assets", "assets.extra", "fingerprint.pb", "keras_metadata.pb"
)  # fmt: skip

TARGETS = (
    Target("keras", ".keras file", _keras(".keras"), (".keras",)),
    Target("h5", "HDF5 file", _keras(".h5"), (".h5", ".hdf5")),
    Target("onnx", "ONNX file", _onnx, (".onnx",)),
    Target("tflite", "TensorFlow Lite file", _tflite, (".tflite",)),
    Target("tfjs", "TensorFlow.js layers model", _tfjs, main="model.json", own=_TFJS),
    Target("saved_model", "SavedModel folder", _saved_model, ("",), SAVED_MODEL, _SAVED_MODEL),
)
"""The first that a target means is written."""


def target_of(path: Path, to: str | None) -> Target:
    """The form that a path names, or the word of one.

    Raises:
        UsageError: it names none.
    """
    if to is not None:
        _check_suffix(path, to)
    for target in TARGETS:
        if to == target.word or (to is None and _means(path, target)):
            return target
    suffixes = [suffix for target in TARGETS for suffix in target.suffixes if suffix]
    raise UsageError(
        f"the extension must be {', '.join(suffixes)}; a folder without one becomes a SavedModel "
        "and model.json a model of TensorFlow.js",
        received=f"'{path.suffix}'" if to is None else to,
        file=str(path),
    )


def _check_suffix(path: Path, to: str) -> None:
    """Refuse a name that means another form than ``to``."""
    for target in TARGETS:
        if path.suffix and path.suffix.lower() in target.suffixes and to != target.word:
            raise UsageError(
                f"the extension means the form {target.word}",
                received=to,
                file=str(path),
                remedy="Name another file, or leave out to= (--to)",
            )


def _means(path: Path, target: Target) -> bool:
    if path.name == target.main:
        return True
    return path.suffix.lower() in target.suffixes or (path.name.isdigit() and "" in target.suffixes)


class Written(NamedTuple):
    """The files of a form, and where they belong."""

    path: Path
    target: Target
    files: Files

    @property
    def is_folder(self) -> bool:
        """Whether the path is a folder of these files."""
        return bool(self.target.main) and self.path.name != self.target.main

    def source(self) -> ModelSource:
        """The files as a reader takes them."""
        return ModelSource(str(self.path), _by_name(self), folder=self.is_folder)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(map(len, self.files.values()))

    def save(self) -> None:
        """Put the files in their place, those that others name first.

        Raises:
            SaveError: they could not be written.
        """
        if self.is_folder:
            write_folder(self.path, self.files)
            return
        for name, data in reversed(_by_name(self).items()):
            write_atomically(self.path.with_name(name), data)


def _by_name(written: Written) -> dict[str, bytes]:
    return {name or written.path.name: data for name, data in written.files.items()}


def check(path: Path, target: Target) -> None:
    """Find out before long work whether the form could be written.

    Raises:
        SaveError: it could not, or files of others would be lost.
    """
    if target.main and path.name != target.main:
        check_folder(path, target.own)
    else:
        check_target(path)
