"""Weights without their model: checkpoints of TensorFlow, and HDF5 files in shards."""

import json
import shutil

import numpy as np
import pytest

from keramos.artifact.read import read
from keramos.errors import CorruptModelError, ModelError, UnsafeModelError, UnsupportedModelError
from keramos.pipeline.load import load
from support.container_suite import ContainerSuite, network
from support.tf_keras_models import NESTED_ROWS, nested, twin


class TestCheckpoint(ContainerSuite):
    """``model.to_json()`` and ``model.save_weights("w")`` of Keras 2."""

    kind, by_groups = "json", True
    weights_kind = "checkpoint"

    def write(self, folder):
        (folder / "m.json").write_text(twin().to_json())
        twin().save_weights(folder / "w", save_format="tf")
        return folder / "m.json", folder / "w.index"


class TestCheckpointFolder(ContainerSuite):
    kind, by_groups = "checkpoint_folder", True

    def write(self, folder):
        (folder / "m").mkdir()
        (folder / "m" / "architecture.json").write_text(twin().to_json())
        twin().save_weights(folder / "m" / "w", save_format="tf")
        (folder / "m" / "checkpoint").unlink()
        (folder / "m" / "checkpoint").write_text('model_checkpoint_path: "w"')
        return folder / "m", None

    def test_a_part_cut_anywhere_is_refused(self):
        pytest.skip("the file `checkpoint` may be empty where the folder has one checkpoint")


class TestShardedWeights(ContainerSuite):
    """``model.to_json()`` and ``model.save_weights("w.weights.json", max_shard_size=...)``."""

    kind, by_groups = "json", False
    weights_kind = "sharded_weights"

    def write(self, folder):
        import keras

        layers = network().layers
        model = keras.Sequential(
            [
                keras.Input((2,), name="x"),
                keras.layers.Dense(3, name="dense"),
                keras.layers.BatchNormalization(epsilon=0.01, name="norm"),
            ],
            name="net",
        )
        for name in ("dense", "norm"):
            model.get_layer(name).set_weights(layers[name].weights)
        (folder / "m.json").write_text(model.to_json())
        model.save_weights(folder / "w.weights.json", max_shard_size=30 / 1024**3)
        assert len(list(folder.glob("*.h5"))) > 1
        return folder / "m.json", folder / "w.weights.json"


def test_a_checkpoint_binds_nested_shared_and_wrapped_layers(tmp_path):
    model = nested()
    (tmp_path / "m.json").write_text(model.to_json())
    model.save_weights(tmp_path / "w", save_format="tf")

    for weights in ("w", "w.index", ""):
        found = load(tmp_path / "m.json", weights=tmp_path / weights).predict(NESTED_ROWS)
        for mine, other in zip(found, model.predict(NESTED_ROWS, verbose=0), strict=True):
            np.testing.assert_allclose(mine, other, rtol=1e-5, atol=1e-5)


def test_the_newest_checkpoint_of_a_folder_is_read(tmp_path):
    model = twin()
    (tmp_path / "m.json").write_text(model.to_json())
    model.save_weights(tmp_path / "old", save_format="tf")
    model.layers[0].set_weights([array + 1 for array in model.layers[0].get_weights()])
    model.save_weights(tmp_path / "new", save_format="tf")

    kernel = read(tmp_path).network.layers["dense"].weights[0]
    np.testing.assert_array_equal(kernel, model.layers[0].get_weights()[0])

    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "/elsewhere/old"')
    kernel = read(tmp_path).network.layers["dense"].weights[0]
    np.testing.assert_array_equal(kernel + 1, model.layers[0].get_weights()[0])

    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "../other"')
    with pytest.raises(CorruptModelError, match="2 checkpoints"):
        read(tmp_path)


def test_a_checkpoint_of_tensorflow_1_is_refused_by_name(tmp_path):
    tf = pytest.importorskip("tensorflow")
    (tmp_path / "m.json").write_text(twin().to_json())
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        v1.get_variable("a", shape=(2,))
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, str(tmp_path / "w"), write_meta_graph=False)

    with pytest.raises(UnsupportedModelError, match="TensorFlow 1"):
        read(tmp_path / "m.json", weights=tmp_path / "w.index")


def test_a_shard_that_is_missing_or_stale_is_refused(tmp_path):
    (tmp_path / "m.json").write_text(twin().to_json())
    twin().save_weights(tmp_path / "w", save_format="tf")
    shutil.copy(tmp_path / "w.data-00000-of-00001", tmp_path / "w.data-00000-of-00002")
    assert read(tmp_path / "m.json", weights=tmp_path / "w.index")
    (tmp_path / "w.data-00000-of-00001").unlink()

    with pytest.raises(ModelError, match="00000-of-00001"):
        read(tmp_path / "m.json", weights=tmp_path / "w.index")


@pytest.mark.parametrize("name", ["../w_00000.weights.h5", "/etc/passwd"])
def test_a_list_of_shards_leads_nowhere_else(tmp_path, name):
    path, weights = TestShardedWeights().write(tmp_path)
    listed = json.loads(weights.read_text())
    listed["weight_map"] = dict.fromkeys(listed["weight_map"], name)
    weights.write_text(json.dumps(listed))

    with pytest.raises(UnsafeModelError, match="lead out of"):
        read(path, weights=weights)


def test_a_weight_that_is_not_where_the_list_says_is_refused(tmp_path):
    path, weights = TestShardedWeights().write(tmp_path)
    listed = json.loads(weights.read_text())
    first, *_, last = listed["weight_map"]
    listed["weight_map"][last] = listed["weight_map"][first]
    weights.write_text(json.dumps(listed))

    with pytest.raises(ModelError):
        read(path, weights=weights)
