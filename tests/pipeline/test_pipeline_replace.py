"""Layers that hold code: said in an expression, or by a function, and never decoded."""

import keras
import numpy as np
import pytest
from keras import layers as kl

import keramos
from keramos.errors import UsageError

X = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")

EXPRESSIONS = {
    "x / 127.5 - 1.0": lambda x: x / 127.5 - 1.0,
    "abs(x) ** 0.5 + 2 ** 3": lambda x: np.abs(x) ** 0.5 + 8,
    "-x[:, ::-1]": lambda x: -x[:, ::-1],
    "where(x > 0, x, 0.1 * x)": lambda x: np.where(x > 0, x, 0.1 * x),
    "K.mean(x, axis=-1, keepdims=True) * x": lambda x: x.mean(-1, keepdims=True) * x,
    "lambda t: tf.reduce_sum(tf.square(t), axis=1, keepdims=True) - t": lambda x: (x**2).sum(1, keepdims=True) - x,
    "concatenate([x, x * 2], axis=-1)": lambda x: np.concatenate([x, x * 2], -1),
    "ops.softmax(x, axis=-1)": lambda x: np.exp(x) / np.exp(x).sum(-1, keepdims=True),
    "clip(x, -0.5, 0.5)": lambda x: np.clip(x, -0.5, 0.5),
    "expand_dims(x, 1)[..., 0]": lambda x: x[:, None][..., 0],
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
    keras.Model([a, b], kl.Lambda(lambda v: v[0] - v[1], name="distance")([a, b])).save(tmp_path / "model.h5")

    model = keramos.load(tmp_path / "model.h5", replace={"distance": "abs(x[0] - x[1])"})

    np.testing.assert_allclose(model.predict([X, X[::-1].copy()]), np.abs(X - X[::-1]), rtol=1e-6)


def test_a_function_may_append_what_an_expression_cannot_say(lambda_file):
    model = keramos.load(lambda_file, replace={"secret": lambda site: site.g.op("Erf", site.x)})

    assert model.predict(X).shape == X.shape


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("__import__('os').system('true')", "no function 'system'"),
        ("open('/etc/passwd')", "no function 'open'"),
        ("x.__class__", "Attribute is not read"),
        ("[y for y in x]", "ListComp is not read"),
        ("x +", "cannot be read at column"),
        ("y * 2", "Name is not read"),
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
    with pytest.raises(UsageError, match=r"no layer 'other'.*x, secret"):
        keramos.load(lambda_file, replace={"other": "x"})


def test_an_architecture_loads_with_its_weights(tmp_path):
    x = keras.Input((4,))
    model = keras.Model(x, kl.Dense(3)(x))
    (tmp_path / "model.json").write_text(model.to_json())
    model.save_weights(tmp_path / "model.weights.h5")

    loaded = keramos.load(tmp_path / "model.json", weights=tmp_path / "model.weights.h5")

    np.testing.assert_allclose(loaded.predict(X), np.asarray(model(X)), rtol=1e-5, atol=1e-6)
