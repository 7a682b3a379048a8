"""Models written in the forms of other programs answer there as keramos answers."""

import json

import numpy as np
import pytest

import keramos
from keramos.errors import MismatchError, SaveError, UnsupportedModelError, UsageError
from keramos.runtime.random_feeds import random_feeds
from support.tfjs import run_in_tfjs
from support.trained import three_numbers
from support.written_models import MODELS, MORE, built

pytestmark = pytest.mark.oracle


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Every model as a ``.keras`` file, opened, with feeds and answers."""
    folder, found = tmp_path_factory.mktemp("written"), {}
    for name, make in {**MODELS, **MORE}.items():
        path = folder / f"{name}.keras"
        built(make).save(path)
        model = keramos.load(path)
        feeds = random_feeds(model.inputs)
        found[name] = path, model, feeds, model.session.run(feeds)
    return found


def close(mine, theirs, name):
    assert len(mine) == len(theirs), name
    for a, b in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6, err_msg=name)


def in_tensorflow(path, model, feeds):
    import tensorflow as tf

    served = tf.saved_model.load(str(path)).signatures["serving_default"]
    texts = {key: tf.constant(x.tolist()) if x.dtype == object else x for key, x in feeds.items()}
    made = served(**{key: tf.constant(value) for key, value in texts.items()})
    assert len(made) == len(model.outputs)
    return made


def test_tensorflow_answers_a_written_saved_model_as_keramos_answers_the_source(saved, tmp_path):
    for name, (path, model, feeds, answers) in saved.items():
        keramos.convert(path, tmp_path / name)
        made = in_tensorflow(tmp_path / name, model, feeds)
        ordered = [made[key] for key in sorted(made, key=order_of(model))]
        close([np.asarray(y) for y in ordered], answers, name)


def order_of(model):
    names = [spec.name for spec in model.outputs]
    return lambda key: names.index(key) if key in names else len(names) + int(key[-1])


def test_tensorflow_js_answers_a_written_layers_model_as_keramos_answers_the_source(
    saved, tmp_path
):
    jobs = []
    for name in MODELS:
        path, model, feeds, _ = saved[name]
        keramos.convert(path, tmp_path / name, to="tfjs")
        jobs.append((tmp_path / name / "model.json", [feeds[spec.name] for spec in model.inputs]))
    for name, made in zip(MODELS, run_in_tfjs(jobs, tmp_path), strict=True):
        close(made, saved[name][3], name)


@pytest.mark.filterwarnings("ignore")  # of TensorFlow about its own interpreter
def test_tensorflow_lite_answers_a_written_file_as_keramos_answers_the_source(saved, tmp_path):
    import tensorflow as tf

    for name in MODELS:
        path, _, feeds, answers = saved[name]
        done = keramos.convert(path, tmp_path / f"{name}.tflite")
        assert done.difference is None
        runner = tf.lite.Interpreter(str(tmp_path / f"{name}.tflite")).get_signature_runner()
        made = runner(**feeds)
        close([made[key] for key in made], answers, name)


def test_what_tensorflow_lite_lacks_is_refused_by_name(saved, tmp_path):
    for name, word in {"volume": "Conv3D", "lookup": "texts", "gru": "fixed length"}.items():
        with pytest.raises(UnsupportedModelError, match=word):
            keramos.convert(saved[name][0], tmp_path / "m.tflite")
    assert not (tmp_path / "m.tflite").exists()


def test_keramos_reads_a_written_layers_model_back(saved, tmp_path):
    path, _model, feeds, answers = saved["two_inputs"]
    (tmp_path / "js").mkdir()
    done = keramos.convert(path, tmp_path / "js" / "model.json")
    assert done.difference is not None
    assert done.difference < 1e-6
    close(keramos.load(tmp_path / "js").session.run(feeds), answers, "two_inputs")


def test_what_tensorflow_js_lacks_is_refused_by_name(saved, tmp_path):
    with pytest.raises(UnsupportedModelError) as caught:
        keramos.convert(saved["lookup"][0], tmp_path / "js", to="tfjs")
    assert [problem.layer_kind for problem in caught.value.problems] == ["StringLookup"]
    assert not (tmp_path / "js").exists()


def test_shards_have_four_mebibytes(tmp_path):
    import keras

    keras.Sequential([keras.Input((1500,)), keras.layers.Dense(1000)]).save(tmp_path / "m.keras")
    keramos.convert(tmp_path / "m.keras", tmp_path / "js", to="tfjs")
    manifest = json.loads((tmp_path / "js" / "model.json").read_text())["weightsManifest"]
    sizes = [(tmp_path / "js" / name).stat().st_size for name in manifest[0]["paths"]]
    assert sizes == [1 << 22, 6_004_000 - (1 << 22)]


@pytest.mark.parametrize("form", ["tfjs", "saved_model"])
def test_content_of_keramos_survives(tmp_path, form):
    three_numbers(tmp_path)
    run = tmp_path / "m.h5"
    keramos.convert(run, tmp_path / "written", to=form)
    before, after = keramos.load(run), keramos.load(tmp_path / "written")
    assert after.artifact.content == before.artifact.content
    assert after.artifact.seal == "intact"
    rows = [{"x0": 0.1, "x1": 0.9, "x2": 0.4}]
    assert after.decide(rows) == before.decide(rows)


def test_content_beside_a_graph_that_was_changed_is_broken(tmp_path):
    three_numbers(tmp_path)
    keramos.convert(tmp_path / "m.h5", tmp_path / "sm")
    graph = tmp_path / "sm" / "saved_model.pb"
    graph.write_bytes(graph.read_bytes() + b"\x18\x00")
    with pytest.raises(MismatchError, match="changed after keramos wrote it"):
        keramos.load(tmp_path / "sm")


def test_keramos_reads_a_written_saved_model_back_in_the_order_of_keras(saved, tmp_path):
    path, model, feeds, answers = saved["two_inputs"]
    done = keramos.convert(path, tmp_path / "sm")
    assert done.difference is not None
    found = keramos.load(tmp_path / "sm")
    assert [spec.name for spec in found.outputs] == [spec.name for spec in model.outputs]
    close(found.session.run(feeds), answers, "two_inputs")


def test_a_folder_replaces_one_of_before_and_leaves_files_alone(saved, tmp_path):
    for _ in range(2):
        keramos.convert(saved["mlp"][0], tmp_path / "1")
    assert [path.name for path in (tmp_path / "1").iterdir()] == ["saved_model.pb"]
    (tmp_path / "file").write_text("mine")
    with pytest.raises(SaveError):
        keramos.convert(saved["mlp"][0], tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


def test_a_target_of_no_form_is_named(saved, tmp_path):
    with pytest.raises(UsageError, match=r"\.keras"):
        keramos.convert(saved["mlp"][0], tmp_path / "model.pkl")


@pytest.mark.parametrize("form", ["saved_model", "tfjs"])
def test_a_folder_with_other_files_is_never_replaced(saved, tmp_path, form):
    path = next(iter(saved.values()))[0]
    folder = tmp_path / "notes"
    folder.mkdir()
    keramos.convert(path, folder, to=form)  # an empty folder is taken
    keramos.convert(path, folder, to=form)  # so is one of a model of this form
    (folder / "thesis.txt").write_text("years of work")
    with pytest.raises(SaveError, match=r"'thesis\.txt', which would be lost"):
        keramos.convert(path, folder, to=form)
    assert (folder / "thesis.txt").read_text() == "years of work"


def test_a_name_that_means_another_form_is_refused(saved, tmp_path):
    path = next(iter(saved.values()))[0]
    with pytest.raises(UsageError, match="the extension means the form onnx"):
        keramos.convert(path, tmp_path / "x.onnx", to="keras")
    assert not list(tmp_path.iterdir())
