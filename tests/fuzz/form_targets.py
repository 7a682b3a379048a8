"""Targets of other forms: SavedModels, manifests of TensorFlow.js, archives, files of weights."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import cache

import numpy as np

from hostile.generate_content import network
from hostile.graph_def import FLOAT, call, function, kind, model, node
from keramos.artifact.containers.object_graph.trackables import read_trackables
from keramos.artifact.containers.tflite import open_tflite
from keramos.artifact.keras.write_config import model_config
from keramos.artifact.protobuf import Budget, Message
from keramos.artifact.read import read
from keramos.artifact.sources import ModelSource
from keramos.artifact.tensor_bundle import Bundle
from keramos.artifact.tensor_bundle.crc32c import masked_crc32c
from keramos.artifact.tensor_bundle.data_types import STRING
from keramos.artifact.tensor_bundle.sstable import MAGIC
from keramos.artifact.write_tfjs import tfjs_files
from keramos.compile.emit import compile_network
from keramos.compile.saved_model.meta_graph import saved_model
from keramos.errors import KeramosError
from keramos.types.limits import LIMITS
from support.protobuf import field, number, parsed


def graph(data: bytes) -> None:
    """A ``saved_model.pb`` without variables, read by its graph and compiled."""
    source = ModelSource("m", {"saved_model.pb": data}, folder=True)
    compile_network(read("m", source_of=lambda *_: source).network)


def manifest(data: bytes) -> None:
    """A ``model.json`` of TensorFlow.js beside the shards of the honest one."""
    source = ModelSource("m", {**layers_model(), "model.json": data}, folder=True)
    read("m", source_of=lambda *_: source)


def packed(data: bytes) -> None:
    """An archive of a model's files, or a file of weights, for an architecture."""
    held = {"m.json": _architecture(), "w": data}
    read("w", source_of=lambda path, _: ModelSource.of_file(path, held[path]))


def weights(data: bytes) -> None:
    """A file of weights beside an architecture."""
    held = {"m.json": _architecture(), "w": data}
    read("m.json", weights="w", source_of=lambda path, _: ModelSource.of_file(path, held[path]))


def fields(data: bytes) -> None:
    """Messages within messages."""
    message = Message(data, Budget(LIMITS, "m"))
    for at in range(1, 8):
        for part in message.messages(at):
            part.text(1)
            part.numbers(2)


@cache
def layers_model() -> dict[str, bytes]:
    """A small layers model of TensorFlow.js."""
    return tfjs_files(network(), None)


@cache
def _architecture() -> bytes:
    return json.dumps(model_config(network())).encode()


@cache
def honest_graph() -> bytes:
    """The ``saved_model.pb`` of a small network."""
    return saved_model(network())


def lite(data: bytes) -> None:
    """A model of TensorFlow Lite, described."""
    source = ModelSource.of_file("m.tflite", data)
    container = open_tflite(source, LIMITS)
    if container.tensors is not None and container.outline is not None:
        container.tensors()
        container.outline()


def bundle(data: bytes) -> None:
    """The entries of an index, sealed, beside a shard: every tensor, and the objects."""
    found = Bundle(sealed_table(data), "x", lambda _: _SHARD, LIMITS)
    for name in found.names():
        texts = found.entry(name).dtype == STRING
        found.texts(name) if texts else found.array(name)
    for one in read_trackables(found, LIMITS):
        one.listed()


def objects(data: bytes) -> None:
    """The ``saved_model.pb`` of a model with a Keras config, beside its honest checkpoint: read by
    the config, then by the graph, which captures a variable.
    """
    held = {**saved_by_keras(), "saved_model.pb": data}
    source = ModelSource("m", held, folder=True)
    with suppress(KeramosError):
        read("m", source_of=lambda *_: source, by="config")
    compile_network(read("m", source_of=lambda *_: source, by="graph").network)


def objects_seed() -> bytes:
    """A small object graph whose nodes are those of the checkpoint: two layers, one weight each."""
    return saved_by_keras()["saved_model.pb"]


def bundle_seed() -> bytes:
    """The entries of that checkpoint."""
    entries = {b"": field(1, 1), **_entries()}
    restarts = (0).to_bytes(4, "little") + (1).to_bytes(4, "little")
    made = (
        b"\0" + number(len(key)) + number(len(value)) + key + value
        for key, value in sorted(entries.items())
    )
    return b"".join(made) + restarts


RESOURCE = 20
_KERNEL = b"layer/kernel/.ATTRIBUTES/VARIABLE_VALUE"
_OBJECTS = b"_CHECKPOINTABLE_OBJECT_GRAPH"
_NUMBERS = np.arange(6, dtype="<f4").tobytes()


