"""Every layer against real Keras: one row a case; the model is saved by Keras, read as data, compiled and compared."""

import keras
import numpy as np
import pytest
from keras import layers as kl

from keramos.artifact.read import read
from keramos.compile.emit import compile_network
from keramos.runtime.session import Session

NUMBERS = np.random.default_rng(0).normal(size=(6, 4)).astype("float32")

ACTIVATIONS = [
    "celu",
    "elu",
    "exponential",
    "gelu",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "tanh",
    "tanh_shrink",
]

CASES = {
    "dense": lambda x: kl.Dense(3)(x),
    "dense without bias": lambda x: kl.Dense(3, use_bias=False, activation="tanh")(x),
    "dense relu sigmoid softmax": lambda x: kl.Dense(3, "softmax")(kl.Dense(5, "sigmoid")(kl.Dense(4, "relu")(x))),
    "activation": lambda x: kl.Activation("tanh")(x),
    "relu": lambda x: kl.ReLU()(x),
    "relu with every option": lambda x: kl.ReLU(max_value=1.0, negative_slope=0.1, threshold=0.2)(x),
    **{f"activation {name}": lambda x, name=name: kl.Activation(name)(x) for name in ACTIVATIONS},
    "leaky relu": lambda x: kl.LeakyReLU(0.15)(x),
    "elu": lambda x: kl.ELU(0.7)(x),
    "prelu": lambda x: kl.PReLU()(x),
    "softmax": lambda x: kl.Softmax()(x),
    "batch normalization": lambda x: kl.BatchNormalization(epsilon=0.01)(x),
    "batch normalization without scale": lambda x: kl.BatchNormalization(scale=False, center=False)(x),
    "layer normalization": lambda x: kl.LayerNormalization()(x),
    "rms normalization": lambda x: kl.RMSNormalization()(x),
    "unit normalization": lambda x: kl.UnitNormalization()(x),
    "dropout": lambda x: kl.Dropout(0.5)(x),
    "rescaling": lambda x: kl.Rescaling(2.0, offset=1.0)(x),
    "rescaling by column": lambda x: kl.Rescaling([1.0, 2.0, 3.0, 4.0], offset=[0.0, 0.0, 1.0, -1.0])(x),
    "add": lambda x: kl.Add()([x, x, kl.Dense(4)(x)]),
    "multiply": lambda x: kl.Multiply()([x, kl.Dense(4)(x)]),
    "subtract": lambda x: kl.Subtract()([x, kl.Dense(4)(x)]),
    "concatenate": lambda x: kl.Concatenate()([x, kl.Dense(2)(x), x]),
    "flatten": lambda x: kl.Flatten()(x),
}


def randomise(model):
    rng = np.random.default_rng(1)
    # Positive, because a variance is one of them.
    model.set_weights([rng.uniform(0.1, 1.5, weight.shape) for weight in model.get_weights()])


def answers(path, *inputs):
    compiled = compile_network(read(path).network)
    return Session(compiled).run(dict(zip((spec.name for spec in compiled.inputs), inputs, strict=True)))


@pytest.mark.parametrize("container", [".keras", ".h5"])
@pytest.mark.parametrize("case", CASES)
def test_a_layer_saved_by_keras_answers_as_in_keras(case, container, tmp_path):
    x = keras.Input((4,), name="x")
    model = keras.Model(x, CASES[case](x))
    randomise(model)
    path = tmp_path / f"model{container}"
    model.save(path)

    (actual,) = answers(path, NUMBERS)

    np.testing.assert_allclose(actual, np.asarray(model(NUMBERS)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("container", [".keras", ".h5"])
def test_lookups_answer_as_in_keras(container, tmp_path):
    import tensorflow as tf

    words, codes = keras.Input((1,), dtype="string", name="words"), keras.Input((1,), dtype="int64", name="codes")
    text = kl.StringLookup(vocabulary=["a", "", "b c", "é"], mask_token=None, output_mode="one_hot")(words)
    number = kl.IntegerLookup(vocabulary=[5, -7, 2**40], oov_token=-9, output_mode="one_hot")(codes)
    model = keras.Model([words, codes], kl.Concatenate()([text, number]))
    path = tmp_path / f"model{container}"
    model.save(path)
    given = np.array([["a"], ["zz"], [""], ["é"], ["b c"]], object), np.array([[5], [6], [-7], [2**40], [0]])

    (actual,) = answers(path, *given)

    np.testing.assert_array_equal(actual, np.asarray(model([tf.constant(given[0].tolist()), tf.constant(given[1])])))


@pytest.mark.parametrize("container", [".keras", ".h5"])
def test_nested_shared_and_many_ended_models_answer_as_in_keras(container, tmp_path):
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    tower = keras.Sequential([keras.Input((4,)), kl.Dense(3, "relu"), kl.Dense(2)], name="tower")
    inner_in = keras.Input((2,))
    inner = keras.Model(inner_in, kl.Add()([kl.Dense(2)(inner_in), inner_in]), name="inner")
    shared = kl.Dense(4, name="shared")
    first, second = tower(shared(a)), tower(shared(b))
    model = keras.Model([a, b], [kl.Concatenate()([first, inner(second)]), kl.Subtract()([first, second])])
    randomise(model)
    path = tmp_path / f"model{container}"
    model.save(path)

    actual = answers(path, NUMBERS, NUMBERS[::-1].copy())

    for mine, theirs in zip(actual, model([NUMBERS, NUMBERS[::-1].copy()]), strict=True):
        np.testing.assert_allclose(mine, np.asarray(theirs), rtol=1e-5, atol=1e-6)
