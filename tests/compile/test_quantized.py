"""Quantised layers against real Keras: quantised by it, saved by it, read as data, compiled and
compared.
"""

import io
import zipfile

import h5py
import keras
import numpy as np
import pytest
from keras import layers as kl
from keras import quantizers as kq

from keramos.artifact.read import read
from keramos.compile.emit import compile_network
from keramos.errors import MismatchError
from keramos.runtime.session import Session

# Keras warns of every layer, inputs among them, that has nothing to quantise.
pytestmark = pytest.mark.filterwarnings("ignore:Layer .* does not have a `quantize`:UserWarning")
RANDOM = np.random.default_rng(3)
NUMBERS = RANDOM.normal(size=(5, 7)).astype("float32")
STEPS = RANDOM.normal(size=(2, 4, 6)).astype("float32")
WORDS = RANDOM.integers(0, 9, size=(3, 4)).astype("int32")


def _vectors(*layers):
    return keras.Sequential([keras.Input((7,)), *layers])


def _heads():
    into, back = (
        kl.EinsumDense("abc,cde->abde", (None, 2, 5), bias_axes="de"),
        kl.EinsumDense("abde,dec->abc", (None, 6)),
    )
    return keras.Sequential([keras.Input((4, 6)), into, back])


def _both_ways(*, tied):
    words = keras.Input((4,), dtype="int32")
    table = kl.ReversibleEmbedding(9, 5, tie_weights=tied, logit_soft_cap=3.0)
    return keras.Model(words, table(table(words), reverse=True))


MODELS = {
    "dense": (lambda: _vectors(kl.Dense(5, "tanh"), kl.Dense(3)), NUMBERS),
    "dense without bias": (lambda: _vectors(kl.Dense(3, use_bias=False)), NUMBERS),
    "einsum dense": (_heads, STEPS),
    "embedding": (
        lambda: keras.Sequential([keras.Input((4,), dtype="int32"), kl.Embedding(9, 5)]),
        WORDS,
    ),
    "reversible embedding": (lambda: _both_ways(tied=False), WORDS),
    "reversible embedding, tied": (lambda: _both_ways(tied=True), WORDS),
}
GROUPS = kq.Int4QuantizationConfig(block_size=4)
ROUNDED = kq.Int4QuantizationConfig(block_size=-1, activation_quantizer=kq.AbsMaxQuantizer(axis=-1))
CONFIGS = {
    "int8": ("int8", None),
    "int8, inputs as they are": ("int8", kq.Int8QuantizationConfig(activation_quantizer=None)),
    "int4": ("int4", None),
    "int4 in groups": ("int4", GROUPS),
    "int4, one group": ("int4", kq.Int4QuantizationConfig(block_size=-1)),
    "int4, inputs rounded": ("int4", ROUNDED),
}


def _answers(model, x, path):
    model.save(path)
    compiled = compile_network(read(path).network)
    return Session(compiled).run({compiled.inputs[0].name: x})[0]


@pytest.mark.parametrize("how", CONFIGS)
@pytest.mark.parametrize("name", MODELS)
def test_a_quantised_layer_answers_as_in_keras(tmp_path, name, how):
    keras.utils.set_random_seed(4)
    make, x = MODELS[name]
    model = make()
    mode, config = CONFIGS[how]
    model.quantize(mode, config=config)
    expected = np.asarray(model(x, training=False))
    for suffix in ("keras", "h5"):
        np.testing.assert_allclose(
            _answers(model, x, tmp_path / f"m.{suffix}"), expected, rtol=1e-5, atol=1e-6
        )


def _calibrated(model, mode, config):
    """The layers as a calibration leaves them, with numbers drawn at random in place of calibrated
    ones.
    """
    for layer in model.layers:
        layer.quantize(mode, config=config)
        places = layer.g_idx.shape[0]
        layer.quantized_kernel.assign(
            RANDOM.integers(0, 256, layer.quantized_kernel.shape).astype("uint8")
        )
        layer.kernel_scale.assign(RANDOM.random(layer.kernel_scale.shape) * 0.1)
        layer.kernel_zero.assign(RANDOM.integers(0, 16, layer.kernel_zero.shape).astype("uint8"))
        layer.g_idx.assign((np.arange(places) // 4).astype("float32"))
        if mode == "awq":
            layer.awq_scales.assign(RANDOM.random(places) + 0.5)
        setattr(layer, f"is_{mode}_calibrated", True)
    return model


def _with_zero_points(path, model):
    """Put back what Keras 3.15 forgets to save, and Keras 3.12 did not: the zero points, before the
    groups.
    """
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    weights = io.BytesIO(entries["model.weights.h5"])
    with h5py.File(weights, "r+") as file:
        for layer, folder in zip(model.layers, file["layers"].values(), strict=True):
            kept = [np.array(folder["vars"][str(i)]) for i in range(len(folder["vars"]))]
            kept.insert(2 if layer.bias is None else 3, layer.kernel_zero.numpy())
            del folder["vars"]
            for i, array in enumerate(kept):
                folder[f"vars/{i}"] = array
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in (entries | {"model.weights.h5": weights.getvalue()}).items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize(("mode", "bits"), [("gptq", 4), ("gptq", 8), ("awq", 4)])
@pytest.mark.parametrize("name", ["dense", "einsum dense"])
def test_a_calibrated_layer_answers_as_in_keras(tmp_path, name, mode, bits):
    make, x = MODELS[name]
    kind = kq.GPTQConfig if mode == "gptq" else kq.AWQConfig
    config = kind(
        dataset=None,
        tokenizer=None,
        weight_bits=bits,
        group_size=4,
        quantization_layer_structure={},
    )
    model = _calibrated(make(), mode, config)
    model.save(tmp_path / "m.keras")
    compiled = compile_network(read(_with_zero_points(tmp_path / "m.keras", model)).network)
    got = Session(compiled).run({compiled.inputs[0].name: x})[0]
    np.testing.assert_allclose(got, model(x).numpy(), rtol=1e-5, atol=1e-6)


def test_a_calibrated_layer_whose_zero_points_keras_did_not_save_is_refused(tmp_path):
    """Keras 3.15 forgets them in ``.keras`` files, which it cannot load either."""
    config = kq.GPTQConfig(
        dataset=None, tokenizer=None, group_size=4, quantization_layer_structure={}
    )
    model = _calibrated(_vectors(kl.Dense(5)), "gptq", config)
    with pytest.raises(MismatchError, match=r"needs 5 weights .*kernel_zero.* received 4"):
        _answers(model, NUMBERS, tmp_path / "m.keras")
