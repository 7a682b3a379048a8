"""Old files rewritten: plain Keras opens them with default arguments and gives the answers of their own time."""

import json

import keras
import numpy as np
import pytest

import keramos
from keramos.errors import UnsupportedModelError

ONE_OF_EACH = {
    "mlp_tabular_trained",
    "cnn_classifier_cl",
    "conv1d_same",
    "rnn_LSTM",
    "rnn_GRU",
    "rnn_recurrent_activation_LSTM",
    "bidirectional_masking",
    "seq2seq",
    "functional_nested",
    "merge_concat",
    "mlp_activations",
    "conv_lstm2d_cl",
}
FIRST_CHANNELS = ("_cf", "_th", "resnet_block", "batchnorm_axis")
"""Cases that TensorFlow cannot run on a CPU, whoever wrote them."""
OTHER_CALLS = ("pre_random", "pre_tabular_end_to_end", "op_conv_pool")
"""Cases in which plain Keras draws at random, or wants its inputs in another structure."""


def rows(shared, cases=None):
    seen = set()
    for row in json.loads((shared / "museum" / "manifest.json").read_text()):
        key = (row["era"][:8], row["case"])
        wanted = cases is None or row["case"] in cases
        if wanted and key not in seen and not row.get("architecture"):
            seen.add(key)
            yield row


def as_keras_answers(path, inputs):
    import tensorflow as tf

    model = keras.models.load_model(path)
    given = [tf.constant(x.tolist()) if x.dtype.kind in "OUS" else x for x in inputs]
    answers = model(given[0] if len(given) == 1 else given)
    answers = list(answers.values()) if isinstance(answers, dict) else answers
    keras.backend.clear_session()
    return [np.asarray(a) for a in (answers if isinstance(answers, list | tuple) else [answers])]


def check(shared, row, target):
    folder = shared / "museum" / row["era"]
    keramos.convert(folder / row["file"], target)
    data = np.load(folder / row["npz"])
    ordered = sorted(data.files, key=lambda key: (len(key), key))
    inputs, outputs = ([data[key] for key in ordered if key.startswith(prefix)] for prefix in ("in", "out"))
    for mine, theirs in zip(as_keras_answers(target, inputs), outputs, strict=True):
        tolerance = max(1e-4, row["rtol"]) * max(1.0, float(np.abs(theirs.astype(float)).max(initial=0)))
        np.testing.assert_allclose(mine.astype(float), theirs.astype(float), atol=tolerance, err_msg=row["file"])


@pytest.mark.filterwarnings("ignore")
def test_converted_files_answer_in_plain_keras_as_when_they_were_written(shared, tmp_path):
    for number, row in enumerate(rows(shared, ONE_OF_EACH)):
        check(shared, row, tmp_path / f"{number}.keras")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("extension", [".keras", ".h5"])
def test_layers_as_activations_are_converted_too(tmp_path, extension):
    hidden = keras.layers.Dense(3, activation=keras.layers.ReLU(1.0, 0.1, 0.2))
    model = keras.Sequential([keras.Input((4,)), hidden, keras.layers.Dense(2)])
    x = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    expected = model.predict(x, verbose=0)
    model.save(tmp_path / "m.h5")

    keramos.convert(tmp_path / "m.h5", tmp_path / f"new{extension}")

    np.testing.assert_allclose(as_keras_answers(tmp_path / f"new{extension}", [x])[0], expected, atol=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_an_ellipsis_that_keras_cannot_read_back_from_hdf5_is_refused_there_and_kept_in_a_keras_file(tmp_path):
    images = keras.Input((4, 3))
    model = keras.Model(images, images[..., 1:])
    model.save(tmp_path / "m.keras")
    x = np.random.default_rng(0).normal(size=(5, 4, 3)).astype("float32")

    keramos.convert(tmp_path / "m.keras", tmp_path / "new.keras")

    np.testing.assert_array_equal(as_keras_answers(tmp_path / "new.keras", [x])[0], x[..., 1:])
    with pytest.raises(UnsupportedModelError, match=r"'\.\.\.' in a slice .*get_item.*write a \.keras file"):
        keramos.convert(tmp_path / "m.keras", tmp_path / "new.h5")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("extension", [".keras", ".h5"])
def test_every_kind_of_museum_file_converts_and_answers_or_is_refused_by_name(shared, tmp_path, extension):
    converted = 0
    for number, row in enumerate(rows(shared)):
        if any(word in row["case"] for word in (*FIRST_CHANNELS, *OTHER_CALLS)) or row["case"] == "conv3d_cf":
            continue
        try:
            check(shared, row, tmp_path / f"{number}{extension}")
        except UnsupportedModelError:
            continue
        converted += 1

    assert converted > 200


def test_a_converted_graph_runs_alone_and_is_valid(shared, tmp_path):
    import onnx
    import onnxruntime

    row = next(rows(shared, {"cnn_classifier_cl"}))
    keramos.convert(shared / "museum" / row["era"] / row["file"], tmp_path / "model.onnx")

    onnx.checker.check_model(str(tmp_path / "model.onnx"), full_check=True)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    assert len(session.get_outputs()) == 1


def test_what_needs_text_before_its_graph_is_not_written_as_onnx(shared, tmp_path):
    row = next(rows(shared, {"pre_hashing", "pre_text_vectorization_int"}))

    with pytest.raises(UnsupportedModelError, match="ONNX cannot express"):
        keramos.convert(shared / "museum" / row["era"] / row["file"], tmp_path / "model.onnx")

    assert not (tmp_path / "model.onnx").exists()
