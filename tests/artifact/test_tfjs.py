"""Models of TensorFlow.js: topology, manifest and shards, whole and quantised."""

import json

import numpy as np
import pytest

import keramos
from keramos.artifact.read import read
from keramos.errors import (
    CorruptModelError,
    LimitExceededError,
    MismatchError,
    ModelError,
    UnsafeModelError,
    UnsupportedModelError,
)
from keramos.pipeline.load import load
from keramos.types.limits import Limits
from support.container_suite import ROWS, ContainerSuite, answers, network

CONFIG = {
    "class_name": "Sequential",
    "config": {
        "name": "net",
        "layers": [
            {
                "class_name": "InputLayer",
                "config": {"name": "x", "batch_input_shape": [None, 2], "dtype": "float32"},
            },
            {"class_name": "Dense", "config": {"name": "dense", "units": 3}},
            {
                "class_name": "BatchNormalization",
                "config": {"name": "norm", "axis": [1], "epsilon": 0.01},
            },
        ],
    },
}
NAMES = {
    "dense": ("kernel", "bias"),
    "norm": ("gamma", "beta", "moving_mean", "moving_variance"),
}


def weights():
    """Name -> array of the suite's network."""
    layers = network().layers
    return {
        f"{layer}/{name}": array
        for layer, names in NAMES.items()
        for name, array in zip(names, layers[layer].weights, strict=True)
    }


def entry(name, array, **more):
    return {"name": name, "shape": list(array.shape), "dtype": "float32", **more}


def write_js(folder, listed=None, data=None, *, shard=40, topology=None, **more):
    """A model in shards of some bytes that cut weights anywhere; gives the folder."""
    listed = [entry(name, array) for name, array in weights().items()] if listed is None else listed
    data = b"".join(array.tobytes() for array in weights().values()) if data is None else data
    names = [f"group1-shard{at // shard + 1}.bin" for at in range(0, len(data), shard)]
    folder.mkdir(exist_ok=True)
    for place, name in enumerate(names):
        (folder / name).write_bytes(data[place * shard : (place + 1) * shard])
    document = {
        "format": "layers-model",
        "generatedBy": "keras v2.15.0",
        "convertedBy": None,
        "modelTopology": topology
        or {"keras_version": "2.15.0", "backend": "tensorflow", "model_config": CONFIG},
        "weightsManifest": [{"paths": names, "weights": listed}],
        **more,
    }
    (folder / "model.json").write_text(json.dumps(document))
    return folder


class TestTfjsFolder(ContainerSuite):
    kind, by_groups = "tfjs_folder", True

    def write(self, folder):
        return write_js(folder / "m"), None


class TestTfjs(ContainerSuite):
    kind, by_groups = "tfjs", True

    def write(self, folder):
        return write_js(folder / "m") / "model.json", None


def predicted(folder):
    return load(folder).predict(ROWS)


@pytest.mark.parametrize(("dtype", "tolerance"), [("uint8", 0.02), ("uint16", 1e-4)])
def test_quantised_weights_are_those_that_tensorflow_js_computes(tmp_path, dtype, tolerance):
    listed, data, whole = [], b"", {}
    for name, array in weights().items():
        least, scale = float(array.min()), float(np.ptp(array)) / np.iinfo(dtype).max or 1.0
        codes = np.rint((array - least) / scale).astype(dtype)
        listed.append(
            entry(name, array, quantization={"dtype": dtype, "scale": scale, "min": least})
        )
        data += codes.tobytes()
        whole[name] = (codes * scale + least).astype("f4")

    found = read(write_js(tmp_path / "m", listed, data)).network

    np.testing.assert_array_equal(found.layers["dense"].weights[0], whole["dense/kernel"])
    np.testing.assert_allclose(
        found.layers["norm"].weights[3], weights()["norm/moving_variance"], atol=tolerance
    )


def test_half_precision_weights_are_widened(tmp_path):
    listed = [
        entry(name, array, quantization={"dtype": "float16"}) for name, array in weights().items()
    ]
    data = b"".join(array.astype("<f2").tobytes() for array in weights().values())

    np.testing.assert_allclose(
        predicted(write_js(tmp_path / "m", listed, data)), answers(), rtol=1e-3
    )


def test_optimizer_weights_are_skipped(tmp_path):
    listed = [entry(name, array) for name, array in weights().items()]
    data = b"".join(array.tobytes() for array in weights().values())
    more = entry("Adam/m", np.zeros(2, "f4"), group="optimizer")

    folder = write_js(tmp_path / "m", [*listed, more], data + bytes(8))

    np.testing.assert_allclose(predicted(folder), answers(), rtol=1e-5, atol=1e-6)


