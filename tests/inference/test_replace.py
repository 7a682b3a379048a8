"""Layers that hold code: said in an expression, or by a function, and never decoded."""

import json
import zipfile

import keras
import numpy as np
import pytest
from keras import layers as kl

import keramos
from keramos.errors import ForeignCodeError, KeramosError, ModelError, UsageError
from keramos.store.store import Store

X = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")

EXPRESSIONS = {
    "x / 127.5 - 1.0": lambda x: x / 127.5 - 1.0,
    "abs(x) ** 0.5 + 2 ** 3": lambda x: np.abs(x) ** 0.5 + 8,
    "-x[:, ::-1]": lambda x: -x[:, ::-1],
    "where(x > 0, x, 0.1 * x)": lambda x: np.where(x > 0, x, 0.1 * x),
    "K.mean(x, axis=-1, keepdims=True) * x": lambda x: x.mean(-1, keepdims=True) * x,
    "lambda t: tf.reduce_sum(tf.square(t), axis=1, keepdims=True) - t": lambda x: (
        (x**2).sum(1, keepdims=True) - x
    ),
    "concatenate([x, x * 2], axis=-1)": lambda x: np.concatenate([x, x * 2], -1),
    "ops.softmax(x, axis=-1)": lambda x: np.exp(x) / np.exp(x).sum(-1, keepdims=True),
    "clip(x, -0.5, 0.5)": lambda x: np.clip(x, -0.5, 0.5),
    "expand_dims(x, 1)[..., 0]": lambda x: x[:, None][..., 0],
    "K.concatenate([x, -x])": lambda x: np.concatenate([x, -x], -1),
    "K.sqrt(K.maximum(K.sum(K.square(x), axis=1, keepdims=True), K.epsilon()))": lambda x: np.sqrt(
        (x**2).sum(1, keepdims=True)
    ),
    "K.sqrt(x)": lambda x: np.sqrt(np.maximum(x, 0)),
    "K.hard_sigmoid(x)": lambda x: np.clip(0.2 * x + 0.5, 0, 1),
    "hard_sigmoid(x)": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "K.l2_normalize(x, axis=1)": lambda x: x / np.sqrt((x**2).sum(1, keepdims=True)),
    "K.argmax(x)": lambda x: x.argmax(-1),
    "K.expand_dims(x)": lambda x: x[..., None],
    "K.batch_dot(x, x, axes=1)": lambda x: (x * x).sum(1, keepdims=True),
    "K.batch_dot(x, expand_dims(x, 2))": lambda x: (x * x).sum(1, keepdims=True),
    "K.batch_dot(expand_dims(x, 1), expand_dims(x, 2))": lambda x: (x * x).sum(1)[:, None, None],
    "K.batch_flatten(expand_dims(x, 1))": lambda x: x,
    "K.relu(x, alpha=0.3, max_value=0.5)": lambda x: np.minimum(np.where(x >= 0, x, 0.3 * x), 0.5),
    "K.relu(x, threshold=0.2)": lambda x: np.where(x >= 0.2, x, 0),
    "K.repeat(x, 3)": lambda x: np.repeat(x[:, None], 3, 1),
    "K.repeat_elements(x, 2, 1)": lambda x: np.repeat(x, 2, 1),
    "K.reverse(x, 1)": lambda x: x[:, ::-1],
    "K.permute_dimensions(expand_dims(x, 1), (0, 2, 1))": lambda x: x[..., None],
    "K.switch(x > 0, x, K.exp(x))": lambda x: np.where(x > 0, x, np.exp(x)),
    "K.cumsum(x, axis=1) + K.cumprod(x, axis=1)": lambda x: np.cumsum(x, 1) + np.cumprod(x, 1),
    "K.one_hot(K.argmin(x), 4)": lambda x: np.eye(4)[x.argmin(-1)],
    "K.gather([1.0, 2.0, 3.0, 4.0], K.argmax(x))": lambda x: x.argmax(-1) + 1.0,
    "K.flatten(x)": lambda x: x.ravel(),
    "K.resize_images(reshape(x, (-1, 2, 2, 1)), 2, 3)": lambda x: (
        x.reshape(-1, 2, 2, 1).repeat(2, 1).repeat(3, 2)
    ),
    "tf.keras.backend.mean(x, axis=1)": lambda x: x.mean(1),
    "tf.argmax(x, 1)": lambda x: x.argmax(1),
    "tf.concat([x, x], 1)": lambda x: np.concatenate([x, x], 1),
    "tf.math.l2_normalize(x, axis=-1)": lambda x: x / np.sqrt((x**2).sum(1, keepdims=True)),
    "tf.image.resize(reshape(x, (-1, 2, 2, 1)), [4, 6], 'nearest')": lambda x: (
        x.reshape(-1, 2, 2, 1).repeat(2, 1).repeat(3, 2)
    ),
    "tf.nn.relu(x) * np.pi": lambda x: np.maximum(x, 0) * np.pi,
    "np.linalg.norm(x, axis=1)": lambda x: np.linalg.norm(x, axis=1),
    "np.sqrt(2.0) * x": lambda x: np.sqrt(2.0) * x,
    "batch_normalization(x, [0.0, 1.0, 2.0, 3.0], [1.0, 1.0, 4.0, 4.0], axis=-1, epsilon=0.0)": (
        lambda x: (x - np.arange(4)) / [1, 1, 2, 2]
    ),
}


