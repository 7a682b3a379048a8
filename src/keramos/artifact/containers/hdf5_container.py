"""HDF5 files: a whole model in Keras' legacy layout, or weights alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.artifact.containers.container import Container
from keramos.artifact.containers.hdf5_extent import check_extent, superblock_at
from keramos.artifact.containers.hdf5_weights import Hdf5Weights
from keramos.artifact.containers.magic_bytes import ZIP, two_files, unknown_form, zip_ends_with
from keramos.artifact.hdf5 import Hdf5
from keramos.artifact.places import HDF5_CONTENT
from keramos.errors import CorruptModelError, LimitExceededError

if TYPE_CHECKING:
    from keramos.artifact.containers.container import Head
    from keramos.artifact.limits import Limits
    from keramos.artifact.sources import ModelSource


def is_hdf5(head: Head) -> bool:
    """Whether a superblock begins the file or follows a user block.

    Raises:
        CorruptModelError: the file is cut, or its writer did not close it.
        UnsafeModelError: the file goes on behind its own end.
    """
    at = superblock_at(head.data)
    # An archive comes first: the HDF5 file stored inside may begin where a user block would end.
    if at is None or head.data.startswith(ZIP):
        return False
    check_extent(head.data, at, head.size, head.path)
    return True


def open_hdf5(source: ModelSource, limits: Limits) -> Container:
    """Open an HDF5 file.

    Raises:
        ModelError: the file is damaged, or is a zip archive too.
    """
    if zip_ends_with(source.main):
        raise two_files(source.path)
    file = Hdf5(source.main, source.path, limits)
    config = file.text("", "model_config")
    training = file.text("", "training_config")
    has_content = "content" in file.names("keramos")
    return Container(
        None if config is None else config.encode(),
        Hdf5Weights(file),
        file.text("", "keras_version") or "",
        file.text("", "backend") or "",
        training=None if training is None else training.encode(),
        content=_content(file, source.path, limits) if has_content else None,
        tensors=file.tensors,
    )


def hdf5_weights(data: bytes, name: str, limits: Limits) -> Hdf5Weights:
    """The weights in the bytes of one file of several.

    Raises:
        ModelError: it is not an HDF5 file, or is damaged.
    """
    at = superblock_at(data)
    if at is None:
        raise unknown_form(data, len(data), name)
    check_extent(data, at, len(data), name)
    return Hdf5Weights(Hdf5(data, name, limits, member=name))


def _content(file: Hdf5, source: str, limits: Limits) -> bytes:
    """What keramos stored in an HDF5 file: one row of bytes."""
    shape = file.shape(HDF5_CONTENT)
    if len(shape) != 1 or shape[0] > limits.content_bytes:
        raise LimitExceededError(
            f"the keramos content has more than one row of {limits.content_bytes:,} bytes, the "
            "limit (content_bytes)",
            received=f"shape {shape}",
            file=source,
            path=HDF5_CONTENT,
        )
    found = file.array(HDF5_CONTENT)
    if found.dtype.name != "uint8":
        raise CorruptModelError(
            "the keramos content is not bytes",
            received=f"type {found.dtype}",
            file=source,
            path=HDF5_CONTENT,
        )
    return found.tobytes()
