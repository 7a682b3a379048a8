"""Sequences against real Keras: masks, states, cells, wrappers, attention; saved by Keras, read as
data, compared.
"""

import keras
import numpy as np
import pytest
from keras import layers as kl

from keramos.artifact.read import read
from keramos.compile.emit import compile_network
from keramos.runtime.session import Session

pytestmark = pytest.mark.filterwarnings("ignore:.*does not support masking:UserWarning")
STEPS = 6
TOKENS = np.array(
    [
        [1, 2, 3, 4, 5, 6],
        [0, 0, 3, 1, 2, 5],
        [4, 5, 0, 0, 0, 0],
        [0, 7, 0, 0, 2, 0],
        [0, 0, 0, 0, 0, 0],
    ],
    "int32",
)
"""Full, padded before, padded after, padded anywhere, and nothing but padding."""


def masked(x):
    return kl.Embedding(9, 4, mask_zero=True)(x)


def states(values):
    return kl.Concatenate()([value for value in values if len(value.shape) == 2])


def encoder_decoder(x):
    _, h, c = kl.LSTM(3, return_state=True)(masked(x))
    return kl.LSTM(3, return_sequences=True)(masked(x), initial_state=[h, c])


def bidirectional_states(x):
    first = kl.Bidirectional(kl.LSTM(3, return_state=True))(masked(x))
    return kl.Bidirectional(kl.LSTM(3, return_sequences=True))(masked(x), initial_state=first[1:])


def inner_model():
    x = keras.Input((4,))
    return keras.Model(x, kl.Dense(2)(kl.Dense(3, "relu")(x)))


def images(x):
    return kl.Reshape((STEPS, 2, 2, 1))(kl.Embedding(9, 4)(x))


def cells(*kinds):
    return [kind(size) for kind, size in zip(kinds, (3, 4, 2), strict=False)]


