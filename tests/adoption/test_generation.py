"""An adopted file stays of the Keras that wrote its source, as long as its network is the same."""

import json
import zipfile

import h5py
import numpy as np
import pytest

import keramos
from keramos.artifact.beside import can_stay, write_beside
from keramos.pipeline.reading import opened
from keramos.types.artifact import Content
from keramos.types.schema import ColumnSchema, Schema, TargetSchema
from keramos.types.training import DecisionRule
from support import tiny_networks
from support.command import keramos as command
from support.shared import SHARED
from support.sklearn_pickles import dumped, estimator

CONTENT = Content(
    schema=Schema((ColumnSchema("x", "number", ""),), TargetSchema("y", "regression", "")),
    rule=DecisionRule("value", ""),
)
MUSEUM = SHARED / "museum"
pytestmark = [
    pytest.mark.oracle,
    pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file"),
]


@pytest.fixture(scope="module")
def keras2(tmp_path_factory):
    """A model of pictures in the form of Keras 2, which Keras 3 does not take apart alike."""
    tf_keras = pytest.importorskip("tf_keras")
    layers = tf_keras.layers
    path = tmp_path_factory.mktemp("keras2")
    model = tf_keras.Sequential(
        [layers.Flatten(input_shape=(6, 8, 3)), layers.Dense(3, "softmax", name="named")]
    )
    model.compile("adam", "categorical_crossentropy")
    model.fit(np.zeros((2, 6, 8, 3)), np.eye(3)[:2], verbose=0)
    for name in ("m.h5", "m.keras"):
        model.save(path / name)
    return path, model


def _adopted(path, **given):
    return keramos.attach(
        path, schema={"photo": "image"}, settings={"scale": "0..1"}, labels=["a", "b", "c"], **given
    )


