"""An engine outside the package keeps every promise once one row names it."""

import pytest

from keramos.training.engines import ENGINES
from support.engine_suite import EngineSuite
from support.least_squares import LeastSquares


@pytest.fixture(autouse=True, scope="module")
def registered():
    ENGINES["least squares"] = LeastSquares
    yield
    del ENGINES["least squares"]


class TestLeastSquares(EngineSuite):
    name = "least squares"
