"""Network and content -> one current Keras file, written without Keras.

``.h5``: Keras' legacy whole-model layout. ``.keras``: the version 3 archive. Both open in plain
Keras with ``load_model(path)``; what keramos adds is ignored there.
"""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from keramos.artifact.content.document import encode
from keramos.artifact.keras.keras3_paths import inner_folders, numbered, own_folders
from keramos.artifact.keras.layer_names import legal
from keramos.artifact.keras.layer_order import keras_order
from keramos.artifact.keras.upgrade import to_current_keras
from keramos.artifact.keras.write_config import KERAS_VERSION, model_config
from keramos.artifact.places import ARCHIVE_CONTENT, HDF5_CONTENT
from keramos.artifact.weights.assign import flat_order, slots
from keramos.artifact.weights.lora import merged
from keramos.artifact.weights.weight_specs import weights_of
from keramos.errors import MissingExtraError, UnsupportedModelError, UsageError
from keramos.keras_layers.registry import spec_of
from keramos.platform.atomic_write import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import ModuleType

    import h5py
    from numpy.typing import NDArray

    from keramos.types.artifact import Content
    from keramos.types.network import Config, Layer, Network

_ATTRIBUTE_BYTES = 64_512
"""HDF5 keeps attributes in an object header of 64 KiB; Keras splits longer lists, and so does
this.
"""

STAMP = (1980, 1, 1, 0, 0, 0)
"""A fixed time: equal parcels give equal archives."""


def write(
    path: str | Path,
    network: Network,
    content: Content | None,
    compile_config: Config | None = None,
) -> None:
    """Write a model file; the extension says which container. ``compile_config`` holds loss,
    metrics and optimizer.

    Raises:
        UsageError: the extension is neither .h5, .hdf5 nor .keras.
        UnsupportedModelError: Keras could not read this network back from HDF5.
        SaveError: the file could not be written; what was there before is untouched.
        MissingExtraError: h5py is not installed.
    """
    path = Path(path)
    check_extension(path)
    write_atomically(path, WRITERS[path.suffix.lower()](network, content, compile_config))


def check_extension(path: Path) -> None:
    """Refuse a file name that no writer knows, before any work is done for it.

    Raises:
        UsageError: the extension is neither .h5, .hdf5 nor .keras.
    """
    if path.suffix.lower() not in WRITERS:
        raise UsageError(
            f"the extension must be {', '.join(WRITERS)}",
            received=f"'{path.suffix}'",
            file=str(path),
        )


