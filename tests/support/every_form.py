"""The network of the suite of containers in every form in which models are saved."""

from __future__ import annotations

import json
import shutil
import tarfile
import zipfile
from typing import TYPE_CHECKING

import numpy as np

from keramos.artifact.keras.write_config import model_config
from keramos.artifact.write import write
from keramos.pipeline.convert import convert
from support.built_once import built
from support.container_suite import network
from support.safetensors import safetensors

if TYPE_CHECKING:
    from pathlib import Path

_NAMES = {"dense": ("kernel", "bias"), "norm": ("gamma", "beta", "moving_mean", "moving_variance")}

WHOLE = (
    "m.h5", "m.keras", "config_folder/1", "config_folder/1/saved_model.pb", "graph_folder",
    "tensorflow_1", "keras_export", "layers_folder", "layers_folder/model.json", "graph_js",
    "graph_js/model.json", "checkpoint_folder", "config.zip", "config.tar", "config.tar.gz",
    "config.tar.bz2", "config.tar.xz", "layers.zip", "file.zip",
)  # fmt: skip
"""Forms of whole models."""
GRAPHS = frozenset(
    {"graph_folder", "tensorflow_1", "keras_export", "graph_js", "graph_js/model.json"}
)
"""Those without layers."""
ARCHITECTURE = {
    "old.json": ("weights/w", "weights/w.index", "weights", "w.h5"),
    "new.json": ("w.weights.h5", "w.weights.json", "w.npz", "w.safetensors"),
}
"""Architectures, each with paths of weights that belong to it."""
REFUSED = {
    "nested.zip": "archive", "m.tflite": "does not run", "old.json": "--weights|weights=",
    "w.npz": "weights", "w.safetensors": "weights", "w.h5": "weights", "weights/w.index": "weights",
}  # fmt: skip
"""What no command runs, each with what its refusal says."""


def every_form() -> Path:
    """A folder with the network in each form."""
    return built("every_form", _write_all)


def _write_all(folder: Path) -> None:
    write(folder / "m.h5", network(), None)
    write(folder / "m.keras", network(), None)
    _of_keramos(folder)
    _of_tensorflow(folder)
    _of_keras(folder)
    _archives(folder)


def _of_keramos(folder: Path) -> None:
    convert(folder / "m.h5", folder / "layers_folder", to="tfjs")
    convert(folder / "m.h5", folder / "m.tflite")
    _graph_js(folder / "graph_js")
    (folder / "new.json").write_text(json.dumps(model_config(network())))
    arrays = {
        f"{layer}/{name}": array
        for layer, names in _NAMES.items()
        for name, array in zip(names, network().layers[layer].weights, strict=True)
    }
    np.savez(folder / "w.npz", **arrays)
    named = {name.replace("/", "."): array for name, array in sorted(arrays.items())}
    (folder / "w.safetensors").write_bytes(safetensors(named))


def _graph_js(folder: Path) -> None:
    """A graph model of TensorFlow.js."""
    kernel, bias = network().layers["dense"].weights
    gamma, beta, mean, variance = network().layers["norm"].weights
    scale = gamma / np.sqrt(variance + np.float32(0.01))
    arrays = {"w": kernel * scale, "b": (bias - mean) * scale + beta}
    shape = {"shape": {"dim": [{"size": "-1"}, {"size": "2"}]}}
    given = {"dtype": {"type": "DT_FLOAT"}, "shape": shape}
    nodes = [
        {"name": "x", "op": "Placeholder", "attr": given},
        *({"name": name, "op": "Const", "attr": {}} for name in arrays),
        {"name": "dense", "op": "MatMul", "input": ["x", "w"], "attr": {}},
        {"name": "y", "op": "AddV2", "input": ["dense", "b"], "attr": {}},
    ]
    listed = [
        {"name": name, "shape": list(one.shape), "dtype": "float32"} for name, one in arrays.items()
    ]
    manifest = [{"paths": ["group1-shard1of1.bin"], "weights": listed}]
    model = {"format": "graph-model", "modelTopology": {"node": nodes}, "weightsManifest": manifest}
    folder.mkdir()
    (folder / "model.json").write_text(json.dumps(model))
    data = b"".join(one.astype("f4").tobytes() for one in arrays.values())
    (folder / "group1-shard1of1.bin").write_bytes(data)


def _of_tensorflow(folder: Path) -> None:
    import tensorflow as tf

    from support.tf_keras_models import saved, twin

    model = twin()
    saved(model, folder / "config_folder" / "1")
    module = tf.Module()
    module.variables_of_it = model.variables
    spec = tf.TensorSpec((None, 2), tf.float32, name="x")
    module.answer = tf.function(lambda x: {"norm": model(x, training=False)}, [spec])
    tf.saved_model.save(module, str(folder / "graph_folder"), signatures=module.answer)
    _tensorflow_1(tf, folder / "tensorflow_1")
    (folder / "old.json").write_text(model.to_json())
    (folder / "weights").mkdir()
    model.save_weights(folder / "weights" / "w", save_format="tf")
    shutil.copytree(folder / "weights", folder / "checkpoint_folder")
    (folder / "checkpoint_folder" / "architecture.json").write_text(model.to_json())
    model.save_weights(folder / "w.h5")


def _tensorflow_1(tf: object, folder: Path) -> None:
    v1 = tf.compat.v1  # type: ignore[attr-defined]
    kernel, bias = network().layers["dense"].weights
    gamma, beta, mean, variance = network().layers["norm"].weights
    with tf.Graph().as_default(), v1.Session() as session:  # type: ignore[attr-defined]
        x = v1.placeholder(v1.float32, (None, 2), "x")
        weights = (kernel, bias, gamma, beta, mean, variance)
        k, b, g, s, m, v = (v1.Variable(one, use_resource=False) for one in weights)
        y = g * (v1.matmul(x, k) + b - m) * v1.rsqrt(v + 0.01) + s
        session.run(v1.global_variables_initializer())
        v1.saved_model.simple_save(session, str(folder), {"x": x}, {"norm": y})


def _of_keras(folder: Path) -> None:
    import keras

    model = keras.saving.load_model(folder / "m.keras")
    model.export(folder / "keras_export", verbose=False)
    model.save_weights(folder / "w.weights.h5")
    model.save_weights(folder / "w.weights.json", max_shard_size=30 / 1024**3)


def _archives(folder: Path) -> None:
    whole = folder / "config_folder"
    for kind in ("zip", "tar", "gztar", "bztar", "xztar"):
        shutil.make_archive(str(folder / "config"), kind, whole, "1")
    shutil.make_archive(str(folder / "layers"), "zip", folder / "layers_folder")
    with zipfile.ZipFile(folder / "file.zip", "w") as archive:
        archive.write(folder / "m.h5", "inner/m.h5")
    with tarfile.open(folder / "checkpoint.tar", "w") as archive:
        archive.add(whole / "1", "1")
    with zipfile.ZipFile(folder / "nested.zip", "w") as archive:
        archive.write(folder / "checkpoint.tar", "checkpoint")
    (folder / "checkpoint.tar").unlink()
