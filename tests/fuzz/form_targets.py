"""Targets of other forms: SavedModels, manifests of TensorFlow.js, archives, files of weights."""

from __future__ import annotations

import json
from functools import cache

from hostile.generate_content import network
from keramos.artifact.keras.write_config import model_config
from keramos.artifact.protobuf import Budget, Message
from keramos.artifact.read import read
from keramos.artifact.sources import ModelSource
from keramos.artifact.write_tfjs import tfjs_files
from keramos.compile.emit import compile_network
from keramos.compile.saved_model.meta_graph import saved_model
from keramos.types.limits import LIMITS


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
    for number in range(1, 8):
        for part in message.messages(number):
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
