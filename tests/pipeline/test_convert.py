"""Old files rewritten: plain Keras opens them with default arguments and gives the answers of their
own time.
"""

import json

import h5py
import keras
import numpy as np
import pytest

import keramos
from keramos.errors import MismatchError, UnsupportedModelError

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
    structure = None if isinstance(model, keras.Sequential) else model.input
    if isinstance(structure, dict):  # Keras takes no list for it
        answers = model(keras.tree.pack_sequence_as(structure, given))
    else:
        answers = model(given[0] if len(given) == 1 else given)
    keras.backend.clear_session(free_memory=False)
    return [np.asarray(one) for one in keras.tree.flatten(answers)]


def check(shared, row, target):
    folder = shared / "museum" / row["era"]
    keramos.convert(folder / row["file"], target)
    data = np.load(folder / row["npz"])
    ordered = sorted(data.files, key=lambda key: (len(key), key))
    inputs, outputs = (
        [data[key] for key in ordered if key.startswith(prefix)] for prefix in ("in", "out")
    )
    for mine, theirs in zip(as_keras_answers(target, inputs), outputs, strict=True):
        tolerance = max(1e-4, row["rtol"]) * max(
            1.0, float(np.abs(theirs.astype(float)).max(initial=0))
        )
        np.testing.assert_allclose(
            mine.astype(float), theirs.astype(float), atol=tolerance, err_msg=row["file"]
        )


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
    expected = np.asarray(model(x, training=False))
    model.save(tmp_path / "m.h5")

    keramos.convert(tmp_path / "m.h5", tmp_path / f"new{extension}")

    np.testing.assert_allclose(
        as_keras_answers(tmp_path / f"new{extension}", [x])[0], expected, atol=1e-6
    )


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("mode", ["float8", "int8", "int4"])
@pytest.mark.parametrize("extension", [".keras", ".h5"])
def test_quantised_layers_are_converted_in_the_order_in_which_keras_builds_them(
    tmp_path, mode, extension
):
    hidden = keras.layers.EinsumDense("bd,de->be", 6, bias_axes="e")
    inner = keras.Sequential(
        [keras.Input((6,)), keras.layers.Dense(4), keras.layers.Dense(4, use_bias=False)]
    )
    model = keras.Sequential([keras.Input((8,)), hidden, inner, keras.layers.Dense(2)])
    model.quantize(mode)
    x = np.random.default_rng(0).normal(size=(5, 8)).astype("float32")
    expected = np.asarray(model(x, training=False))
    model.save(tmp_path / "m.keras")
    model.save(tmp_path / "m.h5")

    for source in ("m.keras", "m.h5"):
        keramos.convert(tmp_path / source, tmp_path / f"new{extension}")

        np.testing.assert_allclose(
            keramos.load(tmp_path / f"new{extension}").predict(x), expected, atol=1e-5
        )
        np.testing.assert_allclose(
            as_keras_answers(tmp_path / f"new{extension}", [x])[0], expected, atol=1e-5
        )


ADAPTED = {
    "dense": ((6,), lambda: keras.layers.Dense(5)),
    "einsum": ((6,), lambda: keras.layers.EinsumDense("bd,de->be", 5, bias_axes="e")),
    "conv": ((6, 2), lambda: keras.layers.Conv1D(4, 3, use_bias=False)),
    "embedding": ((6,), lambda: keras.layers.Embedding(9, 4)),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ADAPTED)
@pytest.mark.parametrize("source", ["m.keras", "m.h5"])
def test_what_lora_trained_beside_a_kernel_is_added_to_it(tmp_path, kind, source):
    shape, layer = ADAPTED[kind]
    rng = np.random.default_rng(0)
    x = (
        rng.integers(0, 9, (5, *shape))
        if kind == "embedding"
        else rng.normal(size=(5, *shape)).astype("float32")
    )
    inner = keras.Sequential([keras.Input(shape, dtype=x.dtype.name), layer()])
    model = keras.Sequential([keras.Input(shape, dtype=x.dtype.name), inner, keras.layers.Dense(2)])
    inner.layers[0].enable_lora(2, lora_alpha=3)
    for weight in inner.layers[0].trainable_weights:
        weight.assign(rng.normal(size=weight.shape))
    expected = np.asarray(model(x, training=False))
    model.save(tmp_path / source)

    np.testing.assert_allclose(keramos.load(tmp_path / source).predict(x), expected, atol=1e-5)
    for extension in (".keras", ".h5"):
        keramos.convert(tmp_path / source, tmp_path / f"new{extension}")
        np.testing.assert_allclose(
            as_keras_answers(tmp_path / f"new{extension}", [x])[0], expected, atol=1e-5
        )