MASKED = {
    "lstm": lambda x: kl.LSTM(3)(masked(x)),
    "lstm sequences": lambda x: kl.LSTM(3, return_sequences=True)(masked(x)),
    "lstm backwards": lambda x: kl.LSTM(3, return_sequences=True, go_backwards=True)(masked(x)),
    "lstm states": lambda x: kl.Concatenate()(kl.LSTM(3, return_state=True)(masked(x))),
    "gru": lambda x: kl.GRU(3, return_sequences=True)(masked(x)),
    "gru reset before": lambda x: kl.GRU(3, reset_after=False)(masked(x)),
    "simple rnn": lambda x: kl.SimpleRNN(3, return_sequences=True)(masked(x)),
    "lstm without operator": lambda x: kl.LSTM(3, activation="gelu", return_sequences=True)(
        masked(x)
    ),
    "gru without operator": lambda x: kl.GRU(3, activation="swish", return_sequences=True)(
        masked(x)
    ),
    "gru reset before without operator": lambda x: kl.GRU(
        3, activation="exponential", reset_after=False
    )(masked(x)),
    "rnn without operator": lambda x: kl.SimpleRNN(3, activation="selu")(masked(x)),
    "deep": lambda x: kl.GRU(3)(kl.LSTM(4, return_sequences=True)(masked(x))),
    "mask through layers": lambda x: kl.LSTM(3)(
        kl.Dropout(0.2)(kl.LayerNormalization()(kl.Dense(5)(masked(x))))
    ),
    "masking": lambda x: kl.LSTM(3)(kl.Masking(0.5)(kl.ReLU(threshold=0.5)(kl.Embedding(9, 4)(x)))),
    "bidirectional": lambda x: kl.Bidirectional(kl.LSTM(3, return_sequences=True))(masked(x)),
    "bidirectional sum": lambda x: kl.Bidirectional(kl.GRU(3), merge_mode="sum")(masked(x)),
    "bidirectional mul": lambda x: kl.Bidirectional(
        kl.GRU(3, return_sequences=True), merge_mode="mul"
    )(masked(x)),
    "bidirectional ave": lambda x: kl.Bidirectional(kl.SimpleRNN(3), merge_mode="ave")(masked(x)),
    "bidirectional apart": lambda x: kl.Concatenate()(
        kl.Bidirectional(kl.GRU(3), merge_mode=None)(masked(x))
    ),
    "bidirectional backward layer": lambda x: kl.Bidirectional(
        kl.LSTM(3, return_sequences=True),
        backward_layer=kl.GRU(2, go_backwards=True, return_sequences=True),
    )(masked(x)),
    "bidirectional states": bidirectional_states,
    "encoder and decoder": encoder_decoder,
    "rnn of a cell": lambda x: kl.RNN(kl.LSTMCell(3), return_sequences=True)(masked(x)),
    "rnn zeros": lambda x: kl.RNN(kl.GRUCell(3), return_sequences=True, zero_output_for_mask=True)(
        masked(x)
    ),
    "stacked cells": lambda x: kl.RNN(cells(kl.LSTMCell, kl.GRUCell, kl.SimpleRNNCell))(masked(x)),
    "stacked cell states": lambda x: kl.Concatenate()(
        [kl.RNN(cells(kl.LSTMCell, kl.LSTMCell), return_state=True)(masked(x))[0]]
    ),
    "stateful": lambda x: kl.LSTM(3, stateful=True)(masked(x)),
    "add": lambda x: kl.LSTM(3)(kl.Add()([masked(x), masked(x)])),
    "multiply": lambda x: kl.LSTM(3, return_sequences=True)(
        kl.Multiply()([masked(x), kl.Dense(4)(masked(x))])
    ),
    "maximum": lambda x: kl.LSTM(3)(kl.Maximum()([masked(x), kl.Embedding(9, 4)(x)])),
    "minimum": lambda x: kl.LSTM(3)(kl.Minimum()([masked(x), masked(x), masked(x)])),
    "average": lambda x: kl.LSTM(3)(kl.Average()([masked(x), kl.Embedding(9, 4)(x)])),
    "concatenate features": lambda x: kl.LSTM(3)(
        kl.Concatenate()([masked(x), kl.Embedding(9, 4)(x)])
    ),
    "concatenate masked features": lambda x: kl.LSTM(3)(kl.Concatenate()([masked(x), masked(x)])),
    "pooling": lambda x: kl.GlobalAveragePooling1D()(masked(x)),
    "time distributed": lambda x: kl.LSTM(3)(kl.TimeDistributed(kl.Dense(5, "relu"))(masked(x))),
    "time distributed model": lambda x: kl.TimeDistributed(inner_model())(kl.Embedding(9, 4)(x)),
    "time distributed images": lambda x: kl.TimeDistributed(kl.Conv2D(2, 2))(images(x)),
    "conv lstm": lambda x: kl.ConvLSTM2D(2, 2, padding="same", return_sequences=True)(images(x)),
    "conv lstm states": lambda x: kl.Concatenate()(
        kl.ConvLSTM2D(2, 2, return_state=True)(images(x))
    ),
    "conv lstm backwards": lambda x: kl.ConvLSTM1D(2, 2, go_backwards=True)(
        kl.Reshape((STEPS, 2, 2))(masked(x))
    ),
    "bidirectional conv lstm": lambda x: kl.Bidirectional(kl.ConvLSTM2D(2, 1))(images(x)),
    "conv lstm 3d": lambda x: kl.ConvLSTM3D(2, 1)(
        kl.Reshape((STEPS, 2, 1, 2, 1))(kl.Embedding(9, 4)(x))
    ),
    "attention": lambda x: kl.Attention(use_scale=True)([masked(x), masked(x)]),
    "attention causal": lambda x: kl.Attention()([masked(x), masked(x)], use_causal_mask=True),
    "attention concat": lambda x: kl.Attention(score_mode="concat", use_scale=True)(
        [masked(x), masked(x), masked(x)]
    ),
    "attention scores": lambda x: kl.Attention()(
        [masked(x), masked(x)], return_attention_scores=True
    )[1],
    "additive attention": lambda x: kl.AdditiveAttention()([masked(x), masked(x)]),
    "additive attention without scale": lambda x: kl.AdditiveAttention(use_scale=False)(
        [masked(x), masked(x)]
    ),
    "heads": lambda x: kl.MultiHeadAttention(2, 3)(masked(x), masked(x)),
    "heads after": lambda x: kl.LSTM(3)(kl.MultiHeadAttention(2, 3)(masked(x), masked(x))),
    "heads causal": lambda x: kl.MultiHeadAttention(2, 3)(
        masked(x), masked(x), use_causal_mask=True
    ),
    "heads all options": lambda x: kl.MultiHeadAttention(
        2,
        3,
        value_dim=5,
        output_shape=7,
        use_bias=False,
        sliding_window=2,
        use_gate=True,
        dropout=0.1,
    )(masked(x), masked(x), masked(x)),
    "heads gate": lambda x: kl.MultiHeadAttention(2, 3, use_gate=True)(masked(x), masked(x)),
    "heads scores": lambda x: kl.MultiHeadAttention(2, 3)(
        masked(x), masked(x), return_attention_scores=True
    )[1],
    "heads over two axes": lambda x: kl.MultiHeadAttention(2, 3)(images(x), images(x)),
    "heads over one of two axes": lambda x: kl.MultiHeadAttention(2, 3, attention_axes=(2,))(
        *[kl.Reshape((STEPS, 2, 2))(images(x))] * 2
    ),
    "softmax": lambda x: kl.Softmax(axis=[1, 2])(kl.Embedding(9, 4)(x)),
    "softmax with mask": lambda x: kl.Softmax()(
        kl.Embedding(9, 6)(x), mask=kl.Embedding(9, 6)(x) > 0.2
    ),
    "grouped heads": lambda x: kl.GroupQueryAttention(3, 4, 2)(masked(x), masked(x)),
    "grouped heads gate": lambda x: kl.GroupQueryAttention(3, 4, 2, use_gate=True)(
        masked(x), masked(x)
    ),
    "grouped heads causal": lambda x: kl.GroupQueryAttention(3, 4, 2, sliding_window=3)(
        masked(x), masked(x), use_causal_mask=True
    ),
}


