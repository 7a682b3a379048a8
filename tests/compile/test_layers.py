"""Every layer against real Keras: one row a case; the model is saved by Keras, read as data,
compiled and compared.
"""

import keras
import numpy as np
import pytest
from keras import layers as kl

from keramos.artifact.read import read
from keramos.compile.emit import compile_network
from keramos.errors import UnsupportedModelError
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
    "dense relu sigmoid softmax": lambda x: kl.Dense(3, "softmax")(
        kl.Dense(5, "sigmoid")(kl.Dense(4, "relu")(x))
    ),
    "activation": lambda x: kl.Activation("tanh")(x),
    "relu": lambda x: kl.ReLU()(x),
    "relu with every option": lambda x: kl.ReLU(max_value=1.0, negative_slope=0.1, threshold=0.2)(
        x
    ),
    **{f"activation {name}": lambda x, name=name: kl.Activation(name)(x) for name in ACTIVATIONS},
    "leaky relu": lambda x: kl.LeakyReLU(0.15)(x),
    "elu": lambda x: kl.ELU(0.7)(x),
    "leaky relu as activation": lambda x: kl.Dense(3, activation=kl.LeakyReLU(0.15))(x),
    "relu with every option as activation": lambda x: kl.Dense(
        3, activation=kl.ReLU(1.0, 0.1, 0.2)
    )(x),
    "elu as activation": lambda x: kl.Dense(3, activation=kl.ELU(0.7))(x),
    "softmax as activation": lambda x: kl.Dense(3, activation=kl.Softmax())(x),
    "activation as activation": lambda x: kl.Dense(3, activation=kl.Activation("tanh"))(x),
    "leaky relu in a recurrent layer": lambda x: kl.LSTM(3, activation=kl.LeakyReLU(0.15))(
        kl.Reshape((2, 2))(x)
    ),
    "prelu": lambda x: kl.PReLU()(x),
    "softmax": lambda x: kl.Softmax()(x),
    "batch normalization": lambda x: kl.BatchNormalization(epsilon=0.01)(x),
    "batch normalization without scale": lambda x: kl.BatchNormalization(scale=False, center=False)(
        x
    ),
    "layer normalization": lambda x: kl.LayerNormalization()(x),
    "rms normalization": lambda x: kl.RMSNormalization()(x),
    "unit normalization": lambda x: kl.UnitNormalization()(x),
    "dropout": lambda x: kl.Dropout(0.5)(x),
    "rescaling": lambda x: kl.Rescaling(2.0, offset=1.0)(x),
    "rescaling by column": lambda x: kl.Rescaling(
        [1.0, 2.0, 3.0, 4.0], offset=[0.0, 0.0, 1.0, -1.0]
    )(x),
    "add": lambda x: kl.Add()([x, x, kl.Dense(4)(x)]),
    "multiply": lambda x: kl.Multiply()([x, kl.Dense(4)(x)]),
    "subtract": lambda x: kl.Subtract()([x, kl.Dense(4)(x)]),
    "concatenate": lambda x: kl.Concatenate()([x, kl.Dense(2)(x), x]),
    "flatten": lambda x: kl.Flatten()(x),
}


IMAGES = {
    "conv2d": lambda x: kl.Conv2D(3, 3)(x),
    "conv2d same strides": lambda x: kl.Conv2D(
        3, (3, 2), strides=2, padding="same", activation="relu"
    )(x),
    "conv2d dilated": lambda x: kl.Conv2D(3, 3, dilation_rate=2, padding="same", use_bias=False)(x),
    "conv2d groups": lambda x: kl.Conv2D(6, 3, groups=2)(x),
    "conv2d transpose": lambda x: kl.Conv2DTranspose(3, 3)(x),
    "conv2d transpose same": lambda x: kl.Conv2DTranspose(3, 4, strides=2, padding="same")(x),
    "conv2d transpose short kernel": lambda x: kl.Conv2DTranspose(3, 2, strides=3)(x),
    "conv2d transpose short kernel same": lambda x: kl.Conv2DTranspose(
        3, 2, strides=3, padding="same"
    )(x),
    "depthwise conv2d": lambda x: kl.DepthwiseConv2D(3, depth_multiplier=2, padding="same")(x),
    "separable conv2d": lambda x: kl.SeparableConv2D(
        5, 3, strides=2, depth_multiplier=2, padding="same"
    )(x),
    "max pooling": lambda x: kl.MaxPooling2D(2)(x),
    "max pooling same": lambda x: kl.MaxPooling2D(3, strides=2, padding="same")(x),
    "average pooling same": lambda x: kl.AveragePooling2D(3, strides=2, padding="same")(x),
    "global pooling": lambda x: kl.Concatenate()(
        [kl.GlobalMaxPooling2D()(x), kl.GlobalAveragePooling2D()(x)]
    ),
    "global pooling keepdims": lambda x: kl.GlobalAveragePooling2D(keepdims=True)(x),
    "zero padding": lambda x: kl.ZeroPadding2D(((1, 2), (0, 3)))(x),
    "cropping": lambda x: kl.Cropping2D(((1, 2), (0, 3)))(x),
    "up sampling": lambda x: kl.UpSampling2D((2, 3))(x),
    "flatten": lambda x: kl.Flatten()(x),
    "flatten channels first": lambda x: kl.Flatten(data_format="channels_first")(x),
    "reshape": lambda x: kl.Reshape((-1, 4))(x),
    "permute": lambda x: kl.Permute((3, 1, 2))(x),
    "batch normalization over an axis": lambda x: kl.BatchNormalization(axis=1)(x),
    "layer normalization over two axes": lambda x: kl.LayerNormalization(axis=[1, 2])(x),
    "prelu shared": lambda x: kl.PReLU(shared_axes=[1, 2])(x),
}

