"""Operations of TensorFlow graphs answer as TensorFlow does."""

import numpy as np
import pytest

from keramos.compile.tensorflow_graph.table import refusal
from keramos.pipeline.load import load

pytest.importorskip("tensorflow")

from support.graph_cases import CASES, saved_cases

FEW = [
    "Any_2",
    "Bucketize",
    "Conv2DBackpropInput_odd",
    "Conv2D_explicit",
    "DenseBincount",
    "Einsum_dots",
    "If",
    "Mean_2",
    "FusedBatchNormV3_of_the_batch",
    "Reshape_dynamic",
    "SpaceToBatchND",
    "StridedSlice_dynamic",
    "While",
    "While_backwards",
    "While_by_step",
    "While_last",
    "While_nested",
]


def answers_as_tensorflow(folder, name, inputs, wanted):
    model = load(folder, by=f"graph:{name}")

    found = model.predict({f"x{i}": one for i, one in enumerate(inputs)})

    assert (found.shape, found.dtype) == (wanted.shape, wanted.dtype)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    return saved_cases(tmp_path_factory.mktemp("few"), FEW)


@pytest.mark.parametrize("name", FEW)
def test_an_operation_answers_as_in_tensorflow(name, few):
    folder, wanted = few
    answers_as_tensorflow(folder, name, CASES[name][1], wanted[name])


@pytest.fixture(scope="module")
def every(tmp_path_factory):
    return saved_cases(tmp_path_factory.mktemp("every"), CASES)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_every_operation_answers_as_in_tensorflow(name, every):
    folder, wanted = every
    answers_as_tensorflow(folder, name, CASES[name][1], wanted[name])


@pytest.mark.parametrize(
    ("op", "why"),
    [
        ("RandomUniform", "random"),
        ("StatelessTruncatedNormal", "random"),
        ("ReadFile", "files"),
        ("WriteFile", "files"),
        ("RestoreV2", "files"),
        ("EagerPyFunc", "Python"),
        ("AssignVariableOp", "variable"),
        ("ResourceApplyAdam", "training"),
        ("NoSuchOperation", "no lowering"),
    ],
)
def test_an_operation_is_refused_with_its_reason(op, why):
    assert why in (refusal(op) or "")
