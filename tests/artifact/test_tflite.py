"""Models of TensorFlow Lite are described, and refused where they would have to run."""

import contextlib
import json

import numpy as np
import pytest

import keramos
from hostile.generate_content import network
from keramos.artifact.containers.tflite import open_tflite
from keramos.artifact.sources import ModelSource
from keramos.compile.tflite.flatbuffer import Data, Numbers, Scalar, Table, flatbuffer
from keramos.compile.tflite.model import tflite
from keramos.errors import CorruptModelError, LimitExceededError, ModelError, UnsupportedModelError
from keramos.types.limits import LIMITS
from support.command import keramos as command
from support.shared import SHARED


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "m.tflite"
    path.write_bytes(tflite(network()))
    return path


def quantised(scales=(0.5,), zeros=(3,), name="x"):
    """One CAST of an int8 tensor with values."""
    held = Table(
        {
            2: Numbers("f", scales),
            3: Numbers("q", zeros),
            6: Scalar("i", 1),
        }
    )
    tensors = [
        Table({0: Numbers("i", (2, 3)), 1: Scalar("b", 9), 2: Scalar("I", 1), 3: name, 4: held}),
        Table({0: Numbers("i", (2, 3)), 7: Numbers("i", (-1, 3)), 3: "y"}),
    ]
    operator = Table({0: Scalar("I", 0), 1: Numbers("i", (0, -1)), 2: Numbers("i", (1,))})
    graph = Table({0: tensors, 1: Numbers("i", (0,)), 2: Numbers("i", (1,)), 3: [operator]})
    buffers = [Table({}), Table({0: Data(bytes(6))})]
    model = Table({0: Scalar("I", 3), 1: [Table({3: Scalar("i", 53)})], 2: [graph], 4: buffers})
    return flatbuffer(model, b"TFL3")


def opened(data, limits=LIMITS):
    container = open_tflite(ModelSource.of_file("m.tflite", data), limits)
    return container.outline(), container.tensors()


def test_operators_tensors_inputs_and_outputs_are_listed(file):
    found = keramos.inspect(file)

    assert [row.kind for row in found.layers][:1] == ["FULLY_CONNECTED"]
    assert [one.dtype for one in (*found.inputs, *found.outputs)] == ["float32", "float32"]
    assert found.parameters == sum(int(np.prod(one.shape)) for one in found.tensors) > 0
    assert json.loads(command("inspect", file, "--json").stdout)["layers"]


def test_quantisation_is_said():
    outline, (tensor,) = opened(quantised())
    assert (tensor.dtype, tensor.bytes, tensor.quantised) == ("int8", 6, "scale 0.5, zero 3")
    assert outline.inputs[0].dtype == "int8 (scale 0.5, zero 3)"
    assert (outline.layers[0].kind, outline.layers[0].output) == ("CAST", (None, 3))

    _, (tensor,) = opened(quantised((0.1, 0.2, 0.3), (0, 0, 0)))
    assert tensor.quantised == "3 scales along axis 1"


def test_running_is_refused_with_the_operators(file):
    with pytest.raises(UnsupportedModelError, match="describes and does not run") as caught:
        keramos.load(file)
    assert "FULLY_CONNECTED" in str(caught.value)
    assert "LiteRT" in str(caught.value)


def test_damage_anywhere_is_an_error_of_keramos_or_leaves_a_description(file):
    data = file.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(400):
        changed = bytearray(data[: rng.integers(8, len(data))])
        changed[rng.integers(0, len(changed))] = rng.integers(0, 256)
        with contextlib.suppress(ModelError):
            opened(bytes(changed))


def test_parts_that_are_shared_count_each_time():
    few = LIMITS.__class__(objects=6)
    with pytest.raises(LimitExceededError, match="limit \\(objects\\)"):
        opened(quantised(), few)
    with pytest.raises(LimitExceededError, match="limit \\(objects\\)"):
        opened(quantised(name="x" * 3_000_000))


def test_an_operator_of_an_unknown_code_is_refused():
    data = quantised().replace((53).to_bytes(4, "little"), (5_300).to_bytes(4, "little"))
    outline, _ = opened(data)
    assert outline.layers[0].kind == "operator 5300"
    with pytest.raises(CorruptModelError, match="lies outside the file"):
        opened(data[:40])


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the material beside the repository")
def test_every_file_of_converters_is_described():
    paths = sorted((SHARED / "savedforms").rglob("*.tflite"))
    for path in paths:
        found = keramos.inspect(path)
        assert found.layers, path
        assert found.inputs, path
    assert paths