@pytest.fixture
def lambda_file(tmp_path):
    x = keras.Input((4,), name="x")
    keras.Model(x, kl.Lambda(lambda v: v * 2, name="secret")(x)).save(tmp_path / "model.keras")
    return tmp_path / "model.keras"


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_stands_in_for_code(expression, lambda_file):
    model = keramos.load(lambda_file, replace={"secret": expression})

    np.testing.assert_allclose(model.predict(X), EXPRESSIONS[expression](X), rtol=1e-5, atol=1e-6)


def test_an_expression_names_several_inputs_by_place(tmp_path):
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    keras.Model([a, b], kl.Lambda(lambda v: v[0] - v[1], name="distance")([a, b])).save(
        tmp_path / "model.h5"
    )

    model = keramos.load(tmp_path / "model.h5", replace={"distance": "abs(x[0] - x[1])"})

    np.testing.assert_allclose(model.predict([X, X[::-1].copy()]), np.abs(X - X[::-1]), rtol=1e-6)


def test_an_expression_of_several_parts_gives_several_outputs(tmp_path):
    x = keras.Input((4,), name="x")
    parts = kl.Lambda(lambda v: (v[:, :1], v[:, 1:]), name="parts")(x)
    keras.Model(x, list(parts)).save(tmp_path / "model.h5")

    answers = keramos.load(
        tmp_path / "model.h5", replace={"parts": "[x[:, :1], x[:, 1:]]"}
    ).predict(X)

    np.testing.assert_allclose(np.concatenate(answers, 1), X)


def test_an_expression_over_whole_numbers_keeps_them_exact(tmp_path):
    x = keras.Input((1,), name="x", dtype="int64")
    keras.Model(x, kl.Lambda(lambda v: v + 1, name="next", dtype="int64")(x)).save(
        tmp_path / "model.keras"
    )

    model = keramos.load(tmp_path / "model.keras", replace={"next": "x + 1"})

    assert model.predict(np.array([[2**40]])).tolist() == [[2**40 + 1]]


@pytest.mark.filterwarnings("ignore:Layer 'secret'")
def test_an_expression_ends_a_mask_as_code_does(tmp_path):
    x = keras.Input((3,), name="x")
    y = kl.Lambda(lambda v: v * 2, name="secret")(kl.Embedding(4, 2, mask_zero=True)(x))
    model = keras.Model(x, kl.LSTM(2)(y))
    model.save(tmp_path / "model.keras")
    rows = np.array([[1.0, 2.0, 0.0]], "float32")

    answers = keramos.load(tmp_path / "model.keras", replace={"secret": "x * 2"}).predict(rows)

    np.testing.assert_allclose(answers, np.asarray(model(rows)), rtol=1e-5, atol=1e-6)


def test_a_function_may_append_what_an_expression_cannot_say(lambda_file):
    model = keramos.load(lambda_file, replace={"secret": lambda site: site.g.op("Erf", site.x)})

    assert model.predict(X).shape == X.shape


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("x.mean(axis=1)", "no function 'x.mean'"),
        ("(x + 1).sum()", "no function"),
        ("os.exp(x)", "no function 'os.exp'"),
        ("tf.hard_sigmoid(x)", "no function 'tf.hard_sigmoid'"),
        ("K.hard_tanh(x)", "no function 'K.hard_tanh'"),
        ("K.random_normal(x)", "no function"),
        ("0 < x < 1", "Compare is not read"),
        ("x if 1 else 2", "IfExp is not read"),
        ("'text'", "does not use its input"),
        ("[1, 2]", "does not use its input"),
        ("__import__('os').system('true')", "there is no function"),
        ("open('/etc/passwd')", "no function 'open'"),
        ("x.__class__", "Attribute is not read"),
        ("[y for y in x]", "ListComp is not read"),
        ("x +", "cannot be read at column"),
        ("y * 2", "there is no .y., the input is x"),
        ("mean(x, axes=1)", "no argument 'axes'"),
        ("9 ** 9 ** 9 * x", "no result"),
        ("x[3.5]", "are"),
        ("1 + 1", "does not use its input"),
        ("x * " * 600 + "x", "too long"),
        ("x" + "+x" * 300, "parts"),
        ("lambda a, b: a", "one argument"),
    ],
)
def test_anything_else_than_arithmetic_is_refused_with_its_place(expression, message, lambda_file):
    with pytest.raises((UsageError, keramos.errors.ModelError), match=message):
        keramos.load(lambda_file, replace={"secret": expression})