def h5py_module() -> ModuleType:
    """h5py, which writing needs and reading does not.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import h5py  # noqa: PLC0415 (an extra)
    except ImportError:
        raise MissingExtraError(
            "writing .h5 and .keras files needs h5py",
            remedy="Install it with: pip install 'keramos[write]'",
        ) from None
    library: ModuleType = h5py
    return library


def _h5(network: Network, content: Content | None, compile_config: Config | None) -> bytes:
    network = merged(keras_order(legal(to_current_keras(network))))
    if sliced := _sliced(network):
        raise UnsupportedModelError(
            f"Keras cannot read '...' in a slice back from HDF5 (layers {', '.join(sliced)})",
            remedy="Write a .keras file",
        )
    buffer, config = io.BytesIO(), json.dumps(model_config(network))
    with h5py_module().File(buffer, "w") as file:
        file.attrs["keras_version"] = KERAS_VERSION
        file.attrs["backend"] = "tensorflow"
        file.attrs["model_config"] = config
        if compile_config:
            file.attrs["training_config"] = json.dumps(_training_config(compile_config))
        root = file.create_group("model_weights")
        root.attrs["keras_version"] = KERAS_VERSION
        root.attrs["backend"] = "tensorflow"
        _put_list(root, "layer_names", list(network.layers))
        for name, layer in network.layers.items():
            _put_group(root.create_group(name), layer)
        _put_list(root.create_group("top_level_model_weights"), "weight_names", [])
        if content is not None:
            file.create_dataset(
                HDF5_CONTENT, data=np.frombuffer(encode(content, network, config.encode()), "uint8")
            )
    return buffer.getvalue()


def _sliced(network: Network) -> list[str]:
    """Layers called with ``...``: the legacy reader of Keras makes an Ellipsis of it too early,
    then refuses it.
    """
    found = [
        call.layer for call in network.calls if "'__ellipsis__'" in repr((call.args, call.kwargs))
    ]
    return found + [
        name
        for layer in network.layers.values()
        if layer.network
        for name in _sliced(layer.network)
    ]


def _training_config(compile_config: Config) -> Config:
    """The same facts in the words of the legacy format."""
    kept = {key: value for key, value in compile_config.items() if key != "optimizer"}
    return {
        **kept,
        "loss_weights": None,
        "weighted_metrics": None,
        "optimizer_config": compile_config["optimizer"],
    }


def _put_list(group: h5py.Group, name: str, texts: Sequence[str]) -> None:
    data = [text.encode() for text in texts]
    if sum(len(text) + 1 for text in data) <= _ATTRIBUTE_BYTES // 4:
        group.attrs[name] = data
        return
    per_chunk = max(1, _ATTRIBUTE_BYTES // (max(len(text) for text in data) + 1))
    for number, at in enumerate(range(0, len(data), per_chunk)):
        group.attrs[f"{name}{number}"] = data[at : at + per_chunk]


def _put_group(group: h5py.Group, layer: Layer) -> None:
    """All weights of a layer and of what it holds, trainable ones first."""
    arrays = _owned(layer, ())
    names = []
    for slot in flat_order(layer, rebuilt=True):
        name = "/".join((*slot.owner, slot.role))
        names.append(name)
        group.create_dataset(name, data=arrays[(slot.owner, slot.role)])
    _put_list(group, "weight_names", names)


def _owned(
    layer: Layer, path: tuple[str, ...]
) -> Mapping[tuple[tuple[str, ...], str], NDArray[np.generic]]:
    here = (*path, layer.name)
    named = zip(weights_of(layer), layer.weights, strict=True)
    found = {(here, weight.name): np.asarray(array) for weight, array in named}
    below = [] if layer.network is None else list(layer.network.layers.values())
    for part in below:
        found |= _owned(part, here)
    for place, part in enumerate(layer.inner):
        found |= _owned(part, (*here, str(place)))
    return found


def _keras(network: Network, content: Content | None, compile_config: Config | None) -> bytes:
    network = keras_order(legal(to_current_keras(network)))
    config = model_config(network)
    if compile_config:
        config["compile_config"] = compile_config
    text, weights = json.dumps(config).encode(), io.BytesIO()
    with h5py_module().File(weights, "w") as file:
        _put_places(file, network, "")
        if compile_config:
            _put_optimizer(file, network, compile_config)
    entries = {
        "metadata.json": json.dumps({"keras_version": KERAS_VERSION, "date_saved": ""}).encode(),
        "config.json": text,
        "model.weights.h5": weights.getvalue(),
    }
    if content is not None:
        entries[ARCHIVE_CONTENT] = encode(content, network, text)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in entries.items():
            archive.writestr(zipfile.ZipInfo(name, STAMP), data)
    return buffer.getvalue()


def _put_optimizer(file: h5py.File, network: Network, compile_config: Config) -> None:
    """The state of an optimizer that has not made a step yet; without it Keras warns at every load.

    All zeros: HDF5 stores none of them. Order: ``build`` of keras.optimizers.Adam.
    """
    optimizer = cast("Mapping[str, object]", compile_config["optimizer"])
    if optimizer["class_name"] != "Adam":
        return
    group = file.create_group("optimizer/vars")
    group.create_dataset("0", data=np.int64(0))
    group.create_dataset(
        "1", data=np.float32(cast("Mapping[str, float]", optimizer["config"])["learning_rate"])
    )
    for layer in network.layers.values():
        arrays = _owned(layer, ())
        for slot in slots(layer):
            for _ in ("momentum", "velocity") if slot.trainable else ():
                array = arrays[(slot.owner, slot.role)]
                group.create_dataset(str(len(group)), shape=array.shape, dtype=array.dtype)


def _put_places(file: h5py.File, network: Network, folder: str) -> None:
    for name, layer in numbered(network.layers):
        _put_place(file, layer, f"{folder}layers/{name}")


def _put_place(file: h5py.File, layer: Layer, folder: str) -> None:
    if layer.network is not None:
        _put_places(file, layer.network, f"{folder}/")
        return
    spec = spec_of(layer.kind)
    weights = layer.weights
    if spec is not None and spec.copies == "before":  # Keras lists the inner kernel here too
        weights = (layer.inner[0].weights[0], *weights)
    own = own_folders(layer, folder)
    share = len(weights) // len(own)
    for place, below in enumerate(own):
        group = file.create_group(f"{below}/vars")
        group.attrs["name"] = layer.name
        for number, array in enumerate(weights[place * share : (place + 1) * share]):
            group.create_dataset(str(number), data=np.asarray(array))
    _put_idf(file, layer, folder)
    for below, part in inner_folders(layer, folder):
        _put_place(file, part, below)


def _put_idf(file: h5py.File, layer: Layer, folder: str) -> None:
    """Inverse document frequencies lie beside the weights, under their name."""
    idf, spec = layer.config.get("idf_weights"), spec_of(layer.kind)
    if spec is None or not spec.vocabulary or idf is None:
        return
    for below in spec.asset_folders:
        file.require_group(f"{folder}{below}/vars").create_dataset(
            "idf_weights", data=np.asarray(idf, "float32")
        )


WRITERS: dict[str, Callable[[Network, Content | None, Config | None], bytes]] = {
    ".h5": _h5,
    ".hdf5": _h5,
    ".keras": _keras,
}
"""File extension -> writer."""
