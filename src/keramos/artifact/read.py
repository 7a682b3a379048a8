"""A model file -> Artifact. Magic bytes decide what it is, never its name."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from keramos.artifact.archive import Archive
from keramos.artifact.bind import bind_flat, bind_places
from keramos.artifact.content import decode, seal_of
from keramos.artifact.dialects import keras3
from keramos.artifact.hdf5 import Hdf5
from keramos.artifact.limits import LIMITS
from keramos.errors import CorruptModelError, LimitExceededError, ModelError, UnsafeModelError, UnsupportedModelError
from keramos.types.artifact import Artifact, FileInfo

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from keramos.artifact.limits import Limits
    from keramos.types.network import Network

H5_CONTENT = "keramos/content"
ZIP_CONTENT = "keramos/content.json"
_HDF5, _ZIP = b"\x89HDF\r\n\x1a\n", b"PK\x03\x04"


@dataclass(frozen=True, slots=True, eq=False)
class _Opened:
    """A container opened as data: the config and a way to bind its weights."""

    container: str
    config: bytes
    keras_version: str
    backend: str
    bind: Callable[[Network], Network]
    content: bytes | None


def read(path: str | Path, *, limits: Limits = LIMITS) -> Artifact:
    """The model in a ``.h5``, ``.hdf5`` or ``.keras`` file as data.

    Raises:
        ModelError: one of its subclasses says why the file cannot be used, and where.
    """
    source = os.fspath(path)
    data = _bytes(source)
    try:
        opened = _open(data, source, limits)
        network = opened.bind(keras3.network(parse_json(opened.config, f"{source}, model config", limits)))
    except ModelError as error:
        raise error if str(error).startswith(source) else type(error)(f"{source}: {error}") from error.__cause__
    info = FileInfo(
        path=source,
        container="hdf5" if opened.container == "hdf5" else "zip",
        generation="keras3",
        keras_version=opened.keras_version,
        backend=opened.backend,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )
    if opened.content is None:
        return Artifact(network, info)
    document = decode(opened.content, source)
    seal, detail = seal_of(document, network, opened.config)
    return Artifact(network, info, document.content, seal, detail)


def _bytes(source: str) -> bytes:
    """The whole file, if it is a regular one."""
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


def _open(data: bytes, source: str, limits: Limits) -> _Opened:
    if data.startswith(_HDF5):
        return _open_hdf5(data, source, limits)
    if data.startswith(_ZIP):
        return _open_zip(data, source, limits)
    raise CorruptModelError(
        f"{source} is neither HDF5 nor a .keras archive: it has {len(data):,} bytes and begins with {data[:8]!r}. "
        "Save the model with model.save('name.h5') or model.save('name.keras')"
    )


def _open_hdf5(data: bytes, source: str, limits: Limits) -> _Opened:
    file = Hdf5(data, source, limits)
    config = file.text("", "model_config")
    if config is None:
        raise UnsupportedModelError(
            f"{source} has no model_config: it holds weights only. Save the whole model with model.save(...)"
        )
    content = file.array(H5_CONTENT).tobytes() if "content" in file.names("keramos") else None
    return _Opened(
        container="hdf5",
        config=config.encode(),
        keras_version=file.text("", "keras_version") or "",
        backend=file.text("", "backend") or "",
        bind=lambda network: _bind_groups(network, file, source),
        content=content,
    )


def _bind_groups(network: Network, file: Hdf5, source: str) -> Network:
    """Legacy layout: one group a layer; layers with weights are matched in order, as Keras does."""
    root = "model_weights"
    groups = [name for name in file.text_list(root, "layer_names") if file.text_list(f"{root}/{name}", "weight_names")]
    layers = dict(network.layers)
    for name in groups:
        if name not in layers:
            raise CorruptModelError(f"{source}: {root}/{name} holds weights of a layer that the config does not have")
    for name, layer in layers.items():
        weights = file.text_list(f"{root}/{name}", "weight_names") if name in groups else []
        arrays = [file.array(f"{root}/{name}/{weight}") for weight in weights]
        layers[name] = bind_flat(layer, arrays, f"{source}, {root}/{name}")
    return replace(network, layers=layers)


def _open_zip(data: bytes, source: str, limits: Limits) -> _Opened:
    archive = Archive(data, source, limits)
    config = archive.read("config.json", limits.config_bytes)
    weights = archive.read("model.weights.h5", limits.weight_bytes)
    if config is None or weights is None:
        lacking = "config.json" if config is None else "model.weights.h5"
        raise CorruptModelError(f"{source} is a zip archive without {lacking}; a .keras file has one")
    metadata = archive.read("metadata.json", limits.config_bytes)
    versions = parse_json(metadata, f"{source}, metadata.json", limits) if metadata else {}
    file = Hdf5(weights, f"{source}, model.weights.h5", limits)
    return _Opened(
        container="zip",
        config=config,
        keras_version=str(versions.get("keras_version", "")),
        backend="",
        bind=lambda network: bind_places(network, lambda folder: _arrays(file, folder)),
        content=archive.read(ZIP_CONTENT, limits.content_bytes),
    )


def _arrays(file: Hdf5, folder: str) -> tuple[NDArray[np.generic], ...]:
    names = file.names(f"{folder}/vars")
    return tuple(file.array(f"{folder}/vars/{name}") for name in sorted(names, key=lambda n: (len(n), n)))


def parse_json(data: bytes, where: str, limits: Limits) -> dict[str, object]:
    """A JSON object; its depth is measured before it is parsed.

    Raises:
        CorruptModelError: it is not a JSON object.
        LimitExceededError: it is too long or nests too deep.
    """
    if len(data) > limits.config_bytes:
        raise LimitExceededError(f"{where} has {len(data):,} bytes, the limit is {limits.config_bytes:,}")
    try:
        return cast("dict[str, object]", _object(json.loads(data.decode("utf-8")), where))
    except (ValueError, RecursionError) as error:
        raise CorruptModelError(f"{where} is not readable JSON: {str(error)[:200]}") from None


def _object(value: object, where: str) -> object:
    if not isinstance(value, dict):
        raise CorruptModelError(f"{where} is a {type(value).__name__}; an object is needed")
    return value