@pytest.mark.filterwarnings("ignore")
def test_parts_of_lora_that_cannot_be_added_are_refused(tmp_path):
    layer = keras.layers.Dense(5)
    model = keras.Sequential([keras.Input((6,)), layer])
    layer.enable_lora(2)
    model.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5", "r+") as file:
        config = json.loads(file.attrs["model_config"])
        config["config"]["layers"][1]["config"]["lora_rank"] = 3
        file.attrs["model_config"] = json.dumps(config)
    with pytest.raises(
        MismatchError,
        match=r"LoRA parts do not fit rank 3.*received parts of \(6, 2\) and \(2, 5\)",
    ):
        keramos.load(tmp_path / "m.h5")

    model.quantize("int8")
    model.save(tmp_path / "q.h5")
    with pytest.raises(
        UnsupportedModelError,
        match=r"cannot be added to kernel \(int8\)\. Save the model as \.keras",
    ):
        keramos.load(tmp_path / "q.h5")


@pytest.mark.filterwarnings("ignore")
def test_an_ellipsis_that_keras_cannot_read_from_hdf5_is_refused_there_and_kept_in_keras_files(
    tmp_path,
):
    images = keras.Input((4, 3))
    model = keras.Model(images, images[..., 1:])
    model.save(tmp_path / "m.keras")
    x = np.random.default_rng(0).normal(size=(5, 4, 3)).astype("float32")

    keramos.convert(tmp_path / "m.keras", tmp_path / "new.keras")

    np.testing.assert_array_equal(as_keras_answers(tmp_path / "new.keras", [x])[0], x[..., 1:])
    with pytest.raises(
        UnsupportedModelError, match=r"'\.\.\.' in a slice .*get_item.*Write a \.keras file"
    ):
        keramos.convert(tmp_path / "m.keras", tmp_path / "new.h5")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("extension", [".keras", ".h5"])
def test_every_kind_of_museum_file_converts_and_answers_or_is_refused_by_name(
    shared, tmp_path, extension
):
    converted = 0
    for number, row in enumerate(rows(shared)):
        if (
            any(word in row["case"] for word in (*FIRST_CHANNELS, *OTHER_CALLS))
            or row["case"] == "conv3d_cf"
        ):
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


def test_a_model_that_needs_its_batch_size_is_run_inspected_and_converted(tmp_path):
    x = keras.Input(batch_shape=(4, 3), name="x")
    keras.Model(x, keras.ops.vsplit(x, 2)).save(tmp_path / "m.keras")
    rows = np.arange(12, dtype="float32").reshape(4, 3)

    assert not keramos.inspect(tmp_path / "m.keras").unsupported
    keramos.convert(tmp_path / "m.keras", tmp_path / "new.keras")

    for name in ("m.keras", "new.keras"):
        for found, part in zip(keramos.load(tmp_path / name).predict(rows), (0, 2), strict=True):
            np.testing.assert_array_equal(found, rows[part : part + 2])


@pytest.mark.parametrize(
    ("before", "after", "equal"),
    [
        ([1.0, np.nan], [1.0, np.nan], True),
        ([np.inf, 2.0], [np.inf, 2.0], True),
        ([1.0, np.nan], [1.0, 2.0], False),
        ([1.0, 2.0], [1.0, np.nan], False),
        ([np.inf, 2.0], [-np.inf, 2.0], False),
    ],
)
def test_a_number_that_is_not_finite_is_a_difference_unless_both_have_it(before, after, equal):
    from keramos.pipeline.differences import largest_difference

    assert (largest_difference([np.array(before)], [np.array(after)]) == 0) is equal
