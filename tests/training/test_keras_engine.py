"""The engine that trains with Keras keeps every promise of an engine."""

import pytest

from support.engine_suite import EngineSuite

pytestmark = pytest.mark.oracle


class TestKeras(EngineSuite):
    name = "keras"