def _trackables() -> bytes:
    """Root -> layer-0 (the input), layer-1 -> kernel, variables."""
    child = {"layer-0": 1, "layer-1": 2}
    root = b"".join(field(1, field(1, at) + field(2, name.encode())) for name, at in child.items())
    parts = {b"kernel": 3, b"variables": 4}
    layer = b"".join(field(1, field(1, at) + field(2, name)) for name, at in parts.items())
    kernel = field(2, field(1, b"VARIABLE_VALUE") + field(2, b"dense/kernel") + field(3, _KERNEL))
    listed = field(1, field(1, 3) + field(2, b"0"))
    return b"".join(field(1, node) for node in (root, b"", layer, kernel, listed))


def _shard() -> bytes:
    text = _trackables()
    size = len(text).to_bytes(4, "little")
    sealed = masked_crc32c(size).to_bytes(4, "little")
    return _NUMBERS + number(len(text)) + sealed + text


_SHARD = _shard()


def _entries() -> dict[bytes, bytes]:
    shape = field(2, field(2, field(1, 2)) + field(2, field(1, 3)))
    text = _trackables()
    size = len(text).to_bytes(4, "little")
    crc = masked_crc32c(size + masked_crc32c(size).to_bytes(4, "little") + text)
    numbers = masked_crc32c(_NUMBERS)
    return {
        _KERNEL: field(1, 1) + shape + field(5, len(_NUMBERS)) + _fixed(6, numbers),
        _OBJECTS: field(1, STRING)
        + field(4, len(_NUMBERS))
        + field(5, len(_SHARD) - len(_NUMBERS))
        + _fixed(6, crc),
    }


def _fixed(at: int, value: int) -> bytes:
    return number(at << 3 | 5) + value.to_bytes(4, "little")


def sealed_table(block: bytes, kind: int = 0) -> bytes:
    """A table of one block of data; ``kind`` says how it is packed."""

    def sealed(data: bytes, kind: int = 0) -> bytes:
        whole = data + bytes([kind])
        return whole + masked_crc32c(whole).to_bytes(4, "little")

    restarts = (0).to_bytes(4, "little") + (1).to_bytes(4, "little")
    data = sealed(block, kind)
    value = number(0) + number(len(block))
    index = b"\0" + number(1) + number(len(value)) + b"\xff" + value + restarts
    handle = number(len(data)) + number(0) + number(len(data)) + number(len(index))
    return data + sealed(index) + handle.ljust(40, b"\0") + MAGIC


def _served() -> bytes:
    """The function of that layer, whose kernel is captured."""
    nodes = [
        node("read", "ReadVariableOp", "kernel", attributes=kind("dtype", FLOAT)),
        node("product", "MatMul", "x", "read:value:0"),
    ]
    whole = function("f", nodes, "product:product:0")
    ((_, signature), *rest) = parsed(whole)
    taken = signature + field(2, field(1, b"kernel") + field(3, RESOURCE))
    return field(1, taken) + b"".join(field(at, value) for at, value in rest)


@cache
def saved_by_keras() -> dict[str, bytes]:
    """A SavedModel of a Dense layer, as Keras 2 writes one."""
    given = {"name": "x", "batch_input_shape": [None, 2], "dtype": "float32"}
    dense = {"name": "dense", "units": 3, "use_bias": False, "activation": "linear"}
    layers = [
        {"class_name": "InputLayer", "config": given},
        {"class_name": "Dense", "config": dense},
    ]
    root = {
        "class_name": "Sequential",
        "keras_version": "2.9.0",
        "backend": "tensorflow",
        "config": {"name": "m", "layers": layers},
    }
    texts = {0: root, 1: {"name": "x"}, 2: {"name": "dense"}}
    metadata = b"".join(
        field(1, field(2, at) + field(5, json.dumps(text).encode())) for at, text in texts.items()
    )
    nodes = b"".join(field(1, value) for _, value in parsed(_trackables()))
    bound = field(2, field(1, b"f") + field(2, field(2, 3)))
    served = model([node("v", "VarHandleOp"), call("y", "f", "x", "v")], "y:0", [_served()])
    ((_, version), (_, graph)) = parsed(served)
    return {
        "saved_model.pb": field(1, version) + field(2, graph + field(7, nodes + bound)),
        "keras_metadata.pb": metadata,
        "variables/variables.index": sealed_table(bundle_seed()),
        "variables/variables.data-00000-of-00001": _SHARD,
    }
