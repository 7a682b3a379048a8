"""One file: written without Keras, read as data, sealed."""

import hashlib
import json
import shutil
import zipfile
from dataclasses import replace

import h5py
import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keramos.artifact.read import read
from keramos.artifact.write import write
from keramos.errors import CorruptModelError, ModelError, SaveError, UnsafeModelError, UsageError
from keramos.types.network import Call, Layer, Network, TensorRef

CONTAINERS = [".h5", ".keras"]


@st.composite
def networks(draw):
    """Chains of Dense and batch normalisation, some of them nested."""
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    size = draw(st.integers(1, 5))
    layers, calls, here = (
        {"x": Layer("x", "InputLayer", {"batch_shape": [None, size], "dtype": "float32"})},
        [],
        "x",
    )
    for number, units in enumerate(draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))):
        name = f"layer {number}"
        weights = (rng.normal(size=(size, units)).astype("f4"), rng.normal(size=units).astype("f4"))
        layers[name] = Layer(
            name, "Dense", {"units": units, "activation": "relu", "use_bias": True}, weights
        )
        calls.append(Call(name, (TensorRef(here),)))
        here, size = name, units
    name = "norm"
    weights = tuple(rng.random(size).astype("f4") for _ in range(4))
    layers[name] = Layer(
        name, "BatchNormalization", {"epsilon": 0.01, "center": True, "scale": True}, weights
    )
    calls.append(Call(name, (TensorRef(here),)))
    flat = Network("net", layers, tuple(calls), (TensorRef("x"),), (TensorRef(name),))
    if not draw(st.booleans()):
        return flat
    outer = {
        "x": layers["x"],
        "inner": Layer("inner", "Functional", network=Network("inner", *_parts(flat))),
    }
    return Network(
        "outer",
        outer,
        (Call("inner", (TensorRef("x"),)),),
        (TensorRef("x"),),
        (TensorRef("inner"),),
    )


def _parts(network):
    return network.layers, network.calls, network.inputs, network.outputs


def same(a, b):
    assert list(a.layers) == list(b.layers)
    assert a.calls == b.calls
    assert (a.inputs, a.outputs) == (b.inputs, b.outputs)
    for mine, other in zip(a.layers.values(), b.layers.values(), strict=True):
        assert mine.kind == other.kind
        for one, two in zip(mine.weights, other.weights, strict=True):
            np.testing.assert_array_equal(one, two)
        if mine.network is not None:
            same(mine.network, other.network)


@settings(max_examples=25, deadline=None)
@given(networks(), st.sampled_from(CONTAINERS))
def test_what_is_written_is_read_again(tmp_path_factory, network, container):
    path = tmp_path_factory.mktemp("round") / f"m{container}"

    write(path, network, None)

    same(read(path).network, network)


@settings(max_examples=6, deadline=None)
@given(networks(), st.sampled_from(CONTAINERS))
def test_plain_keras_opens_what_is_written_with_default_arguments(
    tmp_path_factory, network, container
):
    path = tmp_path_factory.mktemp("plain") / f"m{container}"
    write(path, network, None)

    model = keras.models.load_model(path)

    loaded = {array.tobytes() for array in model.get_weights()}
    assert {
        np.asarray(w).tobytes() for layer in network.layers.values() for w in layer.weights
    } <= loaded


def test_equal_parcels_give_equal_archives(credit_run, tmp_path):
    for name in ("a.keras", "b.keras"):
        credit_run.save(tmp_path / name)

    assert (tmp_path / "a.keras").read_bytes() == (tmp_path / "b.keras").read_bytes()


def test_the_content_comes_back_as_it_was_saved(credit_run, credit_file):
    artifact = read(credit_file)

    assert artifact.content == credit_run.content
    assert artifact.seal == "intact"


def test_the_extension_does_not_decide_what_a_file_is(credit_file, tmp_path):
    lying = tmp_path / "model.bin"
    shutil.copy(credit_file, lying)

    assert read(lying).content is not None


def test_an_unknown_extension_is_refused_before_anything_is_written(credit_run, tmp_path):
    with pytest.raises(UsageError, match=r"\.pkl"):
        credit_run.save(tmp_path / "model.pkl")

    assert list(tmp_path.iterdir()) == []


