"""Small Keras models of every family, which the tests of written forms share."""

import keras
import numpy as np
from keras import layers as kl


def _sequential(shape, *layers, dtype=None):
    return keras.Sequential([keras.Input(shape, dtype=dtype), *layers])


def _two_inputs():
    x, y = keras.Input((4,), name="x"), keras.Input((3,), name="y")
    both = kl.Concatenate()([kl.Dense(5, "relu")(x), kl.Dense(5, "tanh")(y)])
    inner = keras.Sequential([keras.Input((10,)), kl.Dense(4), kl.LayerNormalization()])
    shared = inner(both)
    outputs = [kl.Dense(2, "softmax", name="a")(shared), kl.Dense(1, name="b")(shared)]
    return keras.Model([x, y], outputs)


def _states():
    x = keras.Input((5, 3))
    return keras.Model(x, kl.LSTM(4, return_state=True)(x))


MODELS = {
    "mlp": lambda: _sequential(
        (4,), kl.Normalization(mean=[0.1, 0.2, 0.3, 0.4], variance=[1, 2, 3, 4]),
        kl.Dense(8, "relu"), kl.BatchNormalization(), kl.Dropout(0.2), kl.Dense(3, "softmax"),
    ),
    "convolutions": lambda: _sequential(
        (9, 7, 3), kl.Conv2D(4, 3, 2, padding="same", activation="relu"), kl.MaxPooling2D(2),
        kl.BatchNormalization(), kl.DepthwiseConv2D(2, depth_multiplier=2),
        kl.Flatten(), kl.Dense(2),
    ),
    "spread": lambda: _sequential(
        (4, 5, 2), kl.Conv2DTranspose(3, 3, 2, padding="same"), kl.UpSampling2D(2),
        kl.AveragePooling2D(3, 2, padding="same"), kl.GlobalAveragePooling2D(),
    ),
    "causal": lambda: _sequential((6, 3), kl.Conv1D(4, 3, padding="causal", dilation_rate=2)),
    "lstm": lambda: _sequential((5, 3), kl.LSTM(4, return_sequences=True), kl.SimpleRNN(3)),
    "words": lambda: _sequential(
        (6,), kl.Embedding(5, 4, mask_zero=True), kl.Bidirectional(kl.LSTM(3)),
        kl.Dense(1, "sigmoid"), dtype="int32",
    ),
    "gates": lambda: _sequential(
        (5, 3), kl.GRU(4, reset_after=False, recurrent_activation="hard_sigmoid")
    ),
    "two_inputs": _two_inputs,
}  # fmt: skip
"""Models that every form can express."""

MORE = {
    "attention": lambda: _sequential(
        (5, 4), kl.Dense(4, "gelu"), kl.GlobalMaxPooling1D(keepdims=True)
    ),
    "gru": lambda: _sequential((None, 3), kl.Masking(), kl.GRU(4, return_sequences=True)),
    "states": _states,
    "lookup": lambda: _sequential(
        (2,), kl.StringLookup(vocabulary=["a", "the cat"], output_mode="multi_hot"), kl.Dense(2),
        dtype="string",
    ),
    "hashing": lambda: _sequential((2,), kl.Hashing(8, salt=5), kl.Rescaling(0.5), dtype="string"),
    "volume": lambda: _sequential((4, 5, 4, 2), kl.Conv3D(3, 2), kl.MaxPooling3D(2, 1)),
    "grouped": lambda: _sequential(
        (8, 8, 4), kl.Conv2D(4, 3, groups=2, dilation_rate=2), kl.Cropping2D(1), kl.PReLU()
    ),
}  # fmt: skip
"""Models that TensorFlow can express too."""


def built(make):
    """The model with weights that are not symmetric, after some training statistics."""
    keras.utils.set_random_seed(7)
    model = make()
    generator = np.random.default_rng(3)
    model.set_weights(
        [
            generator.uniform(0.1, 0.6, w.shape).astype(w.dtype) if w.dtype.kind == "f" else w
            for w in model.get_weights()
        ]
    )
    return model
