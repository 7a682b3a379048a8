"""Real Keras on both sides: what it saves is read, what is written it opens, and the answers stay
the same.
"""

from itertools import product

import keras
import numpy as np
import pytest
from keras import layers as kl

from keramos.artifact.keras.layer_order import keras_order
from keramos.artifact.read import read
from keramos.artifact.write import write
from keramos.types.network import Network

CONTAINERS = [".h5", ".keras"]


def dense():
    x = keras.Input((4,))
    return keras.Model(x, kl.Dense(2, activation="softmax")(kl.Dense(5, activation="relu")(x)))


def normalised():
    return keras.Sequential(
        [keras.Input((4,)), kl.Dense(3), kl.BatchNormalization(), kl.LayerNormalization()]
    )


def convolutional():
    return keras.Sequential(
        [
            keras.Input((8, 8, 2)),
            kl.Conv2D(3, 3, padding="same"),
            kl.DepthwiseConv2D(2),
            kl.SeparableConv2D(4, 2),
            kl.MaxPooling2D(),
            kl.Flatten(),
            kl.PReLU(),
        ]
    )


def recurrent():
    x = keras.Input((5, 3))
    h = kl.Bidirectional(kl.LSTM(3, return_sequences=True))(x)
    h = kl.TimeDistributed(kl.Dense(2))(h)
    h = kl.RNN([kl.GRUCell(3), kl.LSTMCell(2)], return_sequences=True)(h)
    return keras.Model(x, kl.GRU(2, go_backwards=True)(h))


def embedded():
    return keras.Sequential(
        [keras.Input((4,), dtype="int32"), kl.Embedding(9, 3, mask_zero=True), kl.LSTM(2)]
    )


def attentive():
    x, y = keras.Input((5, 4)), keras.Input((6, 4))
    h = kl.MultiHeadAttention(2, 3, value_dim=2)(x, y)
    return keras.Model([x, y], kl.GroupQueryAttention(2, 4, 2)(h, y))


def shared():
    x, y = keras.Input((3,), name="b"), keras.Input((3,), name="a")
    twice = kl.Dense(3, activation="tanh")
    return keras.Model([x, y], [kl.Add()([twice(x), twice(y)]), twice(twice(y))])


def nested():
    inner = keras.Sequential(
        [keras.Input((3,)), kl.Dense(3), kl.BatchNormalization()], name="inner"
    )
    z = keras.Input((3,))
    middle = keras.Model(z, [inner(z), kl.Dense(2)(inner(z))], name="middle")
    x = keras.Input((3,))
    first, _ = middle(x)
    return keras.Model(x, [*middle(first), inner(x)])


def named_ends():
    ends = {"q": keras.Input((3,), name="q"), "p": keras.Input((3,), name="p")}
    joined = kl.Concatenate()(list(ends.values()))
    return keras.Model(ends, {"z": kl.Dense(1)(joined), "y": kl.Dense(2)(joined)})


def frozen():
    model = keras.Sequential(
        [keras.Input((3,)), kl.Dense(3), kl.BatchNormalization(), kl.Dense(2)], name="frozen"
    )
    model.layers[0].trainable = False
    x = keras.Input((3,))
    return keras.Model(x, kl.Dense(2)(model(x)))


def operations():
    x = keras.Input((3,))
    return keras.Model(
        x, keras.ops.concatenate([x * 2.0 + 1.0, keras.ops.relu(x), x[:, :1]], axis=-1)
    )


def constrained():
    return keras.Sequential(
        [keras.Input((6, 3)), kl.SpectralNormalization(kl.Conv1D(2, 2)), kl.UnitNormalization()]
    )


def scaled():
    x, s, i = keras.Input((2,)), keras.Input((1,), dtype="string"), keras.Input((1,), dtype="int64")
    words = kl.StringLookup(vocabulary=["a", "b"], output_mode="one_hot", num_oov_indices=1)(s)
    numbers = kl.IntegerLookup(vocabulary=[4, 7], output_mode="one_hot")(i)
    scaled_numbers = kl.Rescaling(scale=[0.5, 2.0], offset=[1.0, -1.0])(x)
    return keras.Model([x, s, i], kl.Concatenate()([scaled_numbers, words, numbers]))


MODELS = [
    dense,
    normalised,
    convolutional,
    recurrent,
    embedded,
    attentive,
    shared,
    nested,
    named_ends,
    frozen,
    operations,
    constrained,
    scaled,
]


def shaken(model):
    """Biases, shifts and statistics that are not where they start."""
    rng = np.random.default_rng(3)
    model.set_weights(
        [rng.uniform(0.1, 1.0, array.shape).astype(array.dtype) for array in model.get_weights()]
    )
    return model


def feeds(model):
    import tensorflow as tf

    rng = np.random.default_rng(5)
    made = []
    for tensor in model.inputs:
        shape = (3, *tensor.shape[1:])
        if tensor.dtype == "string":
            made.append(tf.constant([["a"], ["z"], ["b"]]))
        elif "int" in tensor.dtype:
            made.append(tf.constant(rng.integers(0, 9, shape)))
        else:
            made.append(tf.constant(rng.normal(size=shape), "float32"))
    return made


def answers(model, arrays):
    structure = getattr(model, "_inputs_struct", None)
    inputs = (
        dict(zip(sorted(structure), arrays, strict=True)) if isinstance(structure, dict) else arrays
    )
    outputs = model(inputs[0] if len(arrays) == 1 else inputs, training=False)
    return [np.asarray(output) for output in keras.tree.flatten(outputs)]


@pytest.mark.parametrize("build", MODELS, ids=lambda build: build.__name__)
def test_a_model_survives_being_read_and_written_again(build, tmp_path):
    model = shaken(build())
    arrays = feeds(model)
    expected = answers(model, arrays)
    for saved, written in product(CONTAINERS, CONTAINERS):
        first, second = tmp_path / f"first{saved}", tmp_path / f"second{saved}{written}"
        model.save(first)

        write(second, read(first).network, None)

        again = keras.models.load_model(second)
        for mine, theirs in zip(answers(again, arrays), expected, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "build", [recurrent, shared, nested, frozen, named_ends], ids=lambda build: build.__name__
)
def test_layers_are_put_in_the_order_that_keras_will_use(build, tmp_path):
    model = build()
    model.save(tmp_path / "m.keras")
    network = read(tmp_path / "m.keras").network
    turned = Network(
        network.name,
        dict(reversed(network.layers.items())),
        network.calls,
        network.inputs,
        network.outputs,
    )

    assert list(keras_order(turned).layers) == [
        layer.name for layer in model.layers if isinstance(layer, kl.Layer)
    ]


def test_a_learned_vocabulary_is_read_from_beside_the_config(tmp_path):
    import tensorflow as tf

    lookup = kl.StringLookup()
    lookup.adapt(tf.constant(["red", "red", "blue"]))
    x = keras.Input((1,), dtype="string")
    keras.Model(x, lookup(x)).save(tmp_path / "m.keras")

    layer = next(
        one
        for one in read(tmp_path / "m.keras").network.layers.values()
        if one.kind == "StringLookup"
    )

    assert layer.config["vocabulary"] == ["[UNK]", "red", "blue"]


@pytest.mark.parametrize("container", CONTAINERS)
def test_training_goes_on_after_plain_keras_opened_a_file(credit_run, container, tmp_path):
    path = tmp_path / f"model{container}"
    credit_run.save(path)

    model = keras.models.load_model(path)

    assert float(model.optimizer.learning_rate) == pytest.approx(
        credit_run.content.trace.plan.learning_rate
    )
    assert model.compiled
