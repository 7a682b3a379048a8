"""A model file's container, opened as data: where its config, its weights and its content lie."""

from __future__ import annotations

import importlib
import os
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from keramos.artifact.hdf5 import Hdf5
from keramos.artifact.strict_json import parse_json
from keramos.errors import CorruptModelError, UnsafeModelError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    from keramos.artifact.archive import Archive
    from keramos.artifact.limits import Limits

H5_CONTENT = "keramos/content"
ZIP_CONTENT = "keramos/content.json"
_HDF5, _ZIP = b"\x89HDF\r\n\x1a\n", b"PK\x03\x04"
_USER_BLOCKS = (0, 512, 1024, 2048, 4096, 8192)
_ASSETS = "assets/"


@dataclass(frozen=True, slots=True, eq=False)
class Container:
    """What a file holds; ``config`` and ``weights`` are None where it has none."""

    kind: Literal["hdf5", "zip", "json"]
    config: bytes | None
    weights: Hdf5 | None = None
    keras_version: str = ""
    backend: str = ""
    assets: Mapping[str, bytes] = field(default_factory=dict)
    content: bytes | None = None


def read_bytes(source: str) -> bytes:
    """The whole file, if it is a regular one.

    Raises:
        CorruptModelError: there is none, or it cannot be opened.
        UnsafeModelError: it is a folder, a pipe or a device.
    """
    try:
        descriptor = os.open(source, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise CorruptModelError(f"{source} does not exist") from None
    except OSError as error:
        raise CorruptModelError(f"{source} cannot be opened: {error.strerror}") from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise UnsafeModelError(f"{source} is not a regular file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(descriptor)


def open_container(data: bytes, source: str, limits: Limits) -> Container:
    """Open a file by what it is, whatever its name says.

    Raises:
        ModelError: it is no model file, or a damaged one.
    """
    # An archive comes first: the HDF5 file stored inside may begin where a user block of its own would end.
    if data.startswith(_ZIP):
        return _open_zip(data, source, limits)
    if any(data.startswith(_HDF5, at) for at in _USER_BLOCKS):
        return _open_hdf5(data, source, limits)
    if data.lstrip()[:1] in {b"{", b'"'}:
        found = parse_json(data, source, limits)
        return Container("json", data, None, str(found.get("keras_version") or ""), str(found.get("backend") or ""))
    raise CorruptModelError(
        f"{source} is neither HDF5 nor a .keras archive: it has {len(data):,} bytes and begins with {data[:8]!r}. "
        "Save the model with model.save('name.h5') or model.save('name.keras')"
    )


def _open_hdf5(data: bytes, source: str, limits: Limits) -> Container:
    file = Hdf5(data, source, limits)
    config = file.text("", "model_config")
    return Container(
        "hdf5",
        None if config is None else config.encode(),
        file,
        file.text("", "keras_version") or "",
        file.text("", "backend") or "",
        content=file.array(H5_CONTENT).tobytes() if "content" in file.names("keramos") else None,
    )


def _open_zip(data: bytes, source: str, limits: Limits) -> Container:
    # zipfile costs a tenth of a cold start; most files are HDF5 and never need it.
    archive: Archive = importlib.import_module("keramos.artifact.archive").Archive(data, source, limits)
    config = archive.read("config.json", limits.config_bytes)
    weights = archive.read("model.weights.h5", limits.weight_bytes)
    if config is None or weights is None:
        lacking = "config.json" if config is None else "model.weights.h5"
        raise CorruptModelError(f"{source} is a zip archive without {lacking}; a .keras file has one")
    metadata = archive.read("metadata.json", limits.config_bytes)
    assets = {name: archive.read(name, limits.config_bytes) for name in archive.names() if name.startswith(_ASSETS)}
    return Container(
        "zip",
        config,
        Hdf5(weights, f"{source}, model.weights.h5", limits),
        str(parse_json(metadata, f"{source}, metadata.json", limits).get("keras_version", "")) if metadata else "",
        assets={name: found for name, found in assets.items() if found is not None},
        content=archive.read(ZIP_CONTENT, limits.content_bytes),
    )