SEQUENCES = {
    "conv1d causal": lambda x: kl.Conv1D(3, 3, padding="causal", dilation_rate=2)(x),
    "conv1d transpose": lambda x: kl.Conv1DTranspose(3, 3, strides=2, padding="same")(x),
    "separable conv1d": lambda x: kl.SeparableConv1D(3, 3)(x),
    "depthwise conv1d": lambda x: kl.DepthwiseConv1D(3)(x),
    "pooling 1d": lambda x: kl.Concatenate()([kl.MaxPooling1D(2)(x), kl.AveragePooling1D(2)(x)]),
    "global pooling 1d": lambda x: kl.Concatenate()(
        [kl.GlobalMaxPooling1D()(x), kl.GlobalAveragePooling1D()(x)]
    ),
    "padding and cropping 1d": lambda x: kl.Cropping1D((0, 2))(kl.ZeroPadding1D((3, 1))(x)),
    "up sampling 1d": lambda x: kl.UpSampling1D(2)(x),
    "dense over steps": lambda x: kl.Dense(3)(x),
    "lstm": lambda x: kl.LSTM(6)(x),
    "lstm sequences": lambda x: kl.LSTM(6, return_sequences=True, go_backwards=True)(x),
    "lstm states": lambda x: kl.Concatenate()(kl.LSTM(6, return_state=True)(x)),
    "lstm other activations": lambda x: kl.LSTM(
        6, activation="relu", recurrent_activation="hard_sigmoid"
    )(x),
    "lstm elu after softsign": lambda x: kl.LSTM(
        6, activation="elu", recurrent_activation="softsign"
    )(x),
    "gru hard sigmoid after relu": lambda x: kl.GRU(
        6, activation="hard_sigmoid", recurrent_activation="relu"
    )(x),
    "lstm without bias": lambda x: kl.LSTM(6, use_bias=False)(x),
    "gru": lambda x: kl.GRU(6, return_sequences=True)(x),
    "gru reset before": lambda x: kl.GRU(6, reset_after=False)(x),
    "simple rnn": lambda x: kl.SimpleRNN(6, return_sequences=True)(x),
    "spatial dropout": lambda x: kl.SpatialDropout1D(0.5)(x),
    "average maximum minimum": lambda x: kl.Average()(
        [kl.Maximum()([x, kl.Dense(4)(x)]), kl.Minimum()([x, kl.Dense(4)(x)])]
    ),
}

EVERY = [
    *((name, case, (4,)) for name, case in CASES.items()),
    *((name, case, (9, 8, 4)) for name, case in IMAGES.items()),
    *((name, case, (7, 4)) for name, case in SEQUENCES.items()),
    ("repeat vector", lambda x: kl.RepeatVector(3)(x), (4,)),
    ("conv3d", lambda x: kl.Conv3D(3, 2, strides=2, padding="same")(x), (5, 6, 4, 2)),
    ("pooling 3d", lambda x: kl.AveragePooling3D(2, padding="same")(x), (5, 6, 4, 2)),
    ("open time steps", lambda x: kl.GRU(3)(kl.Conv1D(4, 3, padding="same")(x)), (None, 4)),
    (
        "open image",
        lambda x: kl.GlobalMaxPooling2D()(kl.Conv2D(4, 3, padding="same", strides=2)(x)),
        (None, None, 4),
    ),
]


def randomise(model):
    rng = np.random.default_rng(1)
    # Positive, because a variance is one of them.
    model.set_weights([rng.uniform(0.1, 1.5, weight.shape) for weight in model.get_weights()])


def answers(path, *inputs):
    compiled = compile_network(read(path).network)
    return Session(compiled).run(
        dict(zip((spec.name for spec in compiled.inputs), inputs, strict=True))
    )


