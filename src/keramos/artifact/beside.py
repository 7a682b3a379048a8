"""A model file as its writer left it, with content beside its network: config, weights and layout
stay, so that the Keras which wrote the file opens it as before.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from keramos.artifact.containers.table import form_of, model_source
from keramos.artifact.content.document import encode
from keramos.artifact.limits import LIMITS
from keramos.artifact.places import ARCHIVE_CONTENT as ZIP_CONTENT
from keramos.artifact.places import HDF5_CONTENT as H5_CONTENT
from keramos.artifact.read import read
from keramos.artifact.sources import ModelSource
from keramos.artifact.write import STAMP, h5py_module
from keramos.errors import SaveError
from keramos.platform.atomic_write import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.artifact.limits import Limits
    from keramos.types.artifact import Artifact, Content

_EXTENSIONS = {"hdf5": (".h5", ".hdf5"), "zip": (".keras",)}
"""Form of the source -> the extensions under which Keras opens it."""

_REMEDY = "Write the form of current Keras instead (upgrade=True, --upgrade)"


def can_stay(artifact: Artifact, path: Path) -> bool:
    """Whether a file of this name may hold the source as it is: its extension must be one of the
    form or that of the source (Keras 2.12 calls HDF5 .keras too), and the network that of its
    config.
    """
    info = artifact.info
    if info.weights_path or info.by == "graph" or info.container not in _EXTENSIONS:
        return False
    usual = (*_EXTENSIONS[info.container], Path(info.path).suffix.lower())
    return path.suffix.lower() in usual


def write_beside(path: Path, artifact: Artifact, content: Content, limits: Limits = LIMITS) -> None:
    """Write a copy of the source with ``content`` for its network.

    Raises:
        SaveError: the source changed since it was read, or does not take the content; or the file
            could not be written, and what was there before is untouched.
        MissingExtraError: h5py is not installed.
    """
    source = model_source(artifact.info.path, limits)
    if source.sha256 != artifact.info.sha256:
        raise SaveError("the source was changed while it was adopted", file=source.path)
    config = form_of(source).open(source, limits).config or b""
    document = encode(content, artifact.network, config)
    try:
        data = _INTO[artifact.info.container](source.main, document)
    except (OSError, RuntimeError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise SaveError(
            f"the source takes nothing beside its network: {str(error)[:200]}",
            file=source.path,
            remedy=_REMEDY,
        ) from None
    _check(path, data, limits)
    write_atomically(path, data)


def _check(path: Path, data: bytes, limits: Limits) -> None:
    """Refuse bytes that do not give the network and the content back."""
    copy = ModelSource.of_file(str(path), data)
    if read(path, limits=limits, source_of=lambda *_: copy).seal != "intact":
        raise SaveError("the copy of the source differs from it", file=str(path), remedy=_REMEDY)


def _into_hdf5(data: bytes, document: bytes) -> bytes:
    buffer = io.BytesIO(data)
    with h5py_module().File(buffer, "r+") as file:
        if H5_CONTENT in file:
            del file[H5_CONTENT]
        file.create_dataset(H5_CONTENT, data=np.frombuffer(document, "uint8"))
    return buffer.getvalue()


def _into_zip(data: bytes, document: bytes) -> bytes:
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as source,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as copy,
    ):
        for entry in source.infolist():
            if entry.filename != ZIP_CONTENT:
                copy.writestr(entry, source.read(entry))
        copy.writestr(zipfile.ZipInfo(ZIP_CONTENT, STAMP), document)
    return buffer.getvalue()


_INTO: dict[str, Callable[[bytes, bytes], bytes]] = {"hdf5": _into_hdf5, "zip": _into_zip}