def _all(path):
    """Everything in an HDF5 file, or in an archive, but the content of keramos."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return {
                name: archive.read(name) for name in archive.namelist() if "keramos/" not in name
            }
    found = {}

    def visit(name, node):
        if not name.startswith("keramos"):
            data = node[()].tobytes() if isinstance(node, h5py.Dataset) else b""
            found[name] = (data, sorted((key, str(value)) for key, value in node.attrs.items()))

    with h5py.File(path) as file:
        visit("", file)
        file.visititems(visit)
    return found


@pytest.mark.parametrize("name", ["m.h5", "m.keras"])
def test_keras_2_opens_what_was_adopted_from_its_file_and_trains_on(keras2, name, tmp_path):
    import tf_keras

    form = _adopted(keras2[0] / name).save(tmp_path / name)

    again = tf_keras.models.load_model(tmp_path / name)
    x = np.random.default_rng(0).random((4, 6, 8, 3)).astype("float32")
    assert np.array_equal(again.predict(x, verbose=0), keras2[1].predict(x, verbose=0))
    assert int(again.optimizer.iterations) == 1
    assert _all(tmp_path / name) == _all(keras2[0] / name)
    assert form.generation == "source"
    assert f"stays as Keras {tf_keras.__version__} wrote it" in form.text()
    model = keramos.load(tmp_path / name)
    assert model.artifact.info.generation == "tf_keras"
    assert all(check.passed for check in keramos.verify(tmp_path / name))


def test_upgrade_writes_the_form_of_keras_3(keras2, tmp_path):
    import keras

    form = _adopted(keras2[0] / "m.h5").save(tmp_path / "w.h5", upgrade=True)
    assert form.generation == "current"
    assert keramos.load(tmp_path / "w.h5").artifact.info.generation == "keras3"
    x = np.random.default_rng(0).random((4, 6, 8, 3)).astype("float32")
    answers = keras.models.load_model(tmp_path / "w.h5").predict(x, verbose=0)
    assert answers == pytest.approx(keras2[1].predict(x, verbose=0), abs=1e-6)


def test_another_extension_is_another_form_and_says_so(keras2, tmp_path):
    form = _adopted(keras2[0] / "m.h5").save(tmp_path / "w.keras")
    assert form.text().startswith("Keras 3 opens the file: a .keras file has another form; .h5")


def test_a_file_of_keras_3_stays_as_it_is_too(tmp_path):
    import keras

    model = keras.Sequential(
        [keras.Input((6, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(3, "softmax")]
    )
    model.save(tmp_path / "m.keras")
    form = _adopted(tmp_path / "m.keras").save(tmp_path / "w.keras")
    assert (
        form.text()
        == f"the network stays as Keras {keras.__version__} wrote it, which opens the file"
    )
    assert _all(tmp_path / "w.keras") == _all(tmp_path / "m.keras")
    x = np.random.default_rng(0).random((4, 6, 8, 3)).astype("float32")
    answers = keras.models.load_model(tmp_path / "w.keras").predict(x, verbose=0)
    assert np.array_equal(answers, model.predict(x, verbose=0))


def test_what_was_adopted_is_adopted_again_with_other_labels(keras2, tmp_path):
    _adopted(keras2[0] / "m.h5").save(tmp_path / "one.h5")
    again = keramos.attach(
        tmp_path / "one.h5", schema={"photo": "image"}, settings={"scale": "0..1"}, labels=[*"xyz"]
    )
    again.save(tmp_path / "one.h5")
    assert keramos.load(tmp_path / "one.h5").content.rule.labels == ("x", "y", "z")


def test_a_source_that_changed_meanwhile_is_not_copied(keras2, tmp_path):
    path = tmp_path / "m.h5"
    path.write_bytes((keras2[0] / "m.h5").read_bytes())
    adopted = _adopted(path)
    tiny_networks.pictures(path)
    with pytest.raises(keramos.errors.SaveError, match="was changed while it was adopted"):
        adopted.save(tmp_path / "w.h5")
    assert not (tmp_path / "w.h5").exists()


def test_layers_that_prepare_inputs_are_told_where_the_source_is_older(tmp_path):
    tf_keras = pytest.importorskip("tf_keras")
    model = tf_keras.Sequential([tf_keras.layers.Dense(1, input_shape=(2,))])
    model.save(tmp_path / "m.h5")
    state = {"mean_": np.zeros(2), "scale_": np.ones(2), "var_": np.ones(2), "n_features_in_": 2,
             "feature_names_in_": np.array(["a", "b"], object)}  # fmt: skip
    (tmp_path / "scaler.pkl").write_bytes(dumped(estimator("StandardScaler", **state)))
    given = [tmp_path / "m.h5", tmp_path / "scaler.pkl", "-o", tmp_path / "w.h5", "--choose", "1"]
    done = command("adopt", *given)
    assert done.returncode == 0, done.stderr
    said = done.stdout
    assert "Keras 3 opens the file: what prepares its inputs became layers" in said
    document = json.loads(command("adopt", *given, "--json").stdout)
    assert document["form"]["generation"] == "current"


def _of_museum():
    if not MUSEUM.is_dir():
        return []
    entries = json.loads((MUSEUM / "manifest.json").read_text())
    whole = [one for one in entries if one["form"] in {"h5", "keras"}]
    return [MUSEUM / one["era"] / one["file"] for one in whole]


def _kept(path, target):
    artifact = opened(path)
    assert can_stay(artifact, target)
    write_beside(target, artifact, CONTENT)
    copy = opened(target)
    assert copy.seal == "intact"
    assert _all(target) == _all(path), path
    assert artifact.info.keras_version == copy.info.keras_version


def test_files_of_every_keras_take_content_and_keep_all_else(tmp_path):
    """Of every third pair of an era and a form, one."""
    chosen = {(path.parent, path.suffix): path for path in _of_museum()}
    if not chosen:
        pytest.skip("the museum is absent")
    for path in list(chosen.values())[::3]:
        _kept(path, tmp_path / f"w{path.suffix}")


@pytest.mark.slow
def test_each_file_of_the_museum_takes_content_and_keeps_all_else(tmp_path):
    paths = _of_museum()
    if not paths:
        pytest.skip("the museum is absent")
    for path in paths:
        try:
            opened(path)
        except keramos.errors.KeramosError:
            continue
        _kept(path, tmp_path / f"w{path.suffix}")