def differences(build, steps, *paths):
    """For each file of one model our answers and those of Keras."""
    batch = {"batch_size": len(TOKENS)} if paths[0].stem == "stateful" else {}
    x = keras.Input((steps,), dtype="int32", name="x", **batch)
    model = keras.Model(x, build(x))
    rng = np.random.default_rng(1)
    model.set_weights([rng.normal(size=weight.shape) for weight in model.get_weights()])
    for path in paths:  # before it answers: a state is saved as it is
        model.save(path)
    expected = [np.asarray(one) for one in keras.tree.flatten(model(TOKENS))]
    return [
        (Session(compile_network(read(path).network)).run({"x": TOKENS}), expected)
        for path in paths
    ]


@pytest.mark.parametrize("name", MASKED)
def test_a_sequence_model_saved_by_keras_answers_as_in_keras(name, tmp_path):
    stem = name.replace(" ", "_")
    paths = (tmp_path / f"{stem}{container}" for container in (".keras", ".h5"))

    for actual, expected in differences(MASKED[name], STEPS, *paths):
        for mine, theirs in zip(actual, expected, strict=True):
            np.testing.assert_allclose(
                mine, theirs, rtol=1e-5, atol=2e-6 * max(1.0, float(np.abs(theirs).max()))
            )


@pytest.mark.parametrize(
    "name", ["lstm sequences", "bidirectional", "gru without operator", "deep", "heads causal"]
)
def test_the_number_of_steps_may_be_open(name, tmp_path):
    ((actual, expected),) = differences(MASKED[name], None, tmp_path / "model.keras")

    np.testing.assert_allclose(actual[0], expected[0], rtol=1e-5, atol=2e-6)
