"""SavedModel folders that tf-keras writes now."""

import numpy as np
import pytest

from keramos.artifact.write import write
from keramos.errors import UnsupportedModelError
from keramos.pipeline.inspect import inspect
from keramos.pipeline.load import load
from support.built_once import built
from support.container_suite import ContainerSuite, network
from support.tf_keras_models import NESTED_ROWS, nested, saved, twin

tf_keras = pytest.importorskip("tf_keras")


class TestSavedModel(ContainerSuite):
    kind, by_groups = "saved_model", True

    def write(self, folder):
        return saved(twin(), folder / "m"), None


class TestSavedModelWithoutTraces(ContainerSuite):
    kind, by_groups = "saved_model", True

    def write(self, folder):
        return saved(twin(), folder / "m", save_traces=False), None


WORDS = np.array([["red"], ["blue"], ["no"], [""]])
TEXT = np.array([["Red, blue red"], ["blue no"], [""], ["red"]])
IDS = np.array([[7], [19], [3], [17]], "i8")
PAIRS = ["red blue", "blue green"]


def lookup(kind, learned=None, **options):
    """Makes a lookup layer of tf-keras, which has learned from words where some are given."""

    def make():
        layer = getattr(tf_keras.layers, kind)(**options)
        if learned:
            layer.adapt(learned)
        return layer

    return make


LOOKUPS = {
    "listed": (lookup("StringLookup", vocabulary=["red", "green", "blue"]), WORDS),
    "adapted": (lookup("StringLookup", ["red", "blue", "red", "green"], mask_token=""), WORDS),
    "hot": (lookup("StringLookup", vocabulary=["red", "blue"], output_mode="one_hot"), WORDS),
    "integers": (lookup("IntegerLookup", vocabulary=[7, 17, 19]), IDS),
    "inverse": (lookup("StringLookup", vocabulary=["a", "b"], invert=True), IDS % 4),
    "tf_idf": (lookup("TextVectorization", [*PAIRS, "red red red"], output_mode="tf_idf"), TEXT),
    "multi_hot": (lookup("TextVectorization", PAIRS, output_mode="multi_hot"), TEXT),
    "sequence": (lookup("TextVectorization", PAIRS, output_sequence_length=4), TEXT),
}
"""Models with lookup layers, each with rows of inputs."""


@pytest.mark.parametrize("case", LOOKUPS)
def test_vocabularies_come_from_wherever_they_are(case, tmp_path):
    make, rows = LOOKUPS[case]
    value = tf_keras.Input((1,), dtype="int64" if rows.dtype.kind == "i" else "string")
    model = tf_keras.Model(value, make()(value))
    wanted = np.asarray(model(tf_keras.backend.constant(rows.tolist(), value.dtype)))

    for traces in (True, False):
        path = saved(model, tmp_path / f"traces {traces}", save_traces=traces)
        found = np.asarray(load(path).predict(rows))

        if wanted.dtype.kind == "O":
            assert found.tolist() == wanted.astype("S").astype(str).tolist()
        else:
            np.testing.assert_allclose(found, wanted, rtol=1e-6)


def test_a_vocabulary_in_a_file_is_read_from_the_folder_and_nowhere_else(tmp_path):
    (tmp_path / "words.txt").write_text("red\ngreen\nblue\n")
    value = tf_keras.Input((1,), dtype="string")
    lookup = tf_keras.layers.StringLookup(vocabulary=str(tmp_path / "words.txt"))
    model = tf_keras.Model(value, lookup(value))
    rows = np.array([["red"], ["blue"], ["no"]])
    path = saved(model, tmp_path / "m")
    (tmp_path / "words.txt").write_text("no\nno more\n")

    np.testing.assert_array_equal(load(path).predict(rows), [[1], [3], [0]])


def save_nested(folder, **options):
    model = nested()
    saved(model, folder / "m", **options)
    np.savez(folder / "answers.npz", *model.predict(NESTED_ROWS, verbose=0))


def answers_in(folder):
    with np.load(folder / "answers.npz") as file:
        return [file[name] for name in file.files]