def test_a_replacement_for_a_layer_that_is_not_there_names_those_that_are(lambda_file):
    with pytest.raises(
        UsageError,
        match=r"layer 'other': replace= names a layer that does not exist.*are x, secret",
    ):
        keramos.load(lambda_file, replace={"other": "x"})


def test_an_architecture_loads_with_its_weights(tmp_path):
    x = keras.Input((4,))
    model = keras.Model(x, kl.Dense(3)(x))
    (tmp_path / "model.json").write_text(model.to_json())
    model.save_weights(tmp_path / "model.weights.h5")

    loaded = keramos.load(tmp_path / "model.json", weights=tmp_path / "model.weights.h5")

    np.testing.assert_allclose(loaded.predict(X), np.asarray(model(X)), rtol=1e-5, atol=1e-6)


@pytest.fixture
def two_inputs(tmp_path):
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    code = kl.Lambda(lambda v: v[0] - v[1], name="distance")
    keras.Model([a, b], code([a, b])).save(tmp_path / "two.h5")
    return tmp_path / "two.h5"


WRONG_FOR_TWO = [
    "x * 2",
    "-x",
    "x > 0",
    "x[2] - x[0]",
    "x[-3]",
    "y[0]",
    "x[0] + z",
    "abs(x)",
    "tf.nope(x[0])",
    "concatenate(x, axis=7)",
    "sum(x[0], axis=4)",
    "x[0][:, 'a']",
    "1 + 1",
]


@pytest.mark.parametrize("expression", WRONG_FOR_TWO)
def test_an_expression_that_does_not_fit_is_named_with_the_inputs_there_are(expression, two_inputs):
    with pytest.raises(UsageError) as refusal:
        keramos.load(two_inputs, replace={"distance": expression})

    assert refusal.value.where.layer == "distance"
    assert "its inputs are x[0] of shape (None, 4), x[1]" in str(refusal.value)


@pytest.mark.parametrize("expression", ["x[0]", "x[0] - x[1]", "x[-1] * 2", "abs(x[1])"])
def test_one_input_is_not_taken_apart_into_rows(expression, lambda_file):
    with pytest.raises(UsageError, match=r"the layer has one input.*its one input is x, of shape"):
        keramos.load(lambda_file, replace={"secret": expression})


def test_a_replacement_with_too_few_outputs_is_named(tmp_path):
    x = keras.Input((4,), name="x")
    parts = kl.Lambda(lambda v: (v[:, :1], v[:, 1:]), name="parts")(x)
    keras.Model(x, kl.Concatenate()(list(parts)[::-1])).save(tmp_path / "model.h5")

    with pytest.raises(UsageError, match=r"takes 2 tensors from the layer; .* gives 1"):
        keramos.load(tmp_path / "model.h5", replace={"parts": "x * 2"})


def test_a_layer_that_holds_code_is_refused_with_its_name_in_the_way_out(lambda_file):
    with pytest.raises(ModelError, match=r"replace=\{'secret': .*--replace 'secret=EXPRESSION'"):
        keramos.load(lambda_file)


def test_a_layer_of_a_class_of_its_own_is_refused_with_its_name_in_the_way_out(tmp_path):
    @keras.saving.register_keras_serializable("mine")
    class Tripled(kl.Layer):
        def call(self, x):
            return x * 3

    x = keras.Input((4,), name="x")
    keras.Model(x, Tripled(name="my_own")(x)).save(tmp_path / "model.keras")

    with pytest.raises(ModelError, match=r"replace=\{'my_own': .*--replace 'my_own=EXPRESSION'"):
        keramos.load(tmp_path / "model.keras")
    model = keramos.load(tmp_path / "model.keras", replace={"my_own": "x * 3"})
    np.testing.assert_allclose(model.predict(X), X * 3)


