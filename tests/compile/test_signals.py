"""Spectrograms, and what random layers do when predicting, against real Keras."""

import keras
import numpy as np
import pytest
from keras import layers as kl

from keramos.artifact.read import read
from keramos.compile.emit import compile_network
from keramos.compile.layers import lowering_of
from keramos.runtime.session import Session
from keramos.types.legacy import Legacy
from keramos.types.network import Call, Layer, Network, TensorRef

RANDOM = np.random.default_rng(5)
SOUND = RANDOM.normal(size=(2, 100, 3)).astype("float32")
IMAGES = RANDOM.random((2, 9, 8, 3)).astype("float32")


def _compare(layer, x, path, tolerance=1e-5):
    model = keras.Sequential([keras.Input(x.shape[1:]), layer])
    model.save(path)
    compiled = compile_network(read(path).network)
    got = Session(compiled).run({compiled.inputs[0].name: x})[0]
    np.testing.assert_allclose(got, model.predict(x, verbose=0), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("mode", ["log", "magnitude", "psd", "real", "imag", "angle", "stft"])
@pytest.mark.parametrize("expand_dims", [False, True])
def test_a_spectrogram_shows_what_keras_shows(tmp_path, mode, expand_dims):
    layer = kl.STFTSpectrogram(mode=mode, frame_length=20, frame_step=7, expand_dims=expand_dims)
    _compare(layer, SOUND, tmp_path / "m.keras", 1e-4 if mode == "angle" else 1e-5)


@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_frames_at_the_edges_are_padded_as_in_keras(tmp_path, suffix):
    layer = kl.STFTSpectrogram(
        frame_length=16, fft_length=32, padding="same", window="hamming", scaling="spectrum"
    )
    _compare(layer, SOUND, tmp_path / f"m.{suffix}")


@pytest.mark.parametrize(
    "layer", [kl.RandomCrop(4, 4), kl.RandomCrop(12, 5), kl.MaxNumBoundingBoxes(3)]
)
def test_layers_that_change_images_while_training_leave_them_when_predicting(tmp_path, layer):
    _compare(layer, IMAGES, tmp_path / "m.keras")


def _old_crop(rule, height, width):
    layers = {
        "x": Layer("x", "InputLayer", {"batch_shape": [None, 9, 8, 3], "dtype": "float32"}),
        "crop": Layer(
            "crop",
            "RandomCrop",
            {"height": height, "width": width},
            legacy=Legacy(random_crop=rule),
        ),
    }
    network = Network(
        "m", layers, (Call("crop", (TensorRef("x"),)),), (TensorRef("x"),), (TensorRef("crop"),)
    )
    return Session(compile_network(network)).run({"x": IMAGES})[0]


@pytest.mark.parametrize("size", [(4, 4), (12, 5), (3, 8), (6, 16)])
def test_a_random_crop_of_keras_3_5_and_tensorflow_2_7_crops_and_resizes(size):
    expected = keras.preprocessing.image.smart_resize(IMAGES, size)
    np.testing.assert_allclose(_old_crop("crop_and_resize", *size), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("size", [(4, 4), (12, 5), (3, 8), (6, 16)])
def test_a_random_crop_of_tensorflow_2_6_resizes_the_shorter_side_and_cuts(size):
    (height, width), (tall, wide) = size, IMAGES.shape[1:3]
    steep = tall / wide > height / width
    scaled = (int(width * tall / wide), width) if steep else (height, int(height * wide / tall))
    top, left = (int((big - small) / 2) for big, small in zip(scaled, size, strict=True))
    expected = keras.ops.image.resize(IMAGES, scaled)[:, top : top + height, left : left + width]
    np.testing.assert_allclose(_old_crop("resize_then_cut", *size), expected, rtol=1e-5, atol=1e-6)


def test_equalising_is_for_training_only():
    assert lowering_of("Equalization") is lowering_of("RandomFlip")