@pytest.fixture(scope="module")
def nested_folder():
    """A folder with traces, which take seconds to write, and the answers of its model."""
    return built("nested_saved_model", save_nested)


@pytest.mark.parametrize("traces", [True, False])
def test_shared_nested_wrapped_and_frozen_layers_get_their_own_weights(
    traces, nested_folder, tmp_path
):
    folder = nested_folder if traces else tmp_path
    if not traces:
        save_nested(folder, save_traces=False)

    found = load(folder / "m").predict(NESTED_ROWS)

    for mine, other in zip(found, answers_in(folder), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-5, atol=1e-5)


def module(folder, function, *specs, **parts):
    """A module of TensorFlow without Keras that serves one function under the name "ask"."""
    tf = pytest.importorskip("tensorflow")
    saved_module = tf.Module()
    for name, part in parts.items():
        setattr(saved_module, name, part)
    saved_module.answer = tf.function(function, input_signature=specs)
    tf.saved_model.save(saved_module, str(folder), signatures={"ask": saved_module.answer})
    return folder


def test_a_saved_model_without_a_config_answers_by_its_graph(tmp_path):
    tf = pytest.importorskip("tensorflow")
    table = tf.Variable([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    spec = tf.TensorSpec((None, 2), tf.float32, name="x")
    path = module(tmp_path / "m", lambda x: {"y": tf.linalg.matmul(x, table)}, spec, table=table)
    rows = np.array([[1, 2], [0, -1]], "f4")

    model, found = load(path), inspect(path)

    np.testing.assert_allclose(model.predict(rows), rows @ table.numpy())
    assert model.artifact.info.by == found.artifact.info.by == "graph"
    assert found.artifact.info.by_reason == "there is no Keras config"
    assert [one.name for one in (*found.inputs, *found.outputs)] == ["x", "y"]
    assert found.parameters == 6


def test_a_graph_with_random_answers_is_refused_by_the_name_of_the_operation(tmp_path):
    tf = pytest.importorskip("tensorflow")
    spec = tf.TensorSpec((None, 2), tf.float32, name="x")
    path = module(tmp_path / "m", lambda x: {"y": x + tf.random.uniform((2,))}, spec)

    with pytest.raises(UnsupportedModelError, match="random") as caught:
        load(path)

    assert [one.layer_kind for one in caught.value.problems] == ["RandomUniform"]
    assert any("RandomUniform" in one for one in inspect(path).unsupported)


def test_a_model_of_a_folder_is_pickled_with_its_digest_and_without_its_files(tmp_path):
    import pickle

    model = load(saved(twin(), tmp_path / "m"))
    data = pickle.dumps(model)

    again = pickle.loads(data)  # noqa: S301 (just made here)
    assert again.artifact.info.sha256 == model.artifact.info.sha256
    assert len(data) < len((tmp_path / "m" / "saved_model.pb").read_bytes())


@pytest.mark.parametrize("end", ["", "saved_model.pb"])
def test_the_folder_and_its_main_file_are_the_same_model(end, tmp_path):
    path = saved(twin(), tmp_path / "m")

    assert load(path / end).artifact.info.sha256 == load(path).artifact.info.sha256


def test_a_saved_model_becomes_a_keras_file_that_current_keras_opens(nested_folder, tmp_path):
    import keras

    from keramos.pipeline.convert import convert

    convert(nested_folder / "m", tmp_path / "m.keras")

    found = keras.models.load_model(tmp_path / "m.keras").predict(NESTED_ROWS, verbose=0)
    for mine, other in zip(found, answers_in(nested_folder), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-4)


def test_opening_an_h5_file_imports_nothing_of_other_forms(tmp_path):
    import subprocess
    import sys

    write(tmp_path / "m.h5", network(), None)
    code = (
        "import sys, keramos; keramos.load(sys.argv[1]).predict([[1.0, 2.0]]);"
        "print([n for n in sys.modules if any(w in n for w in "
        "('object_graph', 'tensor_bundle', 'artifact.protobuf', 'tfjs', 'sharded', 'leaf_weights'))"
        " and n.startswith('keramos')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "m.h5")], capture_output=True, check=True
    )

    assert done.stdout.strip() == b"[]"
