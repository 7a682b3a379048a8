"""Loops and branches as TensorFlow 1 wrote them answer as TensorFlow does."""

import numpy as np
import pytest

from keramos.pipeline.load import load

pytest.importorskip("tensorflow")

from support.graphs_of_tensorflow_1 import CASES, SERIES, saved


@pytest.fixture(scope="module")
def every(tmp_path_factory):
    return saved(tmp_path_factory.mktemp("v1") / "m")


@pytest.mark.parametrize("name", CASES)
def test_loops_and_branches_of_tensorflow_1_answer_as_there(name, every):
    folder, wanted = every

    found = load(folder, by=f"graph:{name}").predict(SERIES)

    for key, one in zip("ab", wanted[name], strict=True):
        assert (found[key].shape, found[key].dtype) == (one.shape, one.dtype)
        np.testing.assert_allclose(found[key], one, rtol=1e-5, atol=1e-5)
