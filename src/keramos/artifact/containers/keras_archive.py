"""``.keras`` archives: the version 3 format of Keras, a zip of config, weights and assets."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from keramos.artifact.containers.container import Container
from keramos.artifact.containers.hdf5_extent import check_extent, superblock_at
from keramos.artifact.containers.hdf5_weights import Hdf5Weights
from keramos.artifact.containers.magic_bytes import (
    ZIP,
    two_files,
    unknown_form,
    zip_ends_with,
)
from keramos.artifact.hdf5 import Hdf5
from keramos.artifact.places import ARCHIVE_CONTENT
from keramos.artifact.strict_json import parse_json
from keramos.errors import CorruptModelError, ForeignCodeError, UnsafeModelError, located

if TYPE_CHECKING:
    from collections.abc import Collection

    from keramos.artifact.containers.archive import Archive
    from keramos.artifact.limits import Limits
    from keramos.artifact.sources import ModelSource

_CONFIG, _WEIGHTS, _ASSETS = "config.json", "model.weights.h5", "assets/"


def open_archive(source: ModelSource, limits: Limits) -> Container:
    """Open a ``.keras`` archive.

    Raises:
        ModelError: it is damaged, lacks an entry, or is an HDF5 file too.
    """
    data = source.main
    _check_begin(data, source.path)
    # The reader of archives costs some milliseconds of start-up, which HDF5 files do not need.
    from keramos.artifact.containers.archive import Archive  # noqa: PLC0415 (start-up time)

    archive = Archive(data, source.path, limits)
    config = archive.read(_CONFIG, limits.config_bytes, limits.ratio)
    _check_entries(archive.names(), source.path)
    begin, end = archive.span(_WEIGHTS)
    superblock = superblock_at(data)
    if superblock is not None and not begin <= superblock < end:
        raise two_files(source.path)
    weights = _weights(archive, source.path, limits)
    metadata = archive.read("metadata.json", limits.config_bytes, limits.ratio)
    return Container(
        config,
        weights,
        _version(metadata, "metadata.json", limits),
        assets=_assets(archive, limits),
        content=archive.read(ARCHIVE_CONTENT, limits.content_bytes, limits.ratio),
        tensors=weights.tensors,
    )


def _check_begin(data: bytes, source: str) -> None:
    ends_as_zip = zip_ends_with(data)
    if data.startswith(ZIP):
        if superblock_at(data) is not None and not ends_as_zip:
            raise two_files(source)
        return
    if not ends_as_zip:
        raise unknown_form(data, len(data), source)
    raise zip_behind(data, source)


def zip_behind(data: bytes, source: str) -> UnsafeModelError:
    """The error about a zip archive that other bytes precede."""
    return UnsafeModelError(
        f"the file is a zip archive behind {data.index(ZIP):,} other bytes, so tools disagree on "
        "its content",
        received=f"{data[:8]!r}...",
        file=source,
        remedy="Save the model again",
    )


def _weights(archive: Archive, source: str, limits: Limits) -> Hdf5Weights:
    data = cast("bytes", archive.read(_WEIGHTS, limits.weight_bytes, limits.weight_ratio))
    with located(file=source, path=_WEIGHTS):
        at = superblock_at(data)
        if at is None:
            raise unknown_form(data, len(data), source)
        check_extent(data, at, len(data), source)
    return Hdf5Weights(Hdf5(data, source, limits, member=_WEIGHTS))


def _assets(archive: Archive, limits: Limits) -> dict[str, bytes]:
    """Files of layers, which together keep the limit of one config."""
    left = limits.config_bytes
    assets: dict[str, bytes] = {}
    for name in archive.names():
        if name.startswith(_ASSETS) and not name.endswith("/"):
            assets[name] = cast("bytes", archive.read(name, left, limits.ratio))
            left -= len(assets[name])
    return assets


def _check_entries(names: Collection[str], source: str) -> None:
    """A .keras file has a config and HDF5 weights."""
    if any(name.endswith("/data.pkl") or name == "data.pkl" for name in names):
        raise ForeignCodeError(
            "the file is a PyTorch file: a zip archive around a Python pickle. It was not read",
            file=source,
            remedy="Save the model with Keras",
        )
    if _WEIGHTS not in names and "model.weights.npz" in names:
        raise ForeignCodeError(
            "the archive keeps its weights in a file where NumPy may keep pickles; only "
            f"{_WEIGHTS} is read",
            file=source,
            path="model.weights.npz",
            remedy="Save the model again with h5py installed",
        )
    lacking = [name for name in (_CONFIG, _WEIGHTS) if name not in names]
    if lacking:
        raise CorruptModelError(
            f"the zip archive has no {lacking[0]}; a .keras file has one",
            file=source,
        )


def _version(metadata: bytes | None, where: str, limits: Limits) -> str:
    if metadata is None:
        return ""
    found = parse_json(metadata, where, limits).get("keras_version") or ""
    if not isinstance(found, str):
        raise CorruptModelError("keras_version is not text", received=str(found)[:40], path=where)
    return found
