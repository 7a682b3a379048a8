"""The forms in which models are saved: which one a source has, by its bytes and never by its name.

To add a form, write a module with ``recognise`` and ``open`` and add its row to ``FORMS``.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from keramos.artifact.containers.container import Form, Head
from keramos.artifact.containers.folder_forms import (
    index_companions,
    is_checkpoint_folder,
    is_index,
    is_npz,
    is_packed,
    is_safetensors,
    is_saved_model,
    is_sharded,
    is_tfjs,
    is_tfjs_folder,
    is_tflite,
    open_checkpoint_folder,
    open_index,
    open_its_graph,
    open_npz,
    open_safetensors,
    open_saved_model,
    open_sharded,
    open_tfjs,
    open_tflite,
    sharded_companions,
    tfjs_companions,
)
from keramos.artifact.containers.hdf5_container import is_hdf5, open_hdf5
from keramos.artifact.containers.hdf5_extent import superblock_at
from keramos.artifact.containers.magic_bytes import ZIP, is_text, unknown_form
from keramos.artifact.containers.saved_model_files import METADATA
from keramos.artifact.files import entry_names, not_a_file, read_bytes, read_files, read_folder
from keramos.artifact.sources import ModelSource
from keramos.errors import ModelError, UnsafeModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.artifact.containers.container import Container
    from keramos.artifact.limits import Limits


def is_archive(head: Head) -> bool:
    """Whether a zip archive begins the file, or stands behind bytes that nothing else explains."""
    if head.data.startswith(ZIP):
        return True
    return ZIP in head.data and superblock_at(head.data) is None and not is_text(head.data)


def _open_archive(source: ModelSource, limits: Limits) -> Container:
    """Open a ``.keras`` archive."""
    from keramos.artifact.containers.keras_archive import open_archive  # noqa: PLC0415 (start-up time)

    return open_archive(source, limits)


def is_json(head: Head) -> bool:
    """Whether the file begins as a JSON object, or as the text of one."""
    return is_text(head.data)


def _open_json(source: ModelSource, limits: Limits) -> Container:
    """Open an architecture."""
    from keramos.artifact.containers.json_config import open_json  # noqa: PLC0415 (start-up time)

    return open_json(source, limits)


def _open_packed(source: ModelSource, limits: Limits) -> Container:
    """Open what lies in an archive."""
    from keramos.artifact.containers.packed_folder import unpacked  # noqa: PLC0415 (start-up time)

    inner = unpacked(source, limits)
    form = form_of(inner)
    if form.kind == _PACKED:
        raise UnsafeModelError("the archive holds an archive", file=source.path)
    return form.open(inner, limits)


_PACKED = "packed"
FORMS: tuple[Form, ...] = (
    Form("tflite", "TensorFlow Lite model", is_tflite, open_tflite),
    Form("npz", "NumPy arrays (.npz)", is_npz, open_npz),
    Form(
        _PACKED,
        "archive of a model's files",
        is_packed,
        _open_packed,
        suffixes=(".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz"),
        stored_as="model.zip",
    ),
    Form(
        "zip",
        "zip archive (.keras)",
        is_archive,
        _open_archive,
        suffix=".keras",
        suffixes=(".keras",),
        stored_as="model.keras",
    ),
    Form(
        "hdf5",
        "HDF5 (.h5)",
        is_hdf5,
        open_hdf5,
        suffix=".h5",
        suffixes=(".h5", ".hdf5"),
        stored_as="model.h5",
    ),
    Form(
        "saved_model",
        "SavedModel folder",
        is_saved_model,
        open_saved_model,
        stored_as="model",
        open_graph=open_its_graph,
    ),
    Form(
        "tfjs_folder",
        "TensorFlow.js folder",
        is_tfjs_folder,
        open_tfjs,
        stored_as="model.tfjs",
    ),
    Form(
        "tfjs",
        "TensorFlow.js model",
        is_tfjs,
        open_tfjs,
        companions=tfjs_companions,
        beside=(METADATA,),
    ),
    Form(
        "checkpoint_folder",
        "folder of TensorFlow checkpoints",
        is_checkpoint_folder,
        open_checkpoint_folder,
        stored_as="model.checkpoint",
    ),
    Form("checkpoint", "TensorFlow checkpoint", is_index, open_index, companions=index_companions),
    Form(
        "sharded_weights",
        "Keras weights in shards",
        is_sharded,
        open_sharded,
        companions=sharded_companions,
    ),
    Form("safetensors", "safetensors", is_safetensors, open_safetensors),
    Form("json", "JSON", is_json, _open_json),
)
"""Tried in this order; the first that recognises a source opens it."""


_SAVED_MODEL = "saved_model.pb"
_OF_FOLDERS = (_SAVED_MODEL, "model.json")


def form_of(source: ModelSource) -> Form:
    """The form of a source.

    Raises:
        ModelError: no form recognises it.
    """
    if source.folder:
        return _recognised(Head(source.path, b"", 0, source.entries()))
    return _recognised(Head(source.path, source.main, len(source.main)))


def is_part(source: ModelSource) -> bool:
    """Whether it is one of several files that make a model."""
    head = Head(source.path, source.main, len(source.main))
    return any(form.companions is not None and form.recognise(head) for form in FORMS)


def _recognised(head: Head) -> Form:
    for form in FORMS:
        if form.recognise(head):
            return form
    if head.names is not None:
        raise not_a_file(head.path)
    raise unknown_form(head.data, head.size, head.path)


def any_source(path: str, limits: Limits) -> ModelSource:
    """The bytes of a file or of a folder's files, whatever they are.

    Raises:
        ModelError: they cannot be read, or exceed the limits.
    """
    if os.path.isdir(path):  # noqa: PTH112 (one call on the path of every load)
        return ModelSource(path, read_folder(path, limits), folder=True)
    return ModelSource.of_file(path, read_bytes(path, limits))


def model_source(path: str, limits: Limits) -> ModelSource:
    """The bytes of a model; what no form recognises is refused unread.

    Raises:
        ModelError: there is no such file or folder, or it is no model.
    """
    path = entrance(path)
    if os.path.isdir(path):  # noqa: PTH112
        _recognised(Head(path, b"", 0, entry_names(path, limits)))
        return ModelSource(path, read_folder(path, limits), folder=True)
    data = read_bytes(path, limits, lambda head, size: _recognised(Head(path, head, size)))
    source = ModelSource.of_file(path, data)
    companions = form_of(source).companions
    if companions is None:
        return source
    folder = os.path.dirname(path)  # noqa: PTH120 (one call on the path of every load)
    names = [*companions(source, limits), *_there(folder, form_of(source).beside)]
    beside = read_files(folder, list(dict.fromkeys(names)), limits, len(data))
    return ModelSource(path, {**source.parts, **beside})


def _there(folder: str, names: Sequence[str]) -> list[str]:
    """Those names that files in a folder have."""
    return [name for name in names if os.path.isfile(os.path.join(folder, name))]  # noqa: PTH113, PTH118


def entrance(path: str) -> str:
    """The path itself, the folder of a ``saved_model.pb``, or the index of a checkpoint that is
    named without its extension.
    """
    folder, name = os.path.split(path)
    if name == _SAVED_MODEL:
        return folder or "."
    index = f"{path}.index"
    return path if os.path.lexists(path) or not os.path.isfile(index) else index  # noqa: PTH113


def is_model_folder(path: str) -> bool:
    """Whether a folder is one model in a known form."""
    try:
        return lists_model(entry_names(path))
    except ModelError:
        return False


def lists_model(names: Sequence[str]) -> bool:
    """Whether a folder in which these names stand, folders with a slash behind, is one model."""
    head = Head("", b"", 0, names)
    return any(form.recognise(head) for form in FORMS)


def folder_meant(path: str) -> str:
    """The folder of a ``saved_model.pb``, or of a ``model.json`` whose folder is a model; another
    path as it is.
    """
    folder, name = os.path.split(path)
    if name not in _OF_FOLDERS or not os.path.isfile(path):  # noqa: PTH113
        return path
    return (folder or ".") if is_model_folder(folder or ".") else path


def suffixes() -> tuple[str, ...]:
    """Extensions under which a server finds models."""
    return tuple(suffix for form in FORMS for suffix in form.suffixes)


def stored_names() -> tuple[str, ...]:
    """What models are called in the folders of a store."""
    return tuple(form.stored_as for form in FORMS if form.stored_as)