def test_models_that_tensorflow_js_wrote_itself_are_read(tmp_path):
    topology = {
        **json.loads(json.dumps(CONFIG)),
        "keras_version": "tfjs-layers 4.22.0",
        "backend": "tensor_flow.js",
    }
    topology["config"]["layers"][1]["config"]["kernel_constraint"] = None

    folder = write_js(tmp_path / "m", topology=topology)

    assert read(folder).info.generation == "tf_keras"
    np.testing.assert_allclose(predicted(folder), answers(), rtol=1e-5, atol=1e-6)


def test_names_of_layers_may_begin_with_those_of_others(tmp_path):
    config = json.loads(json.dumps(CONFIG))
    inner = config["config"]["layers"]
    inner[1]["config"]["name"], inner[2]["config"]["name"] = "Conv", "Conv/BatchNorm"
    config["config"]["name"] = "mobile"
    outer = {"class_name": "Sequential", "config": {"name": "outer", "layers": [config]}}
    topology = {"keras_version": "2.8.0", "model_config": outer}
    renamed = {"dense": "Conv", "norm": "Conv/BatchNorm"}
    listed = [
        entry(f"{renamed[name.partition('/')[0]]}/{name.partition('/')[2]}", array)
        for name, array in weights().items()
    ]

    folder = write_js(tmp_path / "m", listed, topology=topology)

    np.testing.assert_allclose(predicted(folder), answers(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "path", ["../x.bin", "/etc/passwd", "https://example.com/x.bin", "a\\b", ""]
)
def test_a_shard_outside_of_the_folder_is_refused(tmp_path, path):
    folder = write_js(tmp_path / "m")
    document = json.loads((folder / "model.json").read_text())
    document["weightsManifest"][0]["paths"][0] = path
    (folder / "model.json").write_text(json.dumps(document))

    with pytest.raises(UnsafeModelError, match="lead out of"):
        read(folder / "model.json")
    with pytest.raises(CorruptModelError, match="no such part"):
        read(folder)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"shape": [3, 3]}, ModelError, "needs|need"),
        ({"shape": [-1, 3]}, CorruptModelError, "not one"),
        ({"shape": [1 << 62, 1 << 62]}, CorruptModelError, "needs"),
        ({"shape": "2"}, UnsupportedModelError, "shape"),
        ({"dtype": "complex64"}, UnsupportedModelError, "dtype"),
        ({"name": "other/kernel"}, MismatchError, "begin with"),
        ({"name": "dense/bias"}, MismatchError, "belongs"),
        ({"quantization": {"dtype": "uint4"}}, UnsupportedModelError, "quantised"),
        ({"quantization": {"dtype": "uint8"}}, ModelError, "need"),
        ({"quantization": []}, UnsupportedModelError, "quantised"),
    ],
)
def test_a_manifest_that_lies_is_refused(tmp_path, change, error, words):
    listed = [entry(name, array) for name, array in weights().items()]
    listed[0] |= change

    with pytest.raises(error, match=words):
        load(write_js(tmp_path / "m", listed))


@pytest.mark.parametrize("manifest", [None, [], {}, [1], [{"paths": [1], "weights": []}]])
def test_a_manifest_that_is_none_is_refused(tmp_path, manifest):
    with pytest.raises(ModelError):
        load(write_js(tmp_path / "m", weightsManifest=manifest))


def test_the_limit_of_weights_holds_for_what_is_unpacked(tmp_path):
    with pytest.raises(LimitExceededError, match="weight_bytes"):
        read(write_js(tmp_path / "m"), limits=Limits(weight_bytes=50))


def test_a_graph_is_refused_by_its_operations(tmp_path):
    shape = {"shape": {"dim": [{"size": "-1"}, {"size": "2"}]}}
    given = {"dtype": {"type": "DT_FLOAT"}, "shape": shape}
    topology = {
        "node": [
            {"name": "x", "op": "Placeholder", "attr": given},
            {"name": "y", "op": "ReadFile", "input": ["x"]},
        ]
    }

    with pytest.raises(UnsupportedModelError, match="ReadFile"):
        load(write_js(tmp_path / "m", topology=topology, format="graph-model"))


def test_arrays_of_a_manifest_without_topology_are_listed(tmp_path):
    held = weights()
    listed = [entry(name, array) for name, array in held.items()]
    listed[0]["group"] = "optimizer"
    folder = write_js(tmp_path / "m", listed, modelTopology=None)

    for path in (folder, folder / "model.json"):
        found = keramos.inspect(path).tensors
        assert {one.name: (one.shape, one.dtype, one.bytes) for one in found} == {
            name: (array.shape, "float32", array.nbytes) for name, array in held.items()
        }
    with pytest.raises(UnsupportedModelError, match="keramos inspect lists its arrays"):
        load(folder)
