"""A model file's container, opened as data: where its config, its weights and its content lie."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from keramos.artifact.containers.extent import check_extent, superblock_at, zip_ends_with
from keramos.artifact.containers.magic_bytes import kind_of
from keramos.artifact.files import read_bytes
from keramos.artifact.hdf5 import Hdf5
from keramos.artifact.strict_json import parse_json
from keramos.errors import CorruptModelError, ForeignCodeError, LimitExceededError, UnsafeModelError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Literal

    from keramos.artifact.containers.archive import Archive
    from keramos.artifact.limits import Limits
    from keramos.errors import ModelError

H5_CONTENT = "keramos/content"
ZIP_CONTENT = "keramos/content.json"
_CONFIG, _WEIGHTS, _ASSETS = "config.json", "model.weights.h5", "assets/"
_ZIP = b"PK\x03\x04"
_HEAD = 1 << 14


@dataclass(frozen=True, slots=True, eq=False)
class Container:
    """What a file holds; ``config`` and ``weights`` are None where it has none.

    ``training`` is the configuration of training where it is a text of its own; it is looked at,
    never used.
    """

    kind: Literal["hdf5", "zip", "json"]
    config: bytes | None
    weights: Hdf5 | None = None
    keras_version: str = ""
    backend: str = ""
    assets: Mapping[str, bytes] = field(default_factory=dict)
    training: bytes | None = None
    content: bytes | None = None


def model_bytes(source: str, limits: Limits) -> bytes:
    """The bytes of a model file; what is none is refused by its first bytes, unread.

    Raises:
        ModelError: there is no such file, or it is no model file.
    """
    return read_bytes(source, limits, lambda head, size: _check_head(head, size, source))


def _check_head(head: bytes, size: int, source: str) -> None:
    """Refuse what no reader here would read, before its bytes are in memory."""
    at = superblock_at(head)
    if head.startswith(_ZIP) or at is None:
        if not head.startswith(_ZIP) and not _is_text(head) and _ZIP not in head:
            raise _no_model(head, size, source)
        return
    check_extent(head, at, size, source)


def _is_text(head: bytes) -> bool:
    return head.lstrip()[:1] in {b"{", b'"'}


def _no_model(head: bytes, size: int, source: str) -> ModelError:
    name, program = kind_of(head)
    what = f"it is {name}" if name else f"it begins with {head[:8]!r}"
    message = (
        f"{source} is neither HDF5 nor a .keras archive: it has {size:,} bytes, and {what}. It "
        "was not read any "
        "further. Save the model with model.save('name.h5') or model.save('name.keras')"
    )
    return ForeignCodeError(message) if program else CorruptModelError(message)


def open_container(data: bytes, source: str, limits: Limits) -> Container:
    """Open a file by what it is, whatever its name says.

    Raises:
        ModelError: it is no model file, a damaged one, or two files in one.
    """
    at = superblock_at(data)
    ends_as_zip = zip_ends_with(data)
    # An archive comes first: the HDF5 file stored inside may begin where a user block of its own
    # would end.
    if data.startswith(_ZIP):
        if at is not None and not ends_as_zip:
            raise _two_files(source)
        return _open_zip(data, source, limits, at)
    if at is not None:
        if ends_as_zip:
            raise _two_files(source)
        check_extent(data, at, len(data), source)
        return _open_hdf5(data, source, limits)
    if ends_as_zip and _ZIP in data:
        raise UnsafeModelError(
            f"{source} is a zip archive behind {data.index(_ZIP):,} other bytes "
            f"({data[:8]!r}...), so tools disagree "
            "on its content. Save the model again"
        )
    if _is_text(data):
        found = parse_json(data, source, limits)
        return Container(
            "json",
            data,
            None,
            str(found.get("keras_version") or ""),
            str(found.get("backend") or ""),
        )
    raise _no_model(data[:_HEAD], len(data), source)


def _two_files(source: str) -> UnsafeModelError:
    return UnsafeModelError(
        f"{source} is both an HDF5 file and a zip archive, so tools disagree on its content. "
        "Save the model again"
    )


def _open_hdf5(data: bytes, source: str, limits: Limits) -> Container:
    file = Hdf5(data, source, limits)
    config = file.text("", "model_config")
    training = file.text("", "training_config")
    return Container(
        "hdf5",
        None if config is None else config.encode(),
        file,
        file.text("", "keras_version") or "",
        file.text("", "backend") or "",
        training=None if training is None else training.encode(),
        content=_content(file, source, limits) if "content" in file.names("keramos") else None,
    )


def _content(file: Hdf5, source: str, limits: Limits) -> bytes:
    """What keramos stored in an HDF5 file: one row of bytes."""
    shape = file.shape(H5_CONTENT)
    if len(shape) != 1 or shape[0] > limits.content_bytes:
        raise LimitExceededError(
            f"{source}: {H5_CONTENT} has shape {shape}, the limit is one row of "
            f"{limits.content_bytes:,} bytes "
            "(content_bytes)"
        )
    found = file.array(H5_CONTENT)
    if found.dtype.name != "uint8":
        raise CorruptModelError(f"{source}: {H5_CONTENT} has type {found.dtype}; bytes are needed")
    return found.tobytes()


def _open_zip(data: bytes, source: str, limits: Limits, superblock: int | None) -> Container:
    # The reader of archives costs some milliseconds; most files are HDF5 and never need it.
    archive: Archive = importlib.import_module("keramos.artifact.containers.archive").Archive(
        data, source, limits
    )
    names = archive.names()
    config = archive.read(_CONFIG, limits.config_bytes, limits.ratio)
    _check_entries(names, source)
    begin, end = archive.span(_WEIGHTS)
    if superblock is not None and not begin <= superblock < end:
        raise _two_files(source)
    weights = cast("bytes", archive.read(_WEIGHTS, limits.weight_bytes, limits.weight_ratio))
    inner = f"{source}, {_WEIGHTS}"
    at = superblock_at(weights)
    if at is None:
        raise _no_model(weights[:_HEAD], len(weights), inner)
    check_extent(weights, at, len(weights), inner)
    metadata = archive.read("metadata.json", limits.config_bytes, limits.ratio)
    room = limits.config_bytes
    assets: dict[str, bytes] = {}
    for name in names:
        if name.startswith(_ASSETS) and not name.endswith("/"):
            assets[name] = cast("bytes", archive.read(name, room, limits.ratio))
            room -= len(assets[name])
    return Container(
        "zip",
        config,
        Hdf5(weights, inner, limits),
        _version(metadata, f"{source}, metadata.json", limits),
        assets=assets,
        content=archive.read(ZIP_CONTENT, limits.content_bytes, limits.ratio),
    )


def _check_entries(names: Collection[str], source: str) -> None:
    """A .keras file has a config and HDF5 weights."""
    if any(name.endswith("/data.pkl") or name == "data.pkl" for name in names):
        raise ForeignCodeError(
            f"{source} is a PyTorch file: a zip archive around a Python pickle. It was not read"
        )
    if _WEIGHTS not in names and "model.weights.npz" in names:
        raise ForeignCodeError(
            f"{source} keeps its weights in model.weights.npz, where NumPy may keep pickles; "
            f"only {_WEIGHTS} is read. "
            "Save the model again with h5py installed"
        )
    lacking = [name for name in (_CONFIG, _WEIGHTS) if name not in names]
    if lacking:
        raise CorruptModelError(
            f"{source} is a zip archive without {lacking[0]}; a .keras file has one"
        )


def _version(metadata: bytes | None, where: str, limits: Limits) -> str:
    if metadata is None:
        return ""
    found = parse_json(metadata, where, limits).get("keras_version") or ""
    if not isinstance(found, str):
        raise CorruptModelError(f"{where}: keras_version is {str(found)[:40]}; text is needed")
    return found