INSIDE = {
    "a layer": lambda own: own,
    "a layer of a layer": kl.TimeDistributed,
    "a layer of a model": lambda own: keras.Sequential(
        [keras.Input((2, 3)), kl.Dense(3), own, kl.Dense(2)]
    ),
}


@pytest.mark.parametrize("inside", INSIDE)
def test_a_wrapped_layer_that_is_replaced_is_written_as_current_keras_has_it(inside, tmp_path):
    @keras.saving.register_keras_serializable("mine")
    class Halved(kl.Layer):
        def call(self, x):
            return x / 2

        def compute_output_shape(self, shape):
            return shape

    x = keras.Input((4, 2, 3), name="x")
    y = kl.TimeDistributed(INSIDE[inside](Halved(name="own")))(kl.Dense(3)(x))
    model = keras.Model(x, kl.Flatten()(y))
    model.save(tmp_path / "old.keras")
    rows = np.random.default_rng(0).normal(size=(3, 4, 2, 3)).astype("float32")

    keramos.convert(tmp_path / "old.keras", tmp_path / "new.keras", replace={"own": "x / 2"})

    new = keras.saving.load_model(tmp_path / "new.keras", custom_objects={})
    np.testing.assert_allclose(new(rows), model(rows), rtol=1e-5, atol=1e-6)
    assert "Halved" not in str(new.get_config())
    assert "Expression" not in str(new.get_config())


def test_what_is_neither_expression_nor_function_is_no_replacement(lambda_file):
    with pytest.raises(UsageError, match="an expression or a function"):
        keramos.load(lambda_file, replace={"secret": 2})


def test_every_way_to_open_a_file_takes_replacements(lambda_file, tmp_path):
    replace = {"secret": "x * 2"}
    table = tmp_path / "rows.csv"
    table.write_text("a,b,c,d\n1,2,3,4\n")

    assert keramos.load(lambda_file, replace=replace).predict(X).shape == X.shape
    assert not keramos.inspect(lambda_file, replace=replace).unsupported
    assert keramos.convert(lambda_file, tmp_path / "m.onnx", replace=replace).difference == 0
    assert all(check.passed for check in keramos.verify(lambda_file, replace=replace))
    assert Store(tmp_path / "models").publish(lambda_file, "m", replace=replace).number == 1
    scored = keramos.score(
        lambda_file, table, tmp_path / "out.csv", replace=replace, columns=("a", "b", "c", "d")
    )
    assert scored.totals.decided == 1
    with keramos.serve(lambda_file, port=0, replace=replace, block=False) as server:
        assert server.url


def test_every_way_to_open_a_file_names_a_wrong_replacement(lambda_file, tmp_path):
    replace = {"secrt": "x * 2"}
    table = tmp_path / "rows.csv"
    table.write_text("a,b,c,d\n1,2,3,4\n")
    ways = [
        lambda: keramos.load(lambda_file, replace=replace),
        lambda: keramos.inspect(lambda_file, replace=replace),
        lambda: keramos.convert(lambda_file, tmp_path / "m.onnx", replace=replace),
        lambda: keramos.verify(lambda_file, replace=replace),
        lambda: Store(tmp_path / "models").publish(lambda_file, "m", replace=replace),
        lambda: keramos.score(lambda_file, table, tmp_path / "out.csv", replace=replace),
        lambda: keramos.serve(lambda_file, port=0, replace=replace, block=False),
    ]
    for way in ways:
        with pytest.raises(KeramosError, match=r"layer 'secrt'.*mean 'secret'"):
            way()


def test_an_activation_of_another_module_is_code_that_a_replacement_may_say(tmp_path):
    x = keras.Input((4,), name="x")
    keras.Model(x, kl.Dense(2, name="own")(x)).save(tmp_path / "m.keras")
    foreign = {"module": "my.package", "class_name": "function", "config": "relu"}
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(parts["config.json"])
    config["config"]["layers"][1]["config"]["activation"] = foreign
    with zipfile.ZipFile(tmp_path / "own.keras", "w") as archive:
        for name, data in {**parts, "config.json": json.dumps(config)}.items():
            archive.writestr(name, data)

    with pytest.raises(ForeignCodeError, match=r"(?s)my\.package>relu.*replace=\{'own'"):
        keramos.load(tmp_path / "own.keras")
    model = keramos.load(tmp_path / "own.keras", replace={"own": "x[:, :2]"})
    np.testing.assert_allclose(model.predict(X), X[:, :2])
