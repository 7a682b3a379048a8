"""Attributes, dtypes and edges of operations of graphs answer as in TensorFlow."""

import numpy as np
import pytest

from keramos.compile.tensorflow_graph.table import refusal
from keramos.pipeline.load import load

pytest.importorskip("tensorflow")

from support.attribute_cases import CASES
from support.graph_cases import saved_cases

FEW = [
    "ArgMax_ties",
    "Case",
    "Cast_int32",
    "Conv2DBackpropInput_edges",
    "FakeQuantWithMinMaxVars",
    "FloorDiv_whole",
    "FloorMod_real",
    "FusedBatchNormV3_variance",
    "MaxPool_edges",
    "OneHot_flags",
    "OneHot_outside",
    "Pad_dynamic",
    "Relu_whole",
    "ResizeNearestNeighbor_1",
    "ScatterNd",
    "StridedSlice_masks",
    "TopKV2_ties",
]


def answers_as_tensorflow(folder, name, wanted):
    inputs = {f"x{i}": one for i, one in enumerate(CASES[name][1])}

    found = load(folder, by=f"graph:{name}").predict(inputs)

    assert (found.shape, found.dtype) == (wanted.shape, wanted.dtype)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    return saved_cases(tmp_path_factory.mktemp("few") / "m", FEW, CASES)


@pytest.mark.parametrize("name", FEW)
def test_an_attribute_answers_as_in_tensorflow(name, few):
    answers_as_tensorflow(few[0], name, few[1][name])


@pytest.fixture(scope="module")
def every(tmp_path_factory):
    return saved_cases(tmp_path_factory.mktemp("every") / "m", CASES, CASES)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_every_attribute_answers_as_in_tensorflow(name, every):
    answers_as_tensorflow(every[0], name, every[1][name])


def test_an_operation_that_scatters_into_a_tensor_is_none_that_changes_a_variable():
    assert refusal("ScatterNd") is None
    assert "variable" in (refusal("ScatterNdUpdate") or "")
    assert "variable" in (refusal("ResourceScatterAdd") or "")
