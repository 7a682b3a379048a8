"""Attributes, dtypes and edges of operations of graphs answer as in TensorFlow."""

import pytest

from keramos.compile.tensorflow_graph.table import refusal

pytest.importorskip("tensorflow")

from support.attribute_cases import CASES
from support.graph_cases import answers_as_tensorflow, saved_cases

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


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    return saved_cases(tmp_path_factory.mktemp("few") / "m", FEW, CASES)


@pytest.mark.parametrize("name", FEW)
def test_an_attribute_answers_as_in_tensorflow(name, few):
    answers_as_tensorflow(few[0], name, CASES[name][1], few[1][name])


@pytest.fixture(scope="module")
def every(tmp_path_factory):
    return saved_cases(tmp_path_factory.mktemp("every") / "m", CASES, CASES)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_every_attribute_answers_as_in_tensorflow(name, every):
    answers_as_tensorflow(every[0], name, CASES[name][1], every[1][name])


def test_an_operation_that_scatters_into_a_tensor_is_none_that_changes_a_variable():
    assert refusal("ScatterNd") is None
    assert "variable" in (refusal("ScatterNdUpdate") or "")
    assert "variable" in (refusal("ResourceScatterAdd") or "")