def flip_weight(path):
    """Change one number in a weight, as a damaged disk or another program would."""
    artifact = read(path)
    kernel = next(
        layer.weights[0] for layer in artifact.network.layers.values() if layer.kind == "Dense"
    )
    data = path.read_bytes()
    at = data.index(kernel.tobytes())
    path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])


def test_a_flipped_bit_in_a_weight_is_noticed(credit_run, tmp_path):
    path = tmp_path / "model.h5"
    credit_run.save(path)
    flip_weight(path)

    artifact = read(path)

    assert artifact.seal == "broken"
    assert "kernel" in artifact.seal_detail


def test_a_file_that_keras_saved_again_is_a_plain_file(credit_file, tmp_path):
    again = tmp_path / f"again{credit_file.suffix}"
    keras.models.load_model(credit_file).save(again)

    artifact = read(again)

    assert artifact.content is None
    assert artifact.seal == "absent"


def test_a_change_of_the_content_is_refused(credit_run, tmp_path):
    path = tmp_path / "model.h5"
    credit_run.save(path)
    with h5py.File(path, "a") as file:
        data = file["keramos/content"][()].tobytes().replace(b'"threshold":0.5', b'"threshold":0.1')
        del file["keramos/content"]
        file["keramos/content"] = np.frombuffer(data, "uint8")

    with pytest.raises(CorruptModelError, match="digest"):
        read(path)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_content_that_could_not_be_read_again_is_not_written(credit_run, number, tmp_path):
    trace = replace(credit_run.content.trace, seconds=number)

    with pytest.raises(SaveError, match="finite"):
        write(tmp_path / "m.h5", credit_run.network, replace(credit_run.content, trace=trace))

    assert list(tmp_path.iterdir()) == []


def _text(path):
    path.write_text("not a model")


def _empty(path):
    path.write_bytes(b"")


def _zip_without_config(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")


def _weights_only(path):
    with h5py.File(path, "w") as file:
        file["dense/kernel"] = np.ones((2, 2))


def _damaged_json(path):
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = '{"class_name": "Sequential", '


def _deep_json(path):
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = "[" * 50_000


def _missing_keys(path):
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(
            {"class_name": "Functional", "config": {"layers": [], "name": "x"}}
        )


@pytest.mark.parametrize(
    "damage",
    [_text, _empty, _zip_without_config, _weights_only, _damaged_json, _deep_json, _missing_keys],
)
def test_a_file_that_is_no_model_is_refused_with_its_name(damage, tmp_path):
    path = tmp_path / "model.h5"
    damage(path)

    with pytest.raises(ModelError, match=r"model\.h5"):
        read(path)


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_file_cut_short_is_refused(credit_run, container, share, tmp_path):
    path = tmp_path / f"model{container}"
    credit_run.save(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])

    with pytest.raises(ModelError):
        read(path)


def test_a_folder_and_a_link_out_of_the_file_are_refused(tmp_path):
    with pytest.raises(UnsafeModelError, match="regular"):
        read(tmp_path)
    path = tmp_path / "model.h5"
    with h5py.File(path, "w") as file:
        file["keramos/content"] = h5py.ExternalLink("other.h5", "/x")
        file.attrs["model_config"] = "{}"

    with pytest.raises(UnsafeModelError, match="external link"):
        read(path)


def test_content_of_an_older_file_without_held_out_rows_and_intervals_is_read(credit_run, tmp_path):
    path = tmp_path / "model.h5"
    credit_run.save(path)
    with h5py.File(path, "a") as file:
        document = json.loads(file["keramos/content"][()].tobytes().partition(b"\n")[2])
        del file["keramos/content"], document["content"]["held_out"]
        for metric in document["content"]["metrics"]:
            del metric["low"], metric["high"]
        body = json.dumps(document, ensure_ascii=False).encode()
        data = hashlib.sha256(body).hexdigest().encode() + b"\n" + body
        file["keramos/content"] = np.frombuffer(data, "uint8")

    artifact = read(path)

    assert artifact.seal == "intact"
    assert artifact.content.held_out is None
    assert artifact.content.metrics[0].low is None
    assert artifact.content.golden == credit_run.content.golden
