"""Options of recurrent layers that meet under a mask: every combination, against real Keras."""

from itertools import product

import keras
import numpy as np
import pytest
from keras import layers as kl

import keramos

LENGTHS = np.array([5, 3, 1, 0])
ROWS = np.random.default_rng(0).normal(size=(4, 5, 4)).astype("float32")
ROWS[np.arange(5) >= LENGTHS[:, None]] = 0
ROWS[0, 2] = ROWS[1, 0] = 0
FLAGS = list(product([False, True], repeat=3))
"""go_backwards, unroll, zero_output_for_mask."""


def compared(build, rows, path, scale=0.7):
    x = keras.Input(rows.shape[1:])
    made = [part for layer in build() for part in flat(layer(kl.Masking(0.0)(x)))]
    model = keras.Model(x, made)
    rng = np.random.default_rng(1)
    model.set_weights([rng.normal(size=one.shape) * scale for one in model.get_weights()])
    model.save(path)
    for mine, theirs in zip(keramos.load(path).predict(rows), model(rows), strict=True):
        np.testing.assert_allclose(mine, np.asarray(theirs), rtol=1e-4, atol=1e-5)


def flat(item):
    return (
        [part for one in item for part in flat(one)] if isinstance(item, list | tuple) else [item]
    )


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "SimpleRNN"])
def test_flags_under_a_mask_answer_as_in_keras(kind, tmp_path):
    def build():
        for sequences in (False, True):
            for backwards, unroll, zeros in FLAGS:
                yield getattr(kl, kind)(
                    2,
                    return_sequences=sequences,
                    return_state=True,
                    go_backwards=backwards,
                    unroll=unroll,
                    zero_output_for_mask=zeros,
                )
            for unroll in (False, True):
                inner = getattr(kl, kind)(2, return_sequences=sequences, unroll=unroll)
                yield kl.Bidirectional(inner)

    compared(build, ROWS, tmp_path / "model.keras")


def test_softplus_of_large_states_does_not_overflow(tmp_path):
    def build():
        for kind in (kl.LSTM, kl.GRU):
            yield kind(2, activation="softplus", return_sequences=True)

    compared(build, ROWS * 60, tmp_path / "model.h5", scale=3.0)


@pytest.mark.parametrize("window", ["hann", "hamming", None])
def test_a_spectrogram_of_short_sequences_answers_as_in_keras(window, tmp_path):
    sound = np.random.default_rng(0).normal(size=(2, 256)).astype("float32")
    layer = kl.MelSpectrogram(
        fft_length=64, sequence_stride=16, sequence_length=32, num_mel_bins=8, window=window
    )
    model = keras.Sequential([keras.Input((256,)), layer])
    model.save(tmp_path / "model.keras")

    actual = keramos.load(tmp_path / "model.keras").predict(sound)

    np.testing.assert_allclose(actual, np.asarray(model(sound)), rtol=1e-4, atol=1e-3)