@pytest.mark.parametrize(("name", "case", "shape"), EVERY, ids=[row[0] for row in EVERY])
def test_a_layer_saved_by_keras_answers_as_in_keras(name, case, shape, tmp_path):
    x = keras.Input(shape, name="x")
    model = keras.Model(x, case(x))
    randomise(model)
    given = (
        np.random.default_rng(2).normal(size=(3, *(size or 6 for size in shape))).astype("float32")
    )
    expected = np.asarray(model(given))

    for container in (".keras", ".h5"):
        path = tmp_path / f"model{container}"
        model.save(path)
        (actual,) = answers(path, given)
        np.testing.assert_allclose(
            actual, expected, rtol=1e-5, atol=1e-5 * max(1.0, float(np.abs(expected).max()))
        )


@pytest.mark.parametrize("mask_zero", [False, True])
def test_an_embedding_looks_up_rows_and_masks_zeros_as_keras_does(mask_zero, tmp_path):
    x = keras.Input((5,), dtype="int32", name="x")
    model = keras.Model(x, kl.GlobalAveragePooling1D()(kl.Embedding(9, 4, mask_zero=mask_zero)(x)))
    model.save(tmp_path / "model.keras")
    given = np.array([[1, 2, 0, 0, 0], [8, 0, 3, 4, 5]], "int32")

    (actual,) = answers(tmp_path / "model.keras", given)

    np.testing.assert_allclose(actual, np.asarray(model(given)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "dtype", ["float16", "mixed_float16", "bfloat16", "mixed_bfloat16", "float64"]
)
def test_other_precisions_are_computed_in_float32(dtype, tmp_path):
    x = keras.Input((4,), name="x")
    model = keras.Model(x, kl.Dense(3, "relu", dtype=dtype)(kl.Dense(5, "tanh", dtype=dtype)(x)))
    model.save(tmp_path / "model.keras")

    (actual,) = answers(tmp_path / "model.keras", NUMBERS)

    tolerance = {"float64": 1e-6, "float16": 3e-3, "mixed_float16": 3e-3}.get(dtype, 3e-2)
    assert actual.dtype == np.float32
    np.testing.assert_allclose(
        actual, np.asarray(keras.ops.cast(model(NUMBERS), "float32")), atol=tolerance
    )


def test_several_things_that_cannot_run_are_named_at_once(tmp_path):
    x = keras.Input((4,), name="x")
    y = kl.Lambda(lambda v: v * 2, name="first")(kl.Dense(3)(x))
    keras.Model(x, kl.Lambda(lambda v: v + 1, name="second")(y)).save(tmp_path / "model.keras")

    with pytest.raises(UnsupportedModelError, match=r"(?s)'first' \(Lambda\).*'second' \(Lambda\)"):
        answers(tmp_path / "model.keras", NUMBERS)


@pytest.mark.parametrize("container", [".keras", ".h5"])
def test_lookups_answer_as_in_keras(container, tmp_path):
    import tensorflow as tf

    words, codes = (
        keras.Input((1,), dtype="string", name="words"),
        keras.Input((1,), dtype="int64", name="codes"),
    )
    text = kl.StringLookup(
        vocabulary=["a", "", "b c", "é"], mask_token=None, output_mode="one_hot"
    )(words)
    number = kl.IntegerLookup(vocabulary=[5, -7, 2**40], oov_token=-9, output_mode="one_hot")(codes)
    model = keras.Model([words, codes], kl.Concatenate()([text, number]))
    path = tmp_path / f"model{container}"
    model.save(path)
    given = (
        np.array([["a"], ["zz"], [""], ["é"], ["b c"]], object),
        np.array([[5], [6], [-7], [2**40], [0]]),
    )

    (actual,) = answers(path, *given)

    np.testing.assert_array_equal(
        actual, np.asarray(model([tf.constant(given[0].tolist()), tf.constant(given[1])]))
    )


@pytest.mark.parametrize("container", [".keras", ".h5"])
def test_nested_shared_and_many_ended_models_answer_as_in_keras(container, tmp_path):
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    tower = keras.Sequential([keras.Input((4,)), kl.Dense(3, "relu"), kl.Dense(2)], name="tower")
    inner_in = keras.Input((2,))
    inner = keras.Model(inner_in, kl.Add()([kl.Dense(2)(inner_in), inner_in]), name="inner")
    shared = kl.Dense(4, name="shared")
    first, second = tower(shared(a)), tower(shared(b))
    model = keras.Model(
        [a, b], [kl.Concatenate()([first, inner(second)]), kl.Subtract()([first, second])]
    )
    randomise(model)
    path = tmp_path / f"model{container}"
    model.save(path)

    actual = answers(path, NUMBERS, NUMBERS[::-1].copy())

    for mine, theirs in zip(actual, model([NUMBERS, NUMBERS[::-1].copy()]), strict=True):
        np.testing.assert_allclose(mine, np.asarray(theirs), rtol=1e-5, atol=1e-6)
