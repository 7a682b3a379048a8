"""Files that are not complete models: their arrays are listed, in every view."""

import json

import h5py
import keras
import numpy as np
import pytest

import keramos
from keramos.errors import ModelError, UsageError
from keramos.report.inspection import as_dict
from keramos.report.standalone import report
from keramos.report.views.model import model_view
from support.command import keramos as command


class OwnModel(keras.Model):
    def __init__(self, **options):
        super().__init__(**options)
        self.dense = keras.layers.Dense(3)

    def call(self, x):
        return self.dense(x)


def trained(model):
    model.compile("adam", "mse")
    model.fit(np.ones((8, 4)), np.ones((8, 3)), verbose=0)
    return model


def weights_alone(path):
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)]).save_weights(path)


def weights_with_optimizer(path):
    trained(keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])).save_weights(path)


def own_class(path):
    trained(OwnModel()).save(path)


def registered_class(path):
    kind = keras.saving.register_keras_serializable("mine")(type("Registered", (OwnModel,), {}))
    trained(kind()).save(path)


def optimizer_alone(path):
    with h5py.File(path, "w") as file:
        group = file.create_group("optimizer_weights/training/Adam")
        group["iterations:0"] = np.int64(3)
        group["dense/kernel/m:0"] = np.ones((4, 3), "float32")


def old_weights(path):
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"dense_1"]
        file.attrs["keras_version"], file.attrs["backend"] = "2.2.4", "tensorflow"
        group = file.create_group("dense_1")
        group.attrs["weight_names"] = [b"dense_1/kernel:0"]
        group["dense_1/kernel:0"] = np.ones((4, 3), "float16")


def shards_of_weights(path):
    """Three files beside the list, for at most 100 bytes each."""
    model = keras.Sequential([keras.Input((4,)), *(keras.layers.Dense(4) for _ in range(3))])
    model.save_weights(path, max_shard_size=100 / 1024**3)
    assert len(list(path.parent.glob("*.h5"))) > 1


FILES = {
    "weights alone": (weights_alone, "m.weights.h5"),
    "weights with optimizer": (weights_with_optimizer, "m.weights.h5"),
    "a model of its author's own class": (own_class, "m.keras"),
    "a model of a registered class": (registered_class, "m.keras"),
    "an optimizer alone": (optimizer_alone, "optimizer.h5"),
    "weights of Keras 2": (old_weights, "old.h5"),
    "weights in shards": (shards_of_weights, "m.weights.json"),
}


@pytest.fixture(params=FILES)
def path(request, tmp_path):
    write, name = FILES[request.param]
    write(tmp_path / name)
    return tmp_path / name


def stored(path):
    """Every array of a file as h5py finds it."""
    import io
    import zipfile

    files = [path.read_bytes()]
    if path.suffix == ".keras":
        files = [zipfile.ZipFile(path).read("model.weights.h5")]
    if path.suffix == ".json":
        files = [shard.read_bytes() for shard in path.parent.glob("*.h5")]
    found = {}

    def visit(name, item):
        if isinstance(item, h5py.Dataset):
            found[name] = (item.shape, item.dtype.name, item.dtype.itemsize * item.size)

    for data in files:
        with h5py.File(io.BytesIO(data)) as file:
            file.visititems(visit)
    return found


def test_every_array_is_listed_with_shape_type_and_bytes(path):
    found = keramos.inspect(path)

    assert {one.name: (one.shape, one.dtype, one.bytes) for one in found.tensors} == stored(path)
    assert found.parameters == sum(
        np.prod(shape, dtype=int) for shape, _, _ in stored(path).values()
    )
    assert found.layers == ()
    assert len(found.unsupported) == 1


def test_json_text_and_page_list_the_same_arrays(path):
    found, names = keramos.inspect(path), stored(path).keys()
    page = report(found, None, "m")
    text = command("inspect", path)

    assert [one["name"] for one in as_dict(found)["tensors"]] == sorted(names)
    assert text.returncode == 0
    for name in names:
        assert name in page
        assert name in text.stdout
    told = json.loads(command("inspect", path, "--json").stdout)
    assert told["tensors"] == json.loads(json.dumps(as_dict(found)["tensors"]))
    assert model_view(found, None, "m").tensors == found.tensors


def test_report_writes_a_page_and_a_card(path, tmp_path):
    done = command("report", path, "-o", tmp_path / "r.html", "-o", tmp_path / "r.md")

    assert done.returncode == 0, done.stderr
    for name in stored(path):
        assert name in (tmp_path / "r.html").read_text()
        assert name.partition("_")[0] in (tmp_path / "r.md").read_text()


def test_it_does_not_load_and_the_refusal_names_inspect(path):
    with pytest.raises(ModelError, match="keramos inspect lists its arrays"):
        keramos.load(path)


def test_every_type_of_array_has_a_name(tmp_path):
    path = tmp_path / "types.h5"
    with h5py.File(path, "w") as file:
        for dtype in ("float16", "float32", "float64", "int8", "uint8", "int64", "bool"):
            file[dtype] = np.zeros((2, 3), dtype)
        file["texts"] = np.array([b"ab", b"c"], "S5")
        file.create_dataset("long", data=["a", "bcd"], dtype=h5py.string_dtype())
        file["none"] = np.zeros((0, 3), "float32")
        file["null"] = h5py.Empty("float32")
        file["one"] = np.float32(1)

    found = {one.name: one for one in keramos.inspect(path).tensors}

    assert all(
        found[name].dtype == name
        for name in found
        if name.rstrip("0123456789") in ("float", "int", "uint", "bool")
    )
    assert found["texts"].dtype == found["long"].dtype == "text"
    assert found["none"].shape == (0, 3)
    assert found["null"].shape == (0,)
    assert found["one"].shape == ()


def test_half_precision_of_keras_is_named_as_it_is(tmp_path):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, dtype="bfloat16")])
    model.save_weights(tmp_path / "m.weights.h5")

    assert {one.dtype for one in keramos.inspect(tmp_path / "m.weights.h5").tensors} == {"bfloat16"}


def test_a_group_that_is_reached_twice_is_refused(tmp_path):
    path = tmp_path / "twice.h5"
    with h5py.File(path, "w") as file:
        file["a/x"] = np.ones(3)
        file["b"] = file["a"]

    with pytest.raises(ModelError, match="groups must form a tree"):
        keramos.inspect(path)


def test_a_damaged_file_and_an_architecture_alone_are_refused_as_before(path, tmp_path):
    broken = tmp_path / f"broken{path.suffix}"
    broken.write_bytes(path.read_bytes()[:-300])
    architecture = tmp_path / "model.json"
    architecture.write_text(keras.Sequential([keras.Input((4,))]).to_json())

    with pytest.raises(ModelError):
        keramos.inspect(broken)
    with pytest.raises(UsageError, match="without weights"):
        keramos.inspect(architecture)
